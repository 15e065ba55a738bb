"""What commands print for people: the summary of a run, an explanation, findings."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from connectors.ports import Finding
from flows.terminal import counted, table
from tasks.summary import Exit, Summary

STATES = {Exit.DONE: "done", Exit.SOME_REFUSED: "done, some rows or records were refused", Exit.FAILED: "failed"}


def show_summary(summary: Summary, console: Console) -> None:
    """Tables of what a run did; empty parts are left out."""
    for part in summary_parts(summary):
        console.print(part)


def summary_parts(summary: Summary) -> Sequence[RenderableType]:
    """The parts of `show_summary`, for those who print them among other things."""
    parts: list[RenderableType] = [_pulled(summary)] if summary.pulled else []
    groups: list[tuple[str, Counter[str]]] = [
        ("decided", summary.decided),
        ("entered a stage", summary.moved),
        ("cycles opened", summary.opened),
        ("held back by", summary.blocked),
        ("owner found by", summary.assigned),
        ("would write" if not summary.is_live else "to write", summary.asked),
        ("written", summary.pushed),
    ]
    rows = [(name, counted(dict(counter.most_common()))) for name, counter in groups if counter.total()]
    if rows:
        parts.append(table("", ["", ""], rows))
    parts.extend(Text(note) for note in summary.notes)
    parts.extend(Text(failure, style="red") for failure in summary.failures)
    mode = "live" if summary.is_live else "silent: nothing is written until live_since is set"
    parts.append(Text(f"{summary.flow} as of {summary.as_of:%Y-%m-%d %H:%M:%S} UTC, {mode}: {STATES[summary.exit]}"))
    return parts


def _pulled(summary: Summary) -> RenderableType:
    rows = [
        (f"{pulled.platform} {stream}", *(counts[name] for name in ("pulled", "stored", "duplicates", "quarantined")))
        for pulled in summary.pulled
        for stream, counts in pulled.counts.items()
        if counts["pulled"]
    ]
    reasons = sum((pulled.reasons for pulled in summary.pulled), Counter[str]())
    parts: list[RenderableType] = [table("pulled", ["stream", "pulled", "stored", "known", "quarantined"], rows)]
    if reasons:
        parts.append(table("quarantined because", ["reason", "rows"], reasons.most_common(8)))
    return Group(*parts) if rows else Text("pulled nothing new")


def show_findings(findings: Sequence[Finding], console: Console) -> None:
    """One line each, what to do under those that are not well."""
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.ok else Text("MEND ", style="bold red")
        console.print(mark + Text(f"{finding.check}: {finding.detail}"), soft_wrap=True)
        if finding.mend:
            console.print(Text(f"     {finding.mend}", style="yellow" if not finding.ok else "dim"), soft_wrap=True)
    bad = sum(not finding.ok for finding in findings)
    console.print(Panel.fit(f"{bad} to mend" if bad else "all well"))
