"""Words by which people and other models judge a lead, as opposed to what a lead is or does.

A column that mostly holds such words was written after somebody had looked at the lead: a call's outcome, an
opinion, a stage. "High" and "hot" are left out on purpose: a form may ask for a priority or a budget.
"""

import re

import polars as pl

JUDGEMENT = re.compile(
    r"\b(not sure|might be|may ?be|worst|relevance|potential lead|(un|dis)?qualified|not eligible|not interested"
    r"|interested in other|already a|will revert|follow(ed)? ?up|ringing|switched off|hang ?up|busy|no answer"
    r"|voice ?mail|call ?back|(invalid|wrong) number|not doing|closed|lost to|won|nurture|recycled?|rejected|accepted"
    r"|junk|bad fit|good fit|sql|opportunity|negotiation|proposal)\b"
)

NAMED = re.compile(r"\b(lead|sales|rep|prospect)[ _]?(quality|profile|status|stage|rating|grade|verdict)\b")
"""Names of columns in which sales says what it thinks of a lead."""


def judged_share(values: pl.Series) -> tuple[float, str]:
    """Share of filled cells that hold a judgement, and the commonest such value."""
    counts = values.drop_nulls().value_counts(name="n").sort("n", values.name, descending=[True, False])
    filled = counts["n"].sum()
    found = [(text, n) for text, n in counts.iter_rows() if JUDGEMENT.search(text)]
    return (sum(n for _, n in found) / filled, found[0][0]) if found else (0.0, "")
