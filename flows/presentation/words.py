"""What a run did, in the words of people who run marketing and sales: for the terminal and for Prefect's pages alike.

The counters of a summary have short names that programs rely on (`--json`, the run row). Here each gets its sentence.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from schemas.vocabulary import Origin, OutboxState
from tasks.summary import Summary

Told = list[tuple[int, str]]
"""How many, and what."""

Word = Callable[[str, int], str]
"""What a counter's name means, of so many."""

DECIDED = {
    "people": ("person scored", "people scored"),
    "transitions": ("change of stage", "changes of stage"),
    "cycles": ("handover opened, moved or closed", "handovers opened, moved or closed"),
    "assignments": ("owner decided", "owners decided"),
    "blocks": ("trigger held back", "triggers held back"),
    "would_qualify": ("person would qualify, but for a reason", "people would qualify, but for a reason"),
    "quarantine purged": ("old row purged from quarantine", "old rows purged from quarantine"),
    "attributes blanked": ("old activity blanked", "old activities blanked"),
}
KINDS = {
    "mql": ("MQL", "MQLs"),
    "hand_raise": ("hand raise of somebody who is with sales", "hand raises of people who are with sales"),
    "call_signal": ("call signal", "call signals"),
}
ORIGINS = {"live": "", "adopted": ", with sales before us", "backfill": ", in the past"}
TRIALS = ("trial: it would have been handed over", "trials: they would have been handed over")
FOUND_BY = {
    "rule": "by a rule of the playbook",
    "account": "as the account's owner",
    "opportunity": "as the opportunity's owner",
    "last_cycle": "as the owner of the last handover",
    "kept": "because a person had chosen them",
    "crm": "by the CRM's own rule",
    "nobody": "nobody could be found",
}
RECORDS = {
    "person": ("Marketo person", "Marketo people"),
    "lead": ("lead", "leads"),
    "contact": ("contact", "contacts"),
    "mql_record": ("MQL__c record", "MQL__c records"),
    "task": ("task", "tasks"),
}
SORTS = {
    "owner_id": "owner",
    "request_sync": "to be brought into the CRM",
    "scores": "score, fit, engagement, grade",
    "dates": "first and last dates",
}
BOTS = {
    "platform": "marked by the platform, no points",
    "many_links": "a mail's links clicked within seconds, no points",
    "opened_by_click": "opens without an image, no points",
}
OUTCOMES = {
    "written": (OutboxState.APPLIED,),
    "already so": (OutboxState.UNCHANGED,),
    "left to a person": (OutboxState.CONFLICT,),
    "refused": (OutboxState.REJECTED,),
    "tried again later": (OutboxState.DEFERRED, OutboxState.PENDING),
    "no longer wanted": (OutboxState.DROPPED, OutboxState.SUPERSEDED),
}
"""Columns of what became of the values that were to be written."""


def in_one_line(summary: Summary) -> str:
    """What a run did, in one line."""
    opened = Counter[str]()
    for origin_and_kind, n in summary.opened.items():
        opened[origin_and_kind.split()[0]] += n
    done = [
        (summary.decided["people"], "person scored", "people scored"),
        (opened[Origin.ADOPTED], "handover adopted", "handovers adopted"),
        (opened[Origin.BACKFILL], "handover of the past", "handovers of the past"),
        (opened[Origin.LIVE], "handover opened", "handovers opened"),
        (summary.opened["trial"], "trial", "trials"),
        (summary.writes, "value written", "values written"),
    ]
    refused = [
        (summary.quarantined, "row quarantined", "rows quarantined"),
        (summary.rejected, "value refused by a platform", "values refused by a platform"),
    ]
    parts = [counted(*each) for each in done if each[0]] or ["nothing changed"]
    return ", ".join([*parts, *(counted(*each) for each in refused if each[0])])


def groups(summary: Summary) -> list[tuple[str, Told]]:
    """Everything that was decided, by heading; a group without anything is left out."""
    asked = "To be written" if summary.is_live else "Would be written"
    found = [
        ("Decided", _told(summary.decided, _decided)),
        ("Handovers opened", _told(summary.opened, _opened)),
        (
            "Owner found" if summary.is_live else "Owner would be found",
            _told(summary.assigned, lambda how, n: FOUND_BY.get(how, how.replace("_", " "))),
        ),
        ("Acts of machines", _told(summary.bots, lambda why, n: BOTS.get(why, why.replace("_", " ")))),
        ("Held back by", _told(summary.blocked, lambda exclusion, n: exclusion.replace("_", " "))),
        ("Entered a stage", _told(summary.moved, lambda stage, n: shown(stage))),
        (asked, _told(summary.asked, _asked)),
        ("Refused", _told(summary.refused, _refused)),
    ]
    return [(heading, told) for heading, told in found if told]


def outcomes(pushed: Mapping[str, int]) -> tuple[list[str], list[list[object]]]:
    """A table of values by record: its columns, those without a number left out, and its rows."""
    table: dict[str, Counter[str]] = {}
    for name, n in pushed.items():
        record, state = _record_and_state(name)
        table.setdefault(record, Counter())[state] += n
    columns = [name for name, states in OUTCOMES.items() if any(_sum(row, states) for row in table.values())]
    rows = [[record, *(_sum(row, OUTCOMES[name]) for name in columns)] for record, row in table.items()]
    return ["values of", *columns], rows


def shown(stage: str) -> str:
    """A stage as people write it."""
    return stage.upper() if stage in ("mql", "sal") else stage.replace("_", " ").capitalize()


def stream(platform: str, name: str) -> str:
    """`salesforce queue members`."""
    return f"{platform} {name}".replace("_", " ")


def counted(n: int, one: str, many: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{n:,} {one if n == 1 else many}"


def _told(counter: Counter[str], word: Word) -> Told:
    return [(n, word(name, n)) for name, n in counter.most_common() if n]


def _decided(name: str, n: int) -> str:
    return _one_or_many(DECIDED.get(name), n, name)


def _opened(name: str, n: int) -> str:
    if name == "trial":
        return _one_or_many(TRIALS, n, name)
    origin, _, kind = name.partition(" ")
    return _one_or_many(KINDS.get(kind), n, kind) + ORIGINS.get(origin, f", {origin}")


def _asked(name: str, n: int) -> str:
    """`lead owner_id`, `mql_record record`: an object, and which of its fields."""
    object, _, sort = name.partition(" ")
    record = _one_or_many(RECORDS.get(object), n, object)
    return record if sort == "record" else f"{record}: {SORTS.get(sort, sort.replace('_', ' '))}"


def _refused(name: str, n: int) -> str:
    record, _, code = name.partition(": ")
    return f"{'value' if n == 1 else 'values'} of {_record(record)}: {code}"


def _record_and_state(name: str) -> tuple[str, str]:
    record, _, state = name.rpartition(" ")
    return _record(record), state


def _record(name: str) -> str:
    """`salesforce lead`, `marketo person`: many of them, with their platform's name."""
    platform, _, object = name.partition(" ")
    many = _one_or_many(RECORDS.get(object), 2, object)
    return many if platform.capitalize() in many else f"{platform.capitalize()} {many}"


def _one_or_many(words: tuple[str, str] | None, n: int, name: str) -> str:
    """A name that has no words yet is told as it is."""
    return words[n != 1] if words else name.replace("_", " ")


def _sum(row: Counter[str], states: Collection[str]) -> int:
    return sum(row[state] for state in states)
