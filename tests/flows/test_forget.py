"""Forgetting somebody while others have the ledger open."""

from pathlib import Path

from flows import chain
from ledger import lease
from ledger.open import Ledger
from tasks.forget import forget
from tests.flows.told import Company

ADDRESS = "nora@alder1.example"


def test_a_forgotten_value_is_gone_from_the_files_though_somebody_else_has_the_ledger_open(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url) as ledger, Ledger.open(url) as elsewhere:
        ledger.upgrade()
        company = Company(ledger)
        company.person("1", email=ADDRESS)
        company.person("2", email="other@alder2.example")
        company.sync()
        with elsewhere.read():
            pass  # a worker between two runs
        with lease.acquire(ledger, "forget") as held:
            forget(ledger, held.token, ADDRESS, None, chain.wall_clock())
        stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"other@alder2.example" in stored
        assert ADDRESS.encode() not in stored
