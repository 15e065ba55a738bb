"""Tables of the ledger, one module per reason to change them."""

from importlib import import_module
from pkgutil import iter_modules

import sqlalchemy as sa


def complete_metadata() -> sa.MetaData:
    """The metadata with every module's tables in it, as migrations need it."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    metadata: sa.MetaData = import_module(f"{__name__}.base").metadata
    return metadata
