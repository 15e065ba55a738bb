"""Markdown of the artifacts: lists and tables of counts and reasons, with every cell made harmless."""

from collections.abc import Iterable, Sequence

from prefect.artifacts import create_markdown_artifact


def leave(key: str, markdown: str, description: str) -> None:
    """Leaves an artifact with the present flow run; the newest of a key is the one that is shown first."""
    create_markdown_artifact(markdown, key=key, description=description)


def listed(title: str, lines: Iterable[str]) -> str:
    """A bulleted list under its title; nothing where there are no lines."""
    told = "".join(f"- {cell(line)}\n" for line in lines)
    return f"## {title}\n\n{told}\n" if told else ""


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers stand to the right; an empty table is left out."""
    body = [list(row) for row in rows]
    if not body:
        return ""
    rules = ["---:" if any(_is_number(row[n]) for row in body) else "---" for n, _ in enumerate(columns)]
    lines = [columns, rules, *([cell(value) for value in row] for row in body)]
    told = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{f'## {title}' if title else ''}\n\n{told}\n"


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.endswith("%"))


def cell(value: object) -> str:
    """A value that can break neither table nor page."""
    if isinstance(value, int):
        return f"{value:,}"
    text = " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
