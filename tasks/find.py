"""Finding the one person that somebody means by a text."""

import sqlalchemy as sa

from ledger.facts.find import find_person

SHOWN = 5


class Unknown(Exception):
    """Nobody, or more than one, is meant. The message never repeats an e-mail address."""


def one_person(connection: sa.Connection, text: str) -> str:
    """The key of the living person whom `text` names: ledger key, platform id, cycle key, or e-mail address."""
    found = find_person(connection, text)
    named = "this e-mail address" if "@" in text else repr(text)
    if not found:
        raise Unknown(f"nobody is known by {named}; give a ledger key, a platform id or an e-mail address")
    if len(found) > 1:
        keys = ", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
        raise Unknown(f"{len(found)} people are known by {named}; give one of their keys: {keys}")
    return found[0]
