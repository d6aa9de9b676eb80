"""A copy holds what the ledger holds, takes no part in it, and is gone afterwards."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import Ledger, Link, LinkKey, schema
from target_pipedrive.ledger.copy import LedgerCopy

KEY = LinkKey("person", "patients", "1")
LINK = Link(KEY, "5", "5", created=True, sent={"name": "abc"})
OTHER = LinkKey("person", "patients", "2")


@pytest.fixture
def filled(url):
    ledger = Ledger(url, "run 1")
    ledger.links.put(LINK)
    ledger.kept.put("patients", "1", None, {"id": "1", "first_name": "Zoë"})
    ledger.book.note("company", "7")
    ledger.book.add_tokens({"person.create": (1, 5)})
    ledger.rejects.put("file", "notes", "9", code="no_key", detail="d", record={"id": "9"})
    ledger.close()
    return url


def rows(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(map(repr, connection.execute(table.select())))
            for name, table in schema.metadata.tables.items()
        }
    engine.dispose()
    return found


def test_a_copy_holds_everything_and_changes_nothing(filled, tmp_path):
    before = rows(filled)
    copy = LedgerCopy(filled, "run 2", tmp_path)
    path = Path(copy.place.name) / "ledger.db"
    assert rows(f"sqlite:///{path}") == before
    assert copy.links.get(KEY) == LINK
    assert copy.kept.get("patients", "1") == {"id": "1", "first_name": "Zoë"}
    assert copy.book.tokens_today() == 5
    assert [reject.id for reject in copy.rejects.all()] == ["9"]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    copy.links.put(Link(OTHER, "6", "6", created=True, sent=None))
    copy.links.forget(KEY)
    copy.close()
    assert not path.parent.exists()
    assert rows(filled) == before


def test_a_copy_is_made_beside_the_one_who_writes(filled, tmp_path):
    writer = Ledger(filled, "run 2")
    writer.links.put(Link(OTHER, "6", "6", created=True, sent=None))
    copy = LedgerCopy(filled, "run 3", tmp_path)
    assert copy.links.get(OTHER) is None, "it was not written down yet"
    copy.close()
    writer.close()


def test_tables_can_be_left_empty(filled, tmp_path):
    copy = LedgerCopy(filled, "run 2", tmp_path, without={"links"})
    assert copy.links.get(KEY) is None
    assert copy.book.noted("company") == "7"
    copy.close()


def test_an_old_ledger_is_copied_without_being_changed(tmp_path):
    path = tmp_path / "old.db"
    engine = create_engine(f"sqlite:///{path}")
    words = (Path(__file__).parent / "data" / "version-1.sql").read_text()
    with engine.begin() as connection:
        for statement in words.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    before = path.read_bytes()
    copy = LedgerCopy(f"sqlite:///{path}", "run 2", tmp_path)
    assert copy.book.noted("version") == str(schema.VERSION)
    copy.close()
    after = path.read_bytes()
    assert after[100:] == before[100:]  # all but the header, which tells of the write-ahead log


def test_a_ledger_that_is_not_there(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(SettingsError, match="There is no ledger at"):
        LedgerCopy(url, "run 1", tmp_path)
    copy = LedgerCopy(url, "run 1", tmp_path, or_empty=True)
    assert copy.links.get(KEY) is None
    copy.close()
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_none_is_told(tmp_path):
    with pytest.raises(SettingsError, match="no usable SQLAlchemy URL"):
        LedgerCopy("nonsense", "run 1", tmp_path)
