"""A page becomes facts: counts that add up, versions, echoes, quarantine, who is due."""

import pytest

from ledger import cursors
from ledger.facts import read
from ledger.open import Ledger
from ledger.tables import facts as tables
from ledger.tables.operations import quarantine
from schemas.vocabulary import Stream
from tasks.data.pages import BadBatch, Counts
from tests.data.pages import MARKETO, SALESFORCE, START, Pulling, act, contact, lead, moment, person


@pytest.fixture
def pulling(ledger: Ledger) -> Pulling:
    return Pulling(ledger)


def versions(pulling: Pulling, native_id: str, *columns: str) -> list[tuple[object, ...]]:
    return pulling.rows(tables.record_versions, "valid_from", *columns, native_id=native_id)


def test_a_page_stored_twice_is_stored_once(pulling: Pulling) -> None:
    rows = [person("1", title="CEO"), person("2", title="CFO")]
    assert pulling.page(MARKETO, Stream.PEOPLE, rows) == Counts(stored=2)
    assert pulling.page(MARKETO, Stream.PEOPLE, rows) == Counts(duplicates=2)
    acts = [act("g1", "1", -1), act("g1", "1", -1), act("g2", "1", -2)]
    assert pulling.page(MARKETO, Stream.ACTIVITIES, acts) == Counts(stored=2, duplicates=1)
    assert pulling.page(MARKETO, Stream.ACTIVITIES, acts) == Counts(duplicates=3)


def test_bad_rows_go_to_quarantine_and_the_rest_is_stored(pulling: Pulling) -> None:
    rows = [person("1"), person("2", email="not an address"), person("3", employees="many"), person("")]
    assert pulling.page(MARKETO, Stream.PEOPLE, rows) == Counts(stored=1, quarantined=3)
    kept = dict(pulling.rows(quarantine, "key", "reasons"))
    assert "email" in kept["2"]
    assert "employees: not" in kept["3"]
    assert "missing" in kept["?"]


def test_a_bad_row_that_is_mended_later_is_marked_so(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("2", email="not an address")])
    pulling.at(1).page(MARKETO, Stream.PEOPLE, [person("2", email="a@x.example")])
    assert pulling.rows(quarantine, "mended_at") == [(moment(1),)]


def test_a_bad_batch_stores_nothing_and_leaves_the_cursor(pulling: Pulling) -> None:
    rows = [person(str(n), email=f"p{n}@x.example" if n % 10 else "bad") for n in range(200)]
    with pytest.raises(BadBatch, match=r"marketo people: 20 of 200 rows are bad.*email: has not the form"):
        pulling.page(MARKETO, Stream.PEOPLE, rows)
    assert pulling.rows(tables.records, "native_id") == []
    assert pulling.rows(quarantine, "key") == []
    with pulling.ledger.read() as connection:
        assert cursors.load(connection, MARKETO) == {}
    assert pulling.page(MARKETO, Stream.PEOPLE, rows, accept_batch=True) == Counts(stored=180, quarantined=20)


def test_small_pages_are_judged_together(pulling: Pulling) -> None:
    so_far = Counts(stored=180, quarantined=9)
    with pytest.raises(BadBatch, match="11 of 200"):
        pulling.page(
            MARKETO,
            Stream.PEOPLE,
            [person(str(n), email="bad" if n < 2 else None) for n in range(11)],
            so_far=so_far,
        )


def test_fewer_rows_than_the_playbook_asks_for_are_no_bad_batch(pulling: Pulling) -> None:
    rows = [person(str(n), email="bad") for n in range(199)]
    assert pulling.page(MARKETO, Stream.PEOPLE, rows).quarantined == 199


def test_the_cursor_says_that_a_stream_was_read_through_only_after_its_last_page(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("1")], is_last=False)
    with pulling.ledger.read() as connection:
        assert cursors.read_through(connection)[MARKETO, Stream.PEOPLE] is None
    pulling.page(MARKETO, Stream.PEOPLE, [])
    with pulling.ledger.read() as connection:
        assert cursors.read_through(connection)[MARKETO, Stream.PEOPLE] == START


def test_the_first_state_holds_since_the_record_was_created_and_is_marked_as_assumed(
    pulling: Pulling,
) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", created=-20, changed=-3, title="CEO")])
    pulling.at(2).page(SALESFORCE, Stream.LEADS, [lead("L1", created=-20, changed=1, title="CFO")])
    assert versions(pulling, "L1", "title", "assumed") == [
        (moment(-20), "CEO", True),
        (moment(1), "CFO", False),
    ]
    assert pulling.rows(tables.records, "title") == [("CFO",)]


def test_a_change_of_nothing_that_rules_read_makes_no_version_and_nobody_due(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", stage="known", score=5)])
    pulling.settle()
    pulling.decided()
    counts = pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", stage="mql", score=70, changed=0.5)])
    assert counts == Counts(stored=1)
    pulling.settle()
    assert pulling.due() == []
    assert len(versions(pulling, "L1")) == 1
    assert pulling.rows(tables.records, "stage", "score") == [("mql", 70)]


def test_our_own_status_and_owner_make_no_version_and_the_present_row_shows_them(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Open", owner_id="005A")])
    pulling.settle()
    pulling.decided()
    pulling.applied("lead", "L1", "status", '"Marketing Qualified"')
    pulling.applied("lead", "L1", "owner_id", '"005B"')
    pulling.at(1).page(
        SALESFORCE, Stream.LEADS, [lead("L1", status="Marketing Qualified", owner_id="005B", changed=0.5)]
    )
    pulling.settle()
    assert pulling.due() == []
    assert versions(pulling, "L1", "status", "owner_id") == [(moment(-100), "Open", "005A")]
    assert pulling.rows(tables.records, "status", "foreign_status", "owner_id", "foreign_owner_id") == [
        ("Marketing Qualified", "Open", "005B", "005A")
    ]


def test_a_person_who_says_again_what_was_said_before_our_write_is_heard(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Open")])
    pulling.applied("lead", "L1", "status", '"Marketing Qualified"')
    pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", status="Marketing Qualified", changed=0.5)])
    pulling.settle()
    pulling.decided()
    pulling.at(2).page(SALESFORCE, Stream.LEADS, [lead("L1", status="Open", changed=1.5)])
    pulling.settle()
    assert len(pulling.due()) == 1
    assert versions(pulling, "L1", "status", "status_said_at") == [
        (moment(-100), "Open", None),
        (moment(1.5), "Open", moment(1.5)),
    ]


def test_status_and_owner_that_native_sync_mirrors_into_marketo_are_no_inputs(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Open")])
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", crm_lead_id="L1", status="Open", owner_id="005A")])
    pulling.settle()
    pulling.decided()
    pulling.at(1).page(
        MARKETO,
        Stream.PEOPLE,
        [person("7", crm_lead_id="L1", status="Working", owner_id="005B", changed=0.5)],
    )
    pulling.settle()
    assert pulling.due() == []
    assert pulling.rows(tables.records, "status", native_id="7") == [("Working",)]
    assert versions(pulling, "7", "status", "owner_id") == [(moment(-100), None, None)]


def test_an_older_state_that_comes_late_is_put_in_its_place(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", changed=-1, title="c")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", changed=-5, title="a")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", changed=-3, title="b")])
    expected = [(moment(-100), "a", True), (moment(-3), "b", False), (moment(-1), "c", False)]
    assert versions(pulling, "L1", "title", "assumed") == expected
    assert pulling.rows(tables.records, "title") == [("c",)]


def test_a_late_state_learned_by_a_later_run_takes_nothing_back(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", changed=-1, title="b")])
    pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", changed=-5, title="a")])
    pulling.settle()
    [(key,)] = pulling.rows(tables.people, "person_key")
    with pulling.ledger.read() as connection:
        then = read.record_versions(connection, [key], START)
        now = read.record_versions(connection, [key], moment(1))
    assert then.select("valid_from", "title").rows() == [(moment(-100), "b")]
    assert now.select("valid_from", "title", "learned_at").rows() == [
        (moment(-100), "b", START),
        (moment(-100), "a", moment(1)),
        (moment(-1), "b", moment(1)),
    ]


def test_activities_of_a_person_not_known_yet_wait_for_the_person(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.ACTIVITIES, [act("g1", "7", -1)])
    pulling.settle()
    assert pulling.due() == []
    pulling.at(1).page(MARKETO, Stream.PEOPLE, [person("7")])
    pulling.settle()
    [key] = pulling.due()
    with pulling.ledger.read() as connection:
        assert read.activities(connection, [key], moment(1))["activity_key"].to_list() == ["marketo:g1"]


def test_a_new_act_makes_its_person_due_and_a_change_of_a_value_does_not(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7"), person("8")])
    pulling.settle()
    pulling.decided()
    pulling.at(1).page(
        MARKETO,
        Stream.ACTIVITIES,
        [act("g1", "8", 0.5), act("g2", "7", 0.5, "value_change", field="mqlScore")],
    )
    pulling.settle()
    assert pulling.due() == [dict(pulling.rows(tables.records, "native_id", "person_key"))["8"]]


def test_a_row_younger_than_the_run_is_stored_and_waits_for_its_instant(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7"), person("9", created=0.5, changed=0.5)])
    pulling.page(MARKETO, Stream.ACTIVITIES, [act("g1", "7", 0.5)])
    assert pulling.settle().new_people == 1
    pulling.decided()
    pulling.at(0.25)
    assert pulling.settle().new_people == 0
    assert pulling.due() == []
    pulling.at(1)
    assert pulling.settle().new_people == 1
    assert len(pulling.due()) == 2


def test_whoever_has_an_account_or_its_domain_is_due_when_the_account_or_its_opportunities_change(
    pulling: Pulling,
) -> None:
    account = {"native_id": "001A", "created_at": moment(-90), "changed_at": moment(-80), "is_deleted": False}
    pulling.page(SALESFORCE, Stream.ACCOUNTS, [{**account, "domain": "https://www.acme.example/"}])
    pulling.page(
        SALESFORCE, Stream.CONTACTS, [contact("C1", account_id="001A"), contact("C2", account_id="001B")]
    )
    pulling.page(
        MARKETO, Stream.PEOPLE, [person("7", email="a@acme.example"), person("8", email="b@other.example")]
    )
    pulling.settle()
    keys = dict(pulling.rows(tables.records, "native_id", "person_key"))
    theirs = sorted([keys["C1"], keys["7"]])
    pulling.decided()
    changed = {**account, "changed_at": moment(0.5), "type": "Customer", "domain": "acme.example"}
    pulling.at(1).page(SALESFORCE, Stream.ACCOUNTS, [changed])
    pulling.settle()
    assert pulling.due() == theirs
    pulling.decided()
    pulling.at(2).page(
        SALESFORCE,
        Stream.OPPORTUNITIES,
        [
            {
                "native_id": "006A",
                "created_at": moment(1.5),
                "changed_at": moment(1.5),
                "is_deleted": False,
                "account_id": "001A",
                "is_closed": False,
                "is_won": False,
            }
        ],
    )
    pulling.settle()
    assert pulling.due() == theirs


def test_queue_members_that_a_full_reading_does_not_show_are_gone(pulling: Pulling) -> None:
    def member(name: str) -> dict[str, str]:
        return {"native_id": name, "queue_id": "00G1", "user_id": f"005{name}"}

    pulling.page(SALESFORCE, Stream.QUEUE_MEMBERS, [member("a"), member("b")], is_last=False)
    assert pulling.page(SALESFORCE, Stream.QUEUE_MEMBERS, [member("c")]).stored == 1
    assert len(pulling.rows(tables.queue_members, "user_id")) == 3
    pulling.at(1).page(SALESFORCE, Stream.QUEUE_MEMBERS, [member("a"), member("c")])
    assert pulling.rows(tables.queue_members, "user_id") == [("005a",), ("005c",)]


def test_a_completed_task_counts_from_when_its_completion_was_learned(pulling: Pulling) -> None:
    task = {
        "native_id": "T1",
        "created_at": moment(-10),
        "is_deleted": False,
        "person_native_id": "L1",
        "kind": "call",
    }
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.page(SALESFORCE, Stream.TASKS, [{**task, "changed_at": moment(-10), "is_completed": False}])
    pulling.settle()
    pulling.decided()
    done = {**task, "is_completed": True, "completed_at": moment(0.5)}
    pulling.at(1).page(SALESFORCE, Stream.TASKS, [{**done, "changed_at": moment(0.5)}])
    pulling.settle()
    assert len(pulling.due()) == 1
    pulling.decided()
    pulling.at(2).page(
        SALESFORCE, Stream.TASKS, [{**done, "changed_at": moment(1.5), "subject": "corrected"}]
    )
    pulling.settle()
    assert pulling.due() == []
    assert pulling.rows(tables.tasks, "subject", "completion_learned_at") == [("corrected", moment(1))]


def test_who_was_forgotten_is_not_brought_back_by_a_later_pull(pulling: Pulling) -> None:
    from ledger.erasure import KEY
    from ledger.forget import forget

    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@x.example")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="a@x.example")])
    pulling.settle()
    [(key,)] = pulling.rows(tables.people, "person_key")
    secret = pulling.ledger.secret(KEY)
    with pulling.ledger.begin(None) as tx:
        assert forget(tx, key, secret, START) is not None
    pulling.at(1)
    again = pulling.page(
        MARKETO, Stream.PEOPLE, [person("7", email="new@x.example", changed=0.5), person("8")]
    )
    assert again == Counts(stored=1, duplicates=1)
    assert pulling.page(SALESFORCE, Stream.LEADS, [lead("L9", email="A@x.example")]).stored == 0
    assert pulling.page(MARKETO, Stream.ACTIVITIES, [act("g1", "7", 0.5), act("g2", "8", 0.5)]).stored == 1
    pulling.settle()
    assert key not in pulling.due()
    assert {email for (email,) in pulling.rows(tables.records, "email")} == {None}
