"""Which attributes of a person are evidence when somebody changes them."""

from collections.abc import Iterable

from engine.reasons import reads
from schemas.playbook.lifecycle import Lifecycle


def attributes_read(rules: Lifecycle, fit_conditions: Iterable[str]) -> frozenset[str]:
    """The attributes that a fit rule, a trigger or an exclusion reads: only their change is an act that may open a
    cycle. Scores may be among the names; they are derived and never change by themselves."""
    texts = [
        *fit_conditions,
        *(trigger.person for trigger in rules.triggers if trigger.person),
        *(exclusion.when for exclusion in rules.exclude if exclusion.when),
    ]
    return frozenset(name for text in texts for name in reads(text))
