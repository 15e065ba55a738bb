"""PHP-serialised form fields as Marketo writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.marketo.form_fields import form_fields

TEXT = 'a:3:{s:6:"Budget";s:4:"10 €";s:4:"Note";s:10:"a "q"; {b}";s:4:"Page";i:12;}'


def test_values_are_read_by_their_lengths_in_bytes() -> None:
    fixed = TEXT.replace('s:4:"10 €"', 's:6:"10 €"')
    assert form_fields(fixed) == {"Budget": "10 €", "Note": 'a "q"; {b}', "Page": "12"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Budget=10",
        "a:1:{",
        TEXT,
        TEXT[:40],
        "N;",
        'a:1:{s:9999999:"x";N;}',
        "a:1:{i:1;i:2",
        "a:1:{i:0;" * 5000,
        "\ud800",
    ],
)
def test_what_is_cut_off_or_something_else_is_not_read(text: str) -> None:
    assert form_fields(text) is None


def test_nested_values_and_nulls_are_left_out() -> None:
    assert form_fields('a:3:{s:1:"a";N;s:1:"b";a:1:{i:0;s:1:"x";}s:1:"c";b:1;}') == {"c": "1"}


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_whatever_was_entered_is_read_back(entered: dict[str, str]) -> None:
    def php(text: str) -> str:
        return f's:{len(text.encode())}:"{text}";'

    body = "".join(php(key) + php(value) for key, value in entered.items())
    assert form_fields(f"a:{len(entered)}:{{{body}}}") == entered


@given(st.text(max_size=60))
def test_no_text_whatever_it_says_breaks_reading(text: str) -> None:
    form_fields(text)
    form_fields("a:1:{" + text + "}")
