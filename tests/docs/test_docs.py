"""The documentation names only what exists: files, functions, commands, options, settings, tests, views."""

import ast
import re
import shlex
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from flows.command_line.app import app
from flows.settings import PREFIX, Settings
from simulator.serve import parser as simulator_parser
from tasks.summary import Exit
from tests.docs.pages import REPOSITORY, Page, code, commands, names_in, page, pages, rows

README = page("README.md")
EVERY_PAGE = pytest.mark.parametrize("each", pages(), ids=lambda each: each.name)
TOP = sorted(
    entry.name for entry in REPOSITORY.iterdir() if entry.is_dir() and not entry.name.startswith(".")
)
PATH = re.compile(rf"^(?:\.ci|{'|'.join(TOP)})/[\w./*-]*$|^[\w-]+\.(?:md|toml)$|^Makefile$|^prefect\.yaml$")
NOT_OURS = {"sf", "sqlite3", "git", "cd", "export", "curl", "set", "kill", "psql", "openssl", "crontab"}
"""Programs in command lines that are not part of the project."""


def make_targets() -> set[str]:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))


def command_line() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def deployments() -> set[str]:
    return {entry["name"] for entry in YAML(typ="safe").load(REPOSITORY / "prefect.yaml")["deployments"]}


@EVERY_PAGE
def test_every_link_leads_somewhere(each: Page) -> None:
    for link in each.links():
        if link.to.startswith("https://"):
            continue
        file, _, anchor = link.to.partition("#")
        target = (each.path.parent / file).resolve() if file else each.path
        assert target.exists(), link.to
        if anchor:
            assert anchor in page(str(target.relative_to(REPOSITORY))).anchors(), link.to


@EVERY_PAGE
def test_every_function_that_is_linked_stands_in_its_file(each: Page) -> None:
    for link in each.links():
        if link.to.endswith(".py") and re.fullmatch(r"`\w+`", link.text):
            assert link.text.strip("`") in names_in((each.path.parent / link.to).resolve()), link


@EVERY_PAGE
def test_every_path_that_is_named_exists(each: Page) -> None:
    made_by_running = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").split()
    for span in each.inline():
        if PATH.match(span) and span not in made_by_running:
            assert list(REPOSITORY.glob(span.rstrip("/"))), span


@EVERY_PAGE
def test_every_test_that_is_named_exists(each: Page) -> None:
    for file, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", each.text):
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            f"{file}::{name}"
        )


@EVERY_PAGE
def test_every_setting_that_is_named_is_one(each: Page) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", each.text)) <= known


@EVERY_PAGE
def test_every_command_that_is_named_exists_with_its_options(each: Page) -> None:
    spans = [span for span in each.inline() if re.match(r"(mqlflow|make) [a-z]", span)]
    for line in [*commands(each), *spans]:
        _check_command(shlex.split(line))


def _check_command(words: list[str]) -> None:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if not words or words[0] in NOT_OURS:
        return
    program, arguments = words[0].removeprefix(".venv/bin/"), words[1:]
    if program == "make":
        assert arguments[0] in make_targets(), words
    elif program == "mqlflow":
        _check_mqlflow(arguments)
    elif program == "prefect":
        assert set(re.findall(r"\b\w+/(\w+)", " ".join(arguments))) <= deployments(), words
    elif program in ("python", "python3", "uv"):
        if arguments[0] == "-m":
            module = REPOSITORY / arguments[1].replace(".", "/")
            assert (
                arguments[1] in ("pytest", "venv") or module.is_dir() or module.with_suffix(".py").exists()
            ), words
    else:
        raise AssertionError(f"nothing is known about the program {program!r}; is it ours? {words}")


def _check_mqlflow(arguments: list[str]) -> None:
    if not arguments or arguments[0].startswith("-"):
        return
    known = command_line()
    assert arguments[0] in known, arguments
    options = {word.split("=")[0] for word in arguments[1:] if word.startswith("--")}
    if arguments[0] == "simulator":
        taken = {text for action in _serve()._actions for text in action.option_strings}
    else:
        taken = {text for parameter in known[arguments[0]].params for text in parameter.opts}
    assert options <= taken | {"--help"}, arguments


def _serve() -> Any:
    [choices] = [action.choices for action in simulator_parser()._actions if action.dest == "command"]
    assert choices is not None
    return choices["serve"]  # type: ignore[index]


def test_the_readme_lists_every_command_and_no_other() -> None:
    told = {code(cells[0]).split()[1] for cells in rows(README.section("Commands"))}
    assert told == set(command_line())


def test_the_readme_lists_every_setting_and_no_other() -> None:
    told = [
        name for cells in rows(README.section("Settings")) for name in re.findall(r"`([A-Z_]+)`", cells[0])
    ]
    assert sorted(told) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_the_readme_lists_every_exit_status() -> None:
    told = {int(cells[0]) for cells in rows(README.section("Exit status"))}
    assert told == {status.value for status in Exit}


def test_the_readme_leads_to_every_page() -> None:
    linked = {(README.path.parent / link.to.partition("#")[0]).resolve() for link in README.links()}
    assert {each.path for each in pages() if each.path.parent.name == "docs"} <= linked


def test_contributing_lists_every_target_of_make() -> None:
    told = {code(cells[0]).split()[1] for cells in rows(page("CONTRIBUTING.md").section("Make targets"))}
    assert told == make_targets()


def test_every_guarantee_names_its_tests_and_what_has_none_is_listed_apart() -> None:
    guarantees = page("docs/guarantees.md")
    open_ones = guarantees.section("Not yet proven")
    proven = [cells for cells in rows(guarantees.text) if cells not in list(rows(open_ones))]
    assert len(proven) > 20
    for cells in proven:
        assert "::test_" in cells[-1], cells[0]
    assert "::test_" not in open_ones
