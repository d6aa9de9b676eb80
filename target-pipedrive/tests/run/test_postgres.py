"""Whole runs with a ledger in PostgreSQL."""

from __future__ import annotations

import io
import threading
import time

import pytest

from target_pipedrive.errors import LedgerLost, SettingsError
from target_pipedrive.ledger import Ledger, lock
from target_pipedrive.target import TargetPipedrive

from .conftest import script

END_CONNECTIONS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and application_name = 'target-pipedrive'"
)


def patients(first, number):
    """Return messages of so many patients."""
    records = [
        {"id": str(first + at), "first_name": "Pat", "last_name": f"No {first + at}"}
        for at in range(number)
    ]
    return [
        *({"type": "RECORD", "stream": "patients", "record": record} for record in records),
        {"type": "STATE", "value": {"patients": number}},
    ]


def test_a_ledger_in_postgresql_does_what_one_in_a_file_does(loader, account, postgres):
    first, *others = [loader.load(run, ledger=postgres.url) for run in script("missing_parent")]
    assert first.codes() == {"individual_appointments/1301": "parent_missing"}
    assert others[-1].codes() == {}
    assert len(account.activities("1301")) == 1
    again = loader.load(script("missing_parent")[-1], ledger=postgres.url)
    assert again.writes == []
    assert again.summary["done"] == {"person unchanged": 1}


def test_a_lost_connection_ends_the_run_and_the_next_one_goes_on(
    loader, account, sandbox, postgres
):
    messages = patients(990_000, 60)
    loader.load(messages[:1] + messages[-1:], ledger=postgres.url)  # fields are made
    sandbox.fault(api="pipedrive", kind="slow", seconds=0.4, path="/persons", method="POST")

    def cut_when_under_way():
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if int(postgres.query("select count(*) from intents")[0]) > 0:
                break
            time.sleep(0.05)
        postgres.query(END_CONNECTIONS)

    cutting = threading.Thread(target=cut_when_under_way)
    cutting.start()
    try:
        run = loader.attempt(messages, ledger=postgres.url)
    finally:
        cutting.join()
        sandbox.clear_faults()
    assert isinstance(run.error, LedgerLost)
    assert run.error.exit_code == 1
    assert "run again" in str(run.error)
    assert run.states == [], "nothing is told as done that the ledger does not hold"
    assert int(postgres.query("select count(*) from links where object = 'person'")[0]) < 60

    again = loader.load(messages, ledger=postgres.url)
    assert again.codes() == {}
    for message in messages[:-1]:
        assert len(account.people(message["record"]["id"])) == 1


def test_a_second_loader_does_not_write(loader, postgres, monkeypatch):
    monkeypatch.setattr(lock.lock_database, "__kwdefaults__", {"wait": 0.3})
    first = Ledger(postgres.url, "first")
    run = loader.attempt(patients(980_000, 1), ledger=postgres.url)
    assert isinstance(run.error, SettingsError)
    assert "Another loader is writing with the ledger postgresql" in str(run.error)
    assert run.writes == []
    first.close()
    loader.load(patients(980_000, 1), ledger=postgres.url)


def test_a_connection_lost_while_the_tap_is_silent_ends_the_run_at_once(loader, postgres):
    """Nobody waits for the next record to learn that the ledger is gone."""

    class Silent(io.StringIO):
        def __next__(self):
            for _ in range(200):
                time.sleep(0.1)
            raise StopIteration

    def cut():
        time.sleep(1.5)
        postgres.query(END_CONNECTIONS)

    config = loader.settings | {"ledger": postgres.url}
    target = TargetPipedrive(config=config, parse_env_config=False)
    cutting = threading.Thread(target=cut)
    cutting.start()
    began = time.monotonic()
    with pytest.raises(LedgerLost):
        target.load(Silent())
    cutting.join()
    assert time.monotonic() - began < 15
