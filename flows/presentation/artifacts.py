"""What a manager reads in Prefect: what changed, the funnel, what was quarantined. Counts and reasons, never rows.

A run that changed nothing leaves no artifact: the newest one of each kind is the one worth reading.
"""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence

from flows.presentation import funnel, words
from flows.presentation.markdown import leave, listed, table
from flows.wiring import Wiring
from ledger.decisions.funnel import Standing, read_standings
from tasks.summary import Summary

ABOUT = {
    "Handovers opened": "what was opened",
    "Owner found": "how",
    "Owner would be found": "how",
    "Held back by": "exclusion in `lifecycle.yaml`",
    "Entered a stage": "stage",
}
"""Headers of columns that would not be understood without one."""
LOOK = (
    "Each refusal is in the ledger's view `outbox_problems`, each value left to a person in `left_alone`.\n\n"
)
KNOWN = "Every row that was pulled was stored, or known already and unchanged, or put into quarantine.\n"
CHANGED, FUNNEL, QUARANTINED = "what-changed", "funnel", "quarantined"


def publish(summary: Summary, wiring: Wiring) -> None:
    """Leaves the artifacts of a run with the present flow run."""
    moment = f"{summary.as_of:%Y-%m-%d %H:%M} UTC"
    if has_news(summary):
        leave(CHANGED, changed(summary), f"What the {summary.flow} as of {moment} changed")
    if summary.quarantined:
        leave(QUARANTINED, quarantined(summary), f"Rows that the {summary.flow} as of {moment} put aside")
    path = wiring.playbook.lifecycle.path
    if summary.decisions and (standings := _standings(wiring, path)):
        title = f"{wiring.playbook.organisation.name}, {moment}"
        leave(FUNNEL, funnels(standings, path, title), f"The path from stranger to customer, {moment}")


def has_news(summary: Summary) -> bool:
    """Whether there is anything to read about a run."""
    stored = sum(counts["stored"] for pulled in summary.pulled for counts in pulled.counts.values())
    return bool(stored or summary.decisions or summary.pushed or summary.failures)


def changed(summary: Summary) -> str:
    """Everything that a run did, as Markdown."""
    parts = [f"**{words.in_one_line(summary)}.**\n\n"]
    if not summary.is_live:
        parts.append(f"{summary.mode[0].upper()}{summary.mode[1:]}.\n\n")
    parts += [listed("What went wrong", summary.failures), listed("Worth knowing", summary.notes)]
    for heading, told in words.groups(summary):
        parts.append(table(heading, ["number", ABOUT.get(heading, "what")], told))
    if summary.pushed:
        parts.append(table("Written", *words.outcomes(summary.pushed)))
    if any(name.endswith((" rejected", " conflict")) for name in summary.pushed):
        parts.append(LOOK)
    columns = ["stream", "pulled", "stored", "known", "quarantined"]
    return "".join(
        [*parts, table("What was pulled", columns, _pulled(summary)), KNOWN if summary.pulled else ""]
    )


def quarantined(summary: Summary) -> str:
    """Which streams had rows that could not be taken, and why. The rows stay in the ledger's quarantine."""
    streams = [
        (words.stream(pulled.platform, stream), counts["pulled"], counts["quarantined"])
        for pulled in summary.pulled
        for stream, counts in pulled.counts.items()
        if counts["quarantined"]
    ]
    reasons = sum((pulled.reasons for pulled in summary.pulled), Counter[str]()).most_common()
    return (
        "The rows are kept in the ledger's quarantine. One that is mended at its source is taken by the next run.\n\n"
        + table("Where", ["stream", "pulled", "quarantined"], streams)
        + table("Why", ["first reason", "rows"], reasons)
    )


def funnels(standings: Sequence[Standing], path: Sequence[str], title: str) -> str:
    """One funnel a line: the picture, and its numbers beside it."""
    lines = sorted({standing.line for standing in standings})
    parts = []
    for line in lines:
        of = [standing for standing in standings if standing.line == line]
        found = funnel.steps(of, path)
        name = title if lines == ["default"] else f"{title}: {line}"
        beside = funnel.aside(of, path)
        rows: list[tuple[object, ...]] = [
            (words.shown(step.stage), step.came, step.now, step.found_by_sales or "", step.after)
            for step in found
        ]
        rows += [(words.shown(stage), "", n, "", "") for stage, n in sorted(beside.items())]
        columns = ["stage", "came this far", "there now", "there by sales alone", "of the stage before"]
        parts.append(f"![The funnel as a picture]({_data_uri(funnel.picture(name, found, beside))})\n\n")
        parts.append(table("", columns, rows))
    return "".join(parts)


def _standings(wiring: Wiring, path: Sequence[str]) -> list[Standing]:
    with wiring.ledger.read() as connection:
        return read_standings(connection, path)


def _pulled(summary: Summary) -> Iterator[tuple[object, ...]]:
    for pulled in summary.pulled:
        for stream, counts in pulled.counts.items():
            if counts["pulled"]:
                numbers = (counts[name] for name in ("pulled", "stored", "duplicates", "quarantined"))
                yield (words.stream(pulled.platform, stream), *numbers)


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
