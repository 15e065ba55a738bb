"""What of the playbook says how raw values become attributes."""

from engine.data.attributes import AttributeRules
from schemas.playbook.load import Playbook


def attribute_rules(playbook: Playbook) -> AttributeRules:
    """The data silo's rules as `engine.data.attributes` takes them."""
    return AttributeRules(playbook.data, playbook.platforms.extra, playbook.lifecycle.counted_opportunities)
