"""People are recorded chunk by chunk; who shares an address is decided together, however small a chunk is."""

from collections.abc import Iterator

import pytest

from flows import chain
from tests.flows.acts import READY, fill
from tests.flows.operator import Operator, at_work

pytestmark = pytest.mark.xdist_group("chunks")

SHARED = "both@alderfreight.example"


@pytest.fixture
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with at_work(tmp_path_factory.mktemp("chunks"), people=60, seed=21, activity_days=10) as operator:
        operator.sync()
        operator.simulator.advance(60)
        yield operator


def test_two_who_share_an_address_get_one_cycle_between_them_however_small_a_chunk_is(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = operator.simulator
    ada, bea = (
        int(
            simulator.add_record(
                "marketo", "leads", {"firstName": name, "lastName": "Alder", "email": SHARED, **READY}
            )
        )
        for name in ("Ada", "Bea")
    )
    operator.simulator.advance(60)
    operator.sync()
    keys = sorted(operator.person("marketo", who) for who in (ada, bea))
    # Whoever is decided first acts last: alone, each would find nothing open at the time of the act.
    last, first = (ada, bea) if operator.person("marketo", ada) == keys[0] else (bea, ada)
    fill(simulator, first)
    simulator.advance(60)
    fill(simulator, last)
    simulator.advance(60)
    monkeypatch.setattr(chain, "CHUNK", 1)
    assert operator.sync().status == 0
    theirs = operator.query(
        "SELECT c.person_key, c.state FROM cycles c JOIN people p ON p.person_key = c.person_key "
        "WHERE p.group_key = (SELECT group_key FROM people WHERE person_key = :key)",
        key=keys[0],
    )
    assert theirs.rows() == [(operator.person("marketo", first), "open")]
    blocked = operator.query("SELECT person_key FROM blocks WHERE exclusion = 'duplicate_open'")
    assert blocked["person_key"].to_list() == [operator.person("marketo", last)]
