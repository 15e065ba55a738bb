"""What commands print for people: the summary of a run, an explanation, findings."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from connectors.ports import Finding
from flows.presentation import words
from flows.presentation.terminal import table
from tasks.forget import Forgotten
from tasks.summary import Exit, Summary
from tasks.why import Check, Explanation

STATES = {
    Exit.DONE: "done",
    Exit.SOME_REFUSED: "done, some rows or records were refused",
    Exit.FAILED: "failed",
    Exit.WRONG_USAGE: "failed, and will until that is mended",
}


def show_summary(summary: Summary, console: Console) -> None:
    """Tables of what a run did; empty parts are left out."""
    for part in summary_parts(summary):
        console.print(part)


def summary_parts(summary: Summary) -> Sequence[RenderableType]:
    """The parts of `show_summary`, for those who print them among other things."""
    parts: list[RenderableType] = [_pulled(summary)] if summary.pulled else []
    rows = [
        (heading.lower(), "; ".join(f"{n:,} {what}" for n, what in told))
        for heading, told in words.groups(summary)
    ]
    if rows:
        parts.append(table("", ["", ""], rows))
    if summary.pushed:
        parts.append(table("written", *words.outcomes(summary.pushed)))
    parts.extend(Text(note) for note in summary.notes)
    parts.extend(Text(failure, style="red") for failure in summary.failures)
    parts.append(
        Text(
            f"{summary.flow} as of {summary.as_of:%Y-%m-%d %H:%M:%S} UTC, {summary.mode}: {STATES[summary.exit]}"
        )
    )
    return parts


def _pulled(summary: Summary) -> RenderableType:
    rows = [
        (
            words.stream(pulled.platform, stream),
            *(counts[name] for name in ("pulled", "stored", "duplicates", "quarantined")),
        )
        for pulled in summary.pulled
        for stream, counts in pulled.counts.items()
        if counts["pulled"]
    ]
    reasons = sum((pulled.reasons for pulled in summary.pulled), Counter[str]())
    parts: list[RenderableType] = [
        table("pulled", ["stream", "pulled", "stored", "known", "quarantined"], rows)
    ]
    if reasons:
        parts.append(table("quarantined because", ["reason", "rows"], reasons.most_common(8)))
    return Group(*parts) if rows else Text("pulled nothing new")


def show_findings(findings: Sequence[Finding], console: Console) -> None:
    """One line each, what to do under those that are not well."""
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.ok else Text("MEND ", style="bold red")
        _show_line(console, mark, Text(f"{finding.check}: {finding.detail}"))
        if finding.mend:
            _show_line(console, Text("     "), Text(finding.mend, style="dim" if finding.ok else "yellow"))
    bad = sum(not finding.ok for finding in findings)
    console.print(Panel.fit(f"{bad} to mend" if bad else "all well"))


def _show_line(console: Console, mark: Text, told: Text) -> None:
    """In a terminal broken between words and below its beginning; elsewhere one line, for `grep`."""
    if not console.is_terminal:
        console.print(mark + told, soft_wrap=True)
        return
    line = Table.grid()
    line.add_column(width=len(mark))
    line.add_column(overflow="fold")
    line.add_row(mark, told)
    console.print(line)


def show_explanation(told: Explanation, console: Console) -> None:
    """Where the person stands, why, and what is missing; ids and rules, no personal values."""
    console.print(
        Text(f"person {told.person_key} as of {told.at:%Y-%m-%d %H:%M} UTC", style="bold"), soft_wrap=True
    )
    for part in _explained(told):
        console.print(part)


def _explained(told: Explanation) -> Iterator[RenderableType]:
    for row in told.records:
        status = f", status {row['status']}" if row["status"] else ""
        owner = f", owner {row['owner']}" if row.get("owner") else ""
        yield Text(f"  {row['platform']} {row['object']} {row['native_id']}{status}{owner}")
    for row in told.stages:
        yield Text(
            f"  stage {row['stage']} since {row['since']:%Y-%m-%d %H:%M} (line {row['line']}, {row['origin']})"
        )
    score = told.score
    title = (
        f"score {score['score']:g} = engagement {score['engagement']:g}, fit {score['fit']:g}; "
        f"grade {score['grade']}, confidence {score['confidence']:.0%}"
    )
    lines = [
        (row["part"], _rule(row), f"{row['contribution']:+g}", row["evidence_count"] or "", _span(row))
        for row in told.lines
    ]
    yield Text(title, style="bold")
    yield table("", ["part", "rule", "adds", "acts", "when"], lines)
    for row in told.models:
        chance = "" if row["probability"] is None else f", probability {row['probability']:.0%}"
        grade = f", grade {row['grade']}" if row["grade"] else ""
        yield Text(f"  model {row['model']}: score {row['score']:g}{grade}{chance}")
        lines_of = (f"{_rule(line)} {line['contribution']:+g}" for line in row["lines"])
        yield Text(f"    = {', '.join(lines_of) or '0'}")
    checks = [
        ("✓" if check.holds else "–", check.sort, check.rule, _condition(check), _values(check.values))
        for check in told.checks
        if check.holds or check.sort == "trigger"
    ]
    yield table("triggers, and what holds them back now", ["", "sort", "rule", "condition", "reads"], checks)
    yield from _near(told)
    steps = [
        (
            f"{row['at']:%Y-%m-%d %H:%M}",
            row["line"],
            f"{row['from_stage'] or '·'} → {row['to_stage']}",
            row["rule_id"],
            _because(row),
        )
        for row in told.transitions
    ]
    if steps:
        yield table("transitions", ["at", "line", "step", "rule", "because"], steps)
    yield from _cycles(told)
    held = [
        (f"{row['at']:%Y-%m-%d %H:%M}", row["trigger_rule"], row["exclusion"], row["kind"], _until(row))
        for row in told.blocks
    ]
    if held:
        yield table("held back", ["at", "trigger", "by", "kind", "until"], held)
    for row in told.would_qualify:
        yield Text(
            f"would qualify by {row['rule_id']} but: {row['why']} (since {row['since']:%Y-%m-%d %H:%M})"
        )


def _near(told: Explanation) -> Iterator[RenderableType]:
    """Per trigger on scores: what would reach it, or the acts that carry it."""
    for check in told.checks:
        if check.sort != "trigger":
            continue
        for option in check.reached_by[:2]:
            changes = " and ".join(_change(change) for change in option["changes"])
            yield Text(f"  {check.rule} would be reached by {changes} → score {option['score']:g}")
        carrying = [act for act in check.carried_by if act["decides"]]
        for act in carrying or check.carried_by[:1]:
            what = act["asset_name"] or act["url"] or ""
            moment = f"{act['occurred_at']:%Y-%m-%d %H:%M}"
            role = "would not hold without" if act["decides"] else "is carried most by"
            yield Text(
                f"  {check.rule} {role} {act['kind']} {what} of {moment}: {act['points']:g} points of the score"
            )


def _rule(line: Mapping[str, Any]) -> str:
    return f"{line['author']}: {line['reason']}" if "author" in line else line["rule_id"]


def _change(change: Mapping[str, Any]) -> str:
    gain = f"({change['gain'] / 100:+g} {change['part']})"
    if change["part"] == "card":
        return f"{change['asks']} {gain}"
    times = f"{change['times']} more " if change["sort"] == "act" else ""
    return f"{times}{change['rule']} {gain}"


def _cycles(told: Explanation) -> Iterator[RenderableType]:
    for row in told.cycles:
        closed = (
            f", closed {row['closed_at']:%Y-%m-%d %H:%M} as {row['closed_as']}" if row["closed_at"] else ""
        )
        reason = f" ({row['close_reason']})" if row["close_reason"] else ""
        owner = f", owner {row['owner']}" if row.get("owner") else ""
        trial = ", a trial" if row["is_trial"] else ""
        yield Text(
            f"cycle {row['cycle_key'][:8]} {row['kind']} no. {row['number']}: {row['state']}{trial}, opened "
            f"{row['opened_at']:%Y-%m-%d %H:%M} by {row['trigger_rule']}{owner}{closed}{reason}",
            style="cyan",
        )
        for event in told.events:
            if event["cycle_key"] == row["cycle_key"]:
                said = f" by {event['said_by_name']}" if event["said_by"] else ""
                why = f": {event['reason']}" if event["reason"] else ""
                yield Text(f"    {event['at']:%Y-%m-%d %H:%M} {event['kind']}{why}{said}")
        for verb, assignments in (("owner", told.assignments), ("would go to", told.would_get)):
            for chosen in assignments:
                if chosen["cycle_key"] == row["cycle_key"]:
                    yield Text(f"    {verb} {chosen.get('owner', 'nobody')}{_how(chosen)}")


def _how(chosen: Mapping[str, Any]) -> str:
    """How an owner was found: by which rule and rotation, or without any."""
    if chosen["how"] == "rule":
        pool = f", pool {chosen['pool']}" if chosen["pool"] else ""
        return f" by rule {chosen['rule_id']}{pool}"
    told = words.FOUND_BY.get(chosen["how"], f"by {chosen['how']}")
    return f": {told}" if chosen["how"] == "nobody" else f", {told}"


def _condition(check: Check) -> str:
    return f"{check.condition}, at an act: {check.act}" if check.act else check.condition


def _because(row: Mapping[str, Any]) -> str:
    reasons = row["reasons"]
    if not isinstance(reasons, dict):
        return ""
    told = [
        f"{name} {value}"
        for name, value in reasons.items()
        if name != "rule" and isinstance(value, str | int | float) and value != ""
    ]
    return "; ".join(told[:3])


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def _span(row: Mapping[str, Any]) -> str:
    if not row["since"]:
        return ""
    first, last = f"{row['since']:%m-%d}", f"{row['until']:%m-%d %H:%M}" if row["until"] else ""
    return f"since {first}, until {last}" if last else f"since {first}"


def _until(row: Mapping[str, Any]) -> str:
    return f"{row['until']:%Y-%m-%d %H:%M}" if row["until"] else "while it holds"


def show_forgotten(done: Forgotten, console: Console) -> None:
    """What was blanked, and what is left to do on the platforms."""
    closed = words.counted(done.cycles_closed, "open cycle", "open cycles")
    console.print(f"forgotten: {done.person_key}; {closed} closed", highlight=False)
    for held in done.still_held:
        console.print(
            f"  still held: {held.platform} {held.object} {held.native_id}; delete it there", highlight=False
        )
    for other in done.shares_address_with:
        console.print(f"  {other} shares an address and stays", highlight=False)
