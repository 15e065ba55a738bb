"""Opening, migrating and binding a ledger."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ledger.bulk import driver
from ledger.errors import LedgerError, NotMigrated, Unreachable, WrongBinding
from ledger.migrate import SCRIPTS
from ledger.open import Ledger
from ledger.tables import complete_metadata
from ledger.tables.operations import secrets
from schemas.vocabulary import Platform, Silo

FULL = 2  # of SQLite's PRAGMA synchronous


def test_upgrading_from_empty_makes_exactly_the_tables_of_the_code(database_url: str) -> None:
    with Ledger.open(database_url) as ledger:
        ledger.upgrade()
        with ledger.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            missing = compare_metadata(context, complete_metadata())
            assert missing == [], "write a revision: `python -m ledger.migrations` says how"
            assert connection.scalar(sa.text("SELECT count(*) FROM scores")) == 0
        assert ledger.revision() == ledger.head()


def test_no_revision_depends_on_todays_tables() -> None:
    """A revision that asked the code for its tables would make other ones tomorrow."""
    for path in sorted((SCRIPTS / "versions").glob("[0-9]*.py")):
        assert "ledger" not in path.read_text(), path.name


def test_an_empty_database_that_nobody_upgraded_refuses_work(database_url: str) -> None:
    with Ledger.open(database_url) as ledger:
        if ledger.engine.dialect.name == "sqlite":
            with ledger.read() as connection:
                assert connection.scalar(sa.text("SELECT 1")) == 1  # a fresh file is made ready by itself
            return
        with pytest.raises(NotMigrated, match=r"holds no ledger yet.*upgrade"), ledger.read():
            pass


def test_two_that_upgrade_at_once_both_find_a_ready_ledger(database_url: str) -> None:
    faults: list[BaseException] = []

    def upgrade() -> None:
        try:
            with Ledger.open(database_url) as ledger:
                ledger.upgrade()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_ledger_bound_to_one_org_refuses_another(ledger: Ledger) -> None:
    ledger.bind(Platform.SALESFORCE, "00D000000000001")
    ledger.bind(Platform.SALESFORCE, "00D000000000001")
    ledger.bind(Platform.MARKETO, "123-ABC-456")
    with pytest.raises(WrongBinding, match=r"00D000000000001.*00D000000000002"):
        ledger.bind(Platform.SALESFORCE, "00D000000000002")


def test_what_must_outlive_a_loss_of_power_waits_for_the_disk_and_nothing_else_does(tmp_path: Path) -> None:
    def waited(**options: bool) -> bool:
        with ledger.begin(None, **options) as tx:
            return int(driver(tx.connection).execute("PRAGMA synchronous").fetchone()[0]) == FULL

    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        assert [waited(), waited(on_disk=True), waited()] == [False, True, False]


def test_a_secret_is_made_once_and_stays(ledger: Ledger) -> None:
    assert ledger.secret("erasures") == ledger.secret("erasures")
    assert ledger.secret("erasures") != ledger.secret("other")


@pytest.mark.parametrize("url", ["sqlite://", "mysql://host/x", "no url", "sqlite:////nowhere/at/all/x.db"])
def test_a_url_that_can_be_no_ledger_is_one_clear_error(url: str) -> None:
    with pytest.raises(LedgerError):
        Ledger.open(url)


def test_an_unreachable_server_is_one_clear_error_without_the_password() -> None:
    with pytest.raises(LedgerError, match="can't be used") as raised:
        Ledger.open("postgresql://somebody:hidden@127.0.0.1:9/none")
    assert "hidden" not in str(raised.value)


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, only some notes of a reasonable length" * 30)
    with pytest.raises(Unreachable, match=r"notes.txt can't be used: file is not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/notes.txt")


def test_a_file_that_another_program_keeps_locked_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.sqlite_files.PATIENCE_MS", 50)
    with (
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger,
        sqlite3.connect(tmp_path / "ledger.db") as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match=r"database is locked.*no other program"), ledger.begin(None):
            pass
        other.rollback()
        with ledger.begin(None):
            pass
    other.close()


def test_who_opens_or_upgrades_a_file_that_is_locked_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.sqlite_files.PATIENCE_MS", 50)
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Ledger.open(url) as ledger, pytest.raises(Unreachable, match=r"database is locked"):
            ledger.upgrade()
        other.execute("ROLLBACK")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unreachable, match=r"database is locked"):
            Ledger.open(url)


def test_a_damaged_file_is_one_clear_error_also_where_the_damage_is_met_later(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
            keys = [f"{number:04}" for number in range(5000)]
            tx.insert(secrets, pl.DataFrame({"name": keys, "value": "x" * 100}))
        with ledger.read() as connection:
            root = "SELECT rootpage * 4096 FROM sqlite_master WHERE name = 'secrets'"
            place = connection.scalar(sa.text(root))
    with path.open("r+b") as file:
        file.seek(place - 4096)
        file.write(b"\xff" * 4096)
    with Ledger.open(f"sqlite:///{path}") as ledger:
        with pytest.raises(Unreachable, match=r"malformed"), ledger.read() as connection:
            connection.execute(sa.select(secrets)).all()
        with pytest.raises(Unreachable, match=r"malformed"), ledger.begin(None) as tx:
            tx.connection.execute(sa.select(secrets)).all()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_role_without_the_rights_is_one_clear_error(database_url: str) -> None:
    owner = sa.create_engine(sa.make_url(database_url).set(drivername="postgresql+psycopg"))
    theirs = sa.make_url(database_url).set(username="clerk").render_as_string(hide_password=False)
    with owner.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE clerk LOGIN")
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        with Ledger.open(theirs) as ledger, pytest.raises(Unreachable, match=r"permission denied for schema"):
            ledger.upgrade()
        with Ledger.open(database_url) as ledger:
            ledger.upgrade()
        with pytest.raises(Unreachable, match=r"permission denied for table"):
            Ledger.open(theirs)
        with owner.begin() as connection:
            connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk")
        with Ledger.open(theirs) as ledger:
            with ledger.read():
                pass
            with pytest.raises(Unreachable, match=r"permission denied for table binding"):
                ledger.try_writing()
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY clerk")
            connection.exec_driver_sql("DROP ROLE clerk")
        owner.dispose()


def test_trying_to_write_changes_nothing(ledger: Ledger) -> None:
    ledger.bind(Platform.MARKETO, "123-ABC-456")
    ledger.try_writing()
    assert ledger.bound_to(Platform.MARKETO) == "123-ABC-456"


def test_a_ledger_made_by_a_newer_version_is_left_alone(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotMigrated, match=r"revision 9999.*a newer mqlflow"), ledger.read():
        pass


def test_an_older_ledger_says_that_it_must_be_upgraded(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.migrate.head", lambda: "0002")
    with (
        pytest.raises(NotMigrated, match=r"is at revision 0001; run `mqlflow upgrade` to bring it to 0002"),
        ledger.begin(None),
    ):
        pass
