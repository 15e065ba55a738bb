"""For those who change a table: `python -m ledger.migrations "what changes"` writes the next revision.

It compares the tables in the code with an empty ledger at the newest revision. Read what it wrote: a renamed column
looks like one that went and one that came. SQLite alters a column only in a batch (`op.batch_alter_table`).
`python -m ledger.migrations --first` writes the first revision anew, as long as no release has carried it out.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ledger import migrate, views
from ledger.open import Ledger

VERSIONS = migrate.SCRIPTS / "versions"


def write_next(message: str) -> Path:
    """Writes the revision that leads from the newest one to the tables of the code."""
    number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder, Ledger.open(f"sqlite:///{folder}/empty.db") as ledger:
        return _write(ledger.engine, migrate.config(), message, f"{number:04}")


def write_first() -> Path:
    """Replaces the first revision by one that makes all tables of the code."""
    with tempfile.TemporaryDirectory() as folder:
        made = migrate.config()
        made.set_main_option("version_locations", folder)
        engine = sa.create_engine(f"sqlite:///{folder}/empty.db")
        written = _write(engine, made, "All tables of the first release.", "0001")
        engine.dispose()
        return Path(shutil.move(written, VERSIONS / "0001_first.py"))


def _write(engine: sa.Engine, made: Config, message: str, number: str) -> Path:
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with engine.begin() as connection:
        views.drop(connection)
        made.attributes["connection"] = connection
        script = command.revision(made, message, autogenerate=True, rev_id=number)
    assert script is not None
    assert not isinstance(script, list)
    path = Path(script.path)
    path.write_text(
        "".join(line for line in path.read_text().splitlines(keepends=True) if "# ###" not in line)
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=False)  # noqa: S603
    return path


if __name__ == "__main__":
    words = sys.argv[1:]
    made_at = write_first() if words == ["--first"] else write_next(" ".join(words) or "Change of tables")
    sys.stdout.write(f"{made_at}\n")
