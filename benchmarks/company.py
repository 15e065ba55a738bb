"""The simulated company that a benchmark syncs with, and the settings of a sync with it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from flows.local.simulated import Simulated, simulator
from flows.settings import PREFIX, Settings

HASTE = {"calls_per_20_seconds: 50": "calls_per_20_seconds: 100"}
"""The simulated subscription has no other integration: all its calls are ours."""


@dataclass(frozen=True)
class Scene:
    """What a phase works on: the size, a folder with playbook and ledger, the running simulator if there is one."""

    people: int
    folder: Path
    company: Simulated | None = None

    def settings(self, *, live: bool) -> Settings:
        """Of a sync of this ledger; `live`: it writes."""
        assert self.company is not None
        values: dict[str, Any] = {
            name.removeprefix(PREFIX).lower(): value for name, value in self.company.env.items()
        }
        since = datetime.fromisoformat(values.pop("live_since"))
        return Settings(
            _env_file=None,
            **values,
            database_url=SecretStr(self.database_url),
            playbook=self.folder / "playbook",
            live_since=since if live else None,
        )

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'ledger.db'}"

    def as_json(self) -> str:
        company = asdict(self.company) if self.company else None
        return json.dumps({"people": self.people, "folder": str(self.folder), "company": company})

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        found = json.loads(text)
        company = Simulated(**found["company"]) if found["company"] else None
        return cls(found["people"], Path(found["folder"]), company)


def furnish(folder: Path) -> None:
    """The default playbook, in haste."""
    shutil.copytree("playbook", folder / "playbook")
    path = folder / "playbook" / "platforms.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in HASTE.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@contextmanager
def with_company(people: int, folder: Path) -> Iterator[Scene]:
    """A scene with a simulator of its own, a process that ends with the block."""
    with simulator("--people", str(people), "--seed", "1") as company:
        yield Scene(people, folder, company)
