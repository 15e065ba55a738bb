"""Push: drain the outbox. Claim, look once more where a person may have been quicker, call, settle record by record.

Owner, status, `MQL__c` and creations come first, then stamps, then scores, which may use a share of the day's calls
only. What is claimed and not settled when a run is killed is looked at by the next run (`tasks.push.unfinished`), so
nothing is written twice and nothing is forgotten.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple

from connectors.errors import PlatformError
from connectors.ports import Outcome, RecordChange, Sink, Source
from ledger import outbox
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.playbook.load import Playbook
from schemas.vocabulary import Platform, Silo
from tasks.progress import Progress
from tasks.push.creations import create
from tasks.push.look import Look
from tasks.push.managed import write_unmanaged
from tasks.push.settlements import Outcomes, release, settle, settlement, unsent
from tasks.run import Run

RECORDS_A_CALL = 200
"""What a call takes at the least: how many calls a batch of scores will have cost."""


class Lot(NamedTuple):
    """Entries of a priority, and how many records are claimed at a time.

    Stamps are nobody's but ours, so a backlog of them may be large enough for a bulk job. Owner and status are read
    again right before they are written, and a job would let minutes pass between the two.
    """

    name: str
    priorities: tuple[int, ...]
    batch: int


LOTS = (Lot("handover", (1,), 2_000), Lot("stamps", (2,), 20_000), Lot("scores", (3,), 2_000))
ORDER = {"lead": 0, "contact": 1, "person": 2, "mql_record": 3, "task": 4}


@dataclass
class Pushed:
    """What became of entries; what stopped a platform; and what waits without anything being wrong."""

    outcomes: Outcomes = field(default_factory=Outcomes)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Changes of one call, each with its claim and the values that it may write. `by_rule`: see `ports.Sink.write`."""

    claims: Sequence[tuple[Claim, RecordChange]]
    by_rule: bool


def push(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sources: Mapping[Platform, Source],
    playbook: Playbook,
    run: Run,
    progress: Progress,
) -> Pushed:
    """Writes what waits, platform by platform; a platform that fails keeps its entries for the next run.

    Nothing is written before we are live, nor once that was taken back.
    """
    pushed = Pushed()
    if not run.is_live:
        return pushed
    for platform, sink in sinks.items():
        if platform in run.unreachable:
            continue
        try:
            _create(ledger, sinks, sink, playbook, run, pushed)
            for lot in LOTS:
                spent = _drain(ledger, sink, sources[platform], playbook, run, lot, pushed, progress)
                if not spent:
                    pushed.notes.append(f"{platform}: scores wait, their share of the day's calls is used")
        except PlatformError as error:
            pushed.failures.append(str(error))
    return pushed


def _create(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sink: Sink,
    playbook: Playbook,
    run: Run,
    pushed: Pushed,
) -> None:
    """Creations; one that nobody can do (no such campaign, say) does not hold up what else waits."""
    try:
        create(ledger, sinks, sink, playbook, run, pushed.outcomes)
    except PlatformError as error:
        if error.is_passing:
            raise
        pushed.failures.append(str(error))


def _drain(
    ledger: Ledger,
    sink: Sink,
    source: Source,
    playbook: Playbook,
    run: Run,
    lot: Lot,
    pushed: Pushed,
    progress: Progress,
) -> bool:
    """Writes everything of a lot that may be written now; False if scores must wait for another day."""
    calls = 0
    while True:
        with ledger.begin(run.token, on_disk=True) as tx, tx.silo(Silo.OUTBOX):
            claims = outbox.claim(
                tx, sink.platform, lot.batch, run.as_of, priorities=lot.priorities, creations=False
            )
        if not claims:
            return True
        if lot.name == "scores" and _is_used(source, playbook.platforms.push.score_quota, calls):
            release(ledger, run, claims)
            return False
        calls += ceil(len(claims) / RECORDS_A_CALL)
        groups = _by_object(claims)
        for place, (object, group) in enumerate(groups):
            try:
                _write(ledger, sink, object, group, playbook, run, pushed.outcomes)
            except PlatformError:
                release(ledger, run, [claim for _, later in groups[place + 1 :] for claim in later])
                raise
            progress.advance(f"push {sink.platform} {lot.name}", len(group))


def _by_object(claims: Sequence[Claim]) -> list[tuple[str, list[Claim]]]:
    """People before their handovers: an `MQL__c` that a rep sees points to a lead that is ready."""
    names = sorted({claim.object for claim in claims}, key=lambda name: (ORDER.get(name, 9), name))
    return [(name, [claim for claim in claims if claim.object == name]) for name in names]


def _write(
    ledger: Ledger,
    sink: Sink,
    object: str,
    claims: Sequence[Claim],
    playbook: Playbook,
    run: Run,
    outcomes: Outcomes,
) -> None:
    """Writes one object's records, call by call, and settles each call by itself; what the platform shows right now
    may settle fields without a write. On an error everything is settled or released before it is raised."""
    try:
        look = Look.at(ledger, sink, object, claims, playbook)
    except PlatformError:
        release(ledger, run, claims)
        raise
    looked = [(claim, look.rule(claim)) for claim in claims]
    settle(ledger, run, claims, [one for _, ruled in looked for one in ruled.settled], outcomes)
    parts = [
        Part(
            [
                (claim, _change(object, claim, ruled.values))
                for claim, ruled in looked
                if ruled.values and ruled.hands_over == by_rule
            ],
            by_rule,
        )
        for by_rule in (False, True)
    ]
    waiting = [part for part in parts if part.claims]
    for place, part in enumerate(waiting):
        changes = [change for _, change in part.claims]
        try:
            answers = write_unmanaged(sink, object, changes, crm_rules=part.by_rule)
        except PlatformError as error:
            settle(ledger, run, claims, list(_failed(part, error)), outcomes)
            _release_values(ledger, run, waiting[place + 1 :])
            raise
        settle(ledger, run, claims, list(_settlements(part, answers)), outcomes)


def _settlements(part: Part, outcomes: Sequence[Sequence[Outcome]]) -> Iterator[Settlement]:
    """Per change its outcomes: mostly one, for all its fields."""
    for (claim, change), of_change in zip(part.claims, outcomes, strict=True):
        for outcome, names in _fields(change, of_change):
            ids = [entry.id for entry in claim.entries if entry.field in names]
            if ids:
                yield settlement(ids, outcome)


def _fields(change: RecordChange, outcomes: Sequence[Outcome]) -> Iterator[tuple[Outcome, set[str]]]:
    """Outcomes with the fields that each is about: `write_unmanaged` names those that it left out."""
    left_out = {outcome.message for outcome in outcomes if outcome.code == "crm_managed"}
    for outcome in outcomes:
        if outcome.code == "crm_managed":
            yield outcome, {outcome.message}
        else:
            yield outcome, set(change.values) - left_out


def _failed(part: Part, error: PlatformError) -> Iterator[Settlement]:
    """After a temporary failure nobody knows what arrived: it is tried again, and counts as perhaps written."""
    for claim, change in part.claims:
        ids = [entry.id for entry in claim.entries if entry.field in change.values]
        yield unsent(ids, error)


def _release_values(ledger: Ledger, run: Run, parts: Sequence[Part]) -> None:
    release(
        ledger,
        run,
        [claim for part in parts for claim, _ in part.claims],
        fields={claim.target: set(change.values) for part in parts for claim, change in part.claims},
    )


def _change(object: str, claim: Claim, values: Mapping[str, Any]) -> RecordChange:
    if object in ("mql_record", "task"):
        return RecordChange(values, external_key=claim.target)
    return RecordChange(values, native_id=claim.target)


def _is_used(source: Source, share: float, calls: int) -> bool:
    """Whether scores have had their share. What a platform told at the run's start grows by our own `calls`."""
    usage = source.usage()
    return usage is not None and usage.used + calls >= share * usage.limit
