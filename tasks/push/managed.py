"""Fields that a native sync owns: the CRM's value counts, and they are not written a second time.

A sink refuses a change that holds such a field, without sending anything. The field is then found by trying the
change's fields one by one, left out of every change, and told apart from what was written.
"""

from collections.abc import Sequence
from dataclasses import replace

from connectors.ports import Outcome, RecordChange, Sink

MANAGED = "crm_managed"


def write_unmanaged(
    sink: Sink, object: str, changes: Sequence[RecordChange], *, crm_rules: bool
) -> list[list[Outcome]]:
    """Per change its outcomes, in order: one for what was written, and one `unchanged` for each field that the native
    sync owns, with the field's name as its message."""
    outcomes = [[outcome] for outcome in sink.write(object, changes, crm_rules=crm_rules)]
    managed: set[str] = set()
    while refused := [place for place, found in enumerate(outcomes) if _is_refused(found)]:
        more = _managed(sink, object, changes[refused[0]], managed)
        if not more:
            break
        managed |= more
        rest = [_without(changes[place], managed) for place in refused]
        sent = [change for change in rest if change.values]
        answers = iter(sink.write(object, sent, crm_rules=crm_rules) if sent else [])
        for place, change in zip(refused, rest, strict=True):
            left_out = [name for name in changes[place].values if name in managed]
            told = [Outcome(change.key, "unchanged", MANAGED, name) for name in left_out]
            outcomes[place] = ([next(answers)] if change.values else []) + told
    return outcomes


def _is_refused(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.code == MANAGED and outcome.state == "rejected" for outcome in outcomes)


def _managed(sink: Sink, object: str, change: RecordChange, known: set[str]) -> set[str]:
    """Which fields of one change the native sync owns. The others are written by asking: they are wanted anyway."""
    found = set()
    for name, value in change.values.items():
        if name not in known:
            (outcome,) = sink.write(object, [replace(change, values={name: value})])
            if outcome.code == MANAGED:
                found.add(name)
    return found


def _without(change: RecordChange, names: set[str]) -> RecordChange:
    return replace(change, values={name: value for name, value in change.values.items() if name not in names})
