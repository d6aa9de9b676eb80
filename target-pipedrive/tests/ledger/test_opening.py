"""One writes, others read; what cannot be opened says what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text, update

from target_pipedrive.errors import LedgerLost, SettingsError
from target_pipedrive.ledger import Ledger, Link, LinkKey, lock, schema

KEY = LinkKey("person", "patients", "1")
LINK = Link(KEY, "5", "5", created=True, sent={})

END_CONNECTIONS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and application_name = 'target-pipedrive'"
)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(lock.lock_file, "__kwdefaults__", {"wait": 0.2})
    monkeypatch.setattr(lock.lock_database, "__kwdefaults__", {"wait": 0.2})


def test_the_files_are_their_owners_alone(tmp_path):
    path = tmp_path / "deep" / "ledger.db"
    ledger = Ledger(f"sqlite:///{path}", "run 1")
    ledger.links.put(LINK)
    asyncio.run(ledger.durable())
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert files == dict.fromkeys(
        ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"], 0o600
    )
    ledger.close()


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "ledger.db"
    Ledger(f"sqlite:///{path}", "run 1").close()
    path.chmod(0o644)
    Ledger(f"sqlite:///{path}", "run 2").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_durable_means_another_process_sees_it(ledger, url):
    async def scenario():
        ledger.links.announce(KEY, "sign", datetime.now(UTC))
        ledger.links.announce(LinkKey("person", "patients", "2"), "sign", datetime.now(UTC))
        await asyncio.gather(ledger.durable(), ledger.durable())

    asyncio.run(scenario())
    engine = create_engine(url)
    with engine.connect() as other:
        assert len(other.execute(schema.intents.select()).all()) == 2
    engine.dispose()


def test_a_second_loader_is_told_to_wait(ledger, url, impatient, caplog):
    with pytest.raises(SettingsError, match="Another loader is writing with the ledger") as raised:
        Ledger(url, "run 2")
    assert "Wait until it has ended" in str(raised.value)
    assert "waiting up to" in caplog.text
    ledger.close()
    Ledger(url, "run 3").close()
    ledger.__init__(url, "run 4")  # the fixture closes it


def test_a_loader_that_was_killed_holds_nothing(url):
    """Its lock goes with its process, whatever it was doing."""
    code = (
        "import sys\nfrom target_pipedrive.ledger import Ledger\n"
        "ledger = Ledger(sys.argv[1], 'run 1')\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as loader:
        assert loader.stdout.readline() == b"open\n"
        loader.kill()
    Ledger(url, "run 2").close()


def test_ledgers_in_two_schemas_of_one_database_do_not_hinder_each_other(postgres, impatient):
    postgres.query("create schema other")
    first = Ledger(postgres.url, "run 1")
    second = Ledger(f"{postgres.url}&options=-csearch_path%3Dother", "run 1")
    first.links.put(LINK)
    assert second.links.get(KEY) is None
    second.close()
    first.close()


def test_readers_see_what_is_durable_beside_the_writer(ledger, url):
    ledger.links.put(LINK)
    asyncio.run(ledger.durable())
    reader = Ledger(url, "", alone=False)
    assert reader.links.get(KEY) == LINK
    with pytest.raises(LedgerLost):
        reader.links.forget(KEY)
    reader.close()
    assert ledger.links.get(KEY) == LINK


def test_a_reader_makes_no_ledger(url):
    with pytest.raises(SettingsError, match="There is no ledger at"):
        Ledger(url, "", alone=False)
    with pytest.raises(SettingsError, match="There is no ledger at"):
        Ledger(url, "", alone=False)


def test_a_ledger_of_a_newer_release_is_refused(url):
    Ledger(url, "run").close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(schema.meta).values(value=str(schema.VERSION + 1)))
    engine.dispose()
    for alone in (True, False):
        with pytest.raises(SettingsError, match="Install the release that wrote it"):
            Ledger(url, "run 2", alone=alone)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("nonsense", "no usable SQLAlchemy URL"),
        ("oracle+nothing://x", "no usable SQLAlchemy URL"),
        ("mysql://u@h/d", "no usable SQLAlchemy URL"),
        ("sqlite:////proc/nowhere/ledger.db", "Check the rights of its folder"),
        ("postgresql://u:Zymurgy@127.0.0.1:1/d", "that the server runs"),
    ],
)
def test_an_unusable_ledger_says_what_to_do(bad, told):
    with pytest.raises(SettingsError, match=told) as raised:
        Ledger(bad, "run")
    assert "Zymurgy" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_may_be_written_as_people_write_it(postgres, scheme):
    Ledger(postgres.url.replace("postgresql+psycopg", scheme), "run").close()
    assert postgres.query("select value from meta where name = 'version'") == [str(schema.VERSION)]


def test_without_the_driver_it_says_how_to_install_it():
    code = (
        "import sys\nsys.modules['psycopg'] = None\n"
        "from target_pipedrive.ledger import Ledger\nLedger('postgresql://u@h/d', 'run')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30
    )
    assert "target-pipedrive[postgres]" in done.stderr


def test_a_connection_that_ends_is_told_and_ends_the_run(postgres):
    ledger = Ledger(postgres.url, "run 1")
    ledger.links.put(LINK)
    asyncio.run(ledger.durable())
    postgres.query(END_CONNECTIONS)
    with pytest.raises(LedgerLost, match="run again") as raised:
        ledger.links.put(LINK)
    assert raised.value.exit_code == 1
    ledger.close()
    again = Ledger(postgres.url, "run 2")
    assert again.links.get(KEY) == LINK
    again.close()


def test_a_full_disk_is_told_and_ends_the_run(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "run 1")
    ledger._database.run(text("PRAGMA max_page_count = 1"))  # no more than there are
    long = LinkKey("person", "patients", "1" * 100_000)
    with pytest.raises(LedgerLost, match="SQLITE_FULL"):
        ledger.links.announce(long, "sign", datetime.now(UTC))
    ledger.close()
    other = sqlite3.connect(tmp_path / "ledger.db")
    assert other.execute("select count(*) from intents").fetchone() == (0,)
    other.close()
