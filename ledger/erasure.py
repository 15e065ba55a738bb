"""How the ledger knows again whom it was asked to forget, without keeping who that was.

Of each e-mail address and each platform record a keyed hash stays. The key never leaves the ledger, so a list of
addresses can't be tried against the hashes outside it.
"""

import hashlib
import hmac
from collections.abc import Iterable

import sqlalchemy as sa

from ledger.frames import among
from ledger.tables.operations import erasures, secrets
from schemas.vocabulary import Platform

KEY = "erasures"  # name of the ledger's secret


def key_of(connection: sa.Connection) -> bytes | None:
    """The key of this ledger's hashes; None: nobody was ever forgotten, so there is nothing to look for."""
    if connection.scalar(sa.select(erasures.c.hash).limit(1)) is None:
        return None
    value = connection.scalar(sa.select(secrets.c.value).where(secrets.c.name == KEY))
    return None if value is None else bytes.fromhex(value)


def email_hash(key: bytes, email: str) -> str:
    """Of an address, however it is written."""
    return _hash(key, f"email:{email.strip().lower()}")


def record_hash(key: bytes, platform: Platform | str, native_id: str) -> str:
    """Of a platform's record about a human. Its object isn't part of it: activities don't name one."""
    return _hash(key, f"record:{platform}:{native_id}")


def is_erased(connection: sa.Connection, hashes: Iterable[str]) -> set[str]:
    """Those of the hashes that stand for somebody forgotten."""
    chosen = sa.select(erasures.c.hash).where(among(erasures.c.hash, hashes))
    return set(connection.scalars(chosen))


def _hash(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
