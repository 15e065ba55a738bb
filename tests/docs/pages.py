"""What the documentation says, taken apart: links, code, tables, and the names in them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("connectors/**/*.md")]
)
_LINK = re.compile(r"(?<!\!)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<to>[^)\s]+)\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\((?P<to>[^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Link:
    text: str
    to: str


@dataclass(frozen=True)
class Page:
    """One Markdown file. `prose` is its text without fenced code."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(REPOSITORY))

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)

    def links(self) -> list[Link]:
        found = [Link(match["text"], match["to"]) for match in _LINK.finditer(self.prose)]
        return found + [Link("", match["to"]) for match in _PICTURE.finditer(self.prose)]

    def fenced(self, *languages: str) -> list[str]:
        return [body for language, body in _FENCE.findall(self.text) if language in languages]

    def inline(self) -> list[str]:
        """Text in backticks, outside of fenced code."""
        return [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", self.prose)]

    def anchors(self) -> set[str]:
        """What `#…` may name, as a git host makes it of headings."""
        titles = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def section(self, title: str) -> str:
        """The text under a heading, up to the next one of the same or a higher level."""
        match = re.search(rf"^(#+) {re.escape(title)}$", self.text, re.MULTILINE)
        assert match is not None, f"{self.name} has no heading {title!r}"
        rest = self.text[match.end() :]
        end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest


def page(name: str) -> Page:
    path = REPOSITORY / name
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> list[Page]:
    return [page(str(path.relative_to(REPOSITORY))) for path in PAGES]


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every table row in a text; headings and rules of the tables are left out."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not _is_rule(line) and not _is_rule(following):
            yield [cell.strip().replace("\\|", "|") for cell in _CELL.split(line.strip())[1:-1]]


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"\|[-:| ]+\|", line))


def code(cell: str) -> str:
    """What stands in a cell's backticks; the cell has nothing else."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    assert match is not None, f"{cell!r} is not one piece of code"
    return match[1]


def commands(page: Page) -> list[str]:
    """Command lines of a page: lines that begin with `$ ` in `console` blocks, whole lines in `sh` blocks."""
    found = [
        line[2:] for block in page.fenced("console") for line in block.splitlines() if line.startswith("$ ")
    ]
    found += [line for block in page.fenced("sh") for line in block.splitlines()]
    return [line.split("  #")[0].strip() for line in found if line.strip() and not line.startswith("#")]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Functions, classes and other names that a Python file defines, those in classes included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)
