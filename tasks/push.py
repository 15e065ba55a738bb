"""Push: drain the outbox. Claim, look once more where a person may have been quicker, call, settle record by record.

Owner, status, `MQL__c` and creations come first, then stamps, then scores, which may use a share of the day's calls.
What is claimed and not settled when a run is killed is looked at by the next run (`tasks.unfinished`), so nothing is
written twice and nothing is forgotten.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import PlatformError
from connectors.ports import Outcome, RecordChange, Sink, Source
from ledger import outbox
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.playbook.load import Playbook
from schemas.vocabulary import Platform, Silo
from tasks.creations import create
from tasks.look import Look
from tasks.progress import Progress
from tasks.run import Run
from tasks.settlements import release, settle, settlement

BATCH = 2_000
LOTS: tuple[tuple[str, tuple[int, ...]], ...] = (("handover", (1,)), ("stamps", (2,)), ("scores", (3,)))
ORDER = {"lead": 0, "contact": 1, "person": 2, "mql_record": 3, "task": 4}


@dataclass
class Pushed:
    """Entries by `platform object outcome`, and what stopped a platform."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def push(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sources: Mapping[Platform, Source],
    playbook: Playbook,
    run: Run,
    progress: Progress,
) -> Pushed:
    """Writes what waits, platform by platform; a platform that fails keeps its entries for the next run."""
    pushed = Pushed()
    for platform, sink in sinks.items():
        if platform in run.unreachable:
            continue
        try:
            create(ledger, sinks, sink, playbook, run, pushed.counts)
            for lot, priorities in LOTS:
                if lot == "scores" and _quota_is_used(sources[platform], playbook.platforms.push.score_quota):
                    pushed.failures.append(f"{platform}: scores wait, their share of the day's calls is used")
                    break
                _drain(ledger, sink, playbook, run, lot, priorities, pushed.counts, progress)
        except PlatformError as error:
            pushed.failures.append(str(error))
    return pushed


def _drain(
    ledger: Ledger,
    sink: Sink,
    playbook: Playbook,
    run: Run,
    lot: str,
    priorities: Collection[int],
    counts: Counter[str],
    progress: Progress,
) -> None:
    while True:
        with ledger.begin(run.token) as tx, tx.silo(Silo.OUTBOX):
            claims = outbox.claim(tx, sink.platform, BATCH, run.as_of, priorities=priorities, creations=False)
        if not claims:
            return
        for object in sorted({claim.object for claim in claims}, key=lambda name: ORDER.get(name, 9)):
            group = [claim for claim in claims if claim.object == object]
            try:
                settlements = _write(ledger, sink, object, group, playbook)
            except PlatformError:
                # Nothing of this group was written. It waits again, and the platform is left alone in this run.
                release(
                    ledger,
                    run,
                    [claim for claim in claims if ORDER.get(claim.object, 9) >= ORDER.get(object, 9)],
                )
                raise
            settle(ledger, run, group, settlements, counts)
            progress.advance(f"push {sink.platform} {lot}", len(group))


def _write(
    ledger: Ledger, sink: Sink, object: str, claims: Sequence[Claim], playbook: Playbook
) -> list[Settlement]:
    """Writes one object's records; what the platform shows right now may settle fields without a write."""
    look = Look.at(ledger, sink, object, claims, playbook)
    settlements: list[Settlement] = []
    changes: dict[str, tuple[Claim, RecordChange]] = {}
    for claim in claims:
        ruled, values = look.rule(claim)
        settlements += ruled
        if values:
            changes[claim.target] = (claim, _change(object, claim, values))
    sent = [change for _, change in changes.values()]
    by_rule = playbook.assignment.mode == "crm_rules" and object == "lead"
    handed, others = _split(sent, by_rule)
    outcomes = [*_call(sink, object, others, False), *_call(sink, object, handed, True)]
    written = {change.key: (claim, change) for claim, change in changes.values()}
    for outcome in outcomes:
        claim, change = written[outcome.key]
        ids = [entry.id for entry in claim.entries if entry.field in change.values]
        settlements.append(settlement(ids, outcome))
    return settlements


def _split(changes: Sequence[RecordChange], by_rule: bool) -> tuple[list[RecordChange], list[RecordChange]]:
    """With the CRM's own rules in force, the write that sets the status hands over and is told to run them."""
    handed = [change for change in changes if by_rule and "status" in change.values]
    return handed, [change for change in changes if change not in handed]


def _call(sink: Sink, object: str, changes: Sequence[RecordChange], crm_rules: bool) -> list[Outcome]:
    return sink.write(object, changes, crm_rules=crm_rules) if changes else []


def _change(object: str, claim: Claim, values: Mapping[str, object]) -> RecordChange:
    if object in ("mql_record", "task"):
        return RecordChange(values, external_key=claim.target)
    return RecordChange(values, native_id=claim.target)


def _quota_is_used(source: Source, share: float) -> bool:
    usage = source.usage()
    return usage is not None and usage.used >= share * usage.limit
