"""An older ledger becomes a newer one, with all that it holds, or stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from target_pipedrive.ledger import Ledger, Link, LinkKey, migrations, schema
from target_pipedrive.ledger.migrations import STEPS, Step, found_version, prepare

OLDEST = (Path(__file__).parent / "data" / "version-1.sql").read_text()


@pytest.fixture
def engine(url):
    if path := make_url(url).database if url.startswith("sqlite") else None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def oldest(engine, url):
    words = OLDEST
    if engine.dialect.name == "postgresql":
        words = re.sub(r"X'(\w+)'", r"'\\x\1'", words.replace(" BLOB", " BYTEA"))
    with engine.begin() as connection:
        for statement in words.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    return url


def shape(engine):
    """Describe the tables: columns with types, keys and indexes."""
    found = inspect(engine)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted((i["name"], tuple(i["column_names"])) for i in found.get_indexes(table)),
        )
        for table in sorted(found.get_table_names())
    }


def test_there_is_a_step_for_each_version():
    assert [step.version for step in STEPS] == list(range(2, schema.VERSION + 1))


def test_the_oldest_becomes_the_same_as_a_new_one(oldest, engine):
    Ledger(oldest, "run 1").close()
    migrated = shape(engine)
    with engine.begin() as connection:
        schema.metadata.drop_all(connection)
    Ledger(oldest, "run 1").close()
    assert migrated == shape(engine)


def test_all_that_the_oldest_holds_is_kept(oldest):
    ledger = Ledger(oldest, "run 1")
    first, second = (LinkKey("person", "patients", number) for number in "12")
    assert ledger.links.get(first) == Link(first, "9", "9", created=True, sent={"name": "ab"})
    assert ledger.links.get(second) == Link(second, "10", "10", created=False, sent=None)
    assert ledger.links.announced(LinkKey("person", "patients", "3"))
    assert ledger.kept.get("invoices", "7") == {"total": "5.00"}
    assert ledger.kept.survivor("patients", "4") == "1"
    assert ledger.rejects.record("note", "treatment_notes", "5") == {"id": "5"}
    (reject,) = ledger.rejects.all()
    assert (reject.code, reject.tries, reject.since) == ("refused", 3, 1700000004.5)
    assert ledger.signs.rows("person", "a") == ["9", "10"]
    assert ledger.bindings.fields("person") == {"Occupation": ("abc", "varchar")}
    assert ledger.book.noted("company") == "77"
    before = ledger._database.run(schema.before.select()).one()
    assert (before.pipedrive_id, before.value) == ("10", '"Ann"')
    ledger.close()


def test_a_reader_brings_it_up_to_date_first(oldest):
    reader = Ledger(oldest, "", alone=False)
    assert reader.signs.rows("person", "a") == ["9", "10"]
    reader.close()


def test_what_breaks_halfway_leaves_everything_as_it_was(oldest, engine):
    def break_down(connection):
        connection.execute(text("CREATE TABLE half (id VARCHAR)"))
        connection.execute(text("DELETE FROM links"))
        raise RuntimeError("power cut")

    before = shape(engine)
    with engine.connect() as connection:
        steps = [*STEPS, Step(schema.VERSION + 1, break_down)]
        with pytest.raises(RuntimeError, match="power cut"):
            prepare(connection, steps)
    assert shape(engine) == before
    with engine.connect() as connection:
        assert found_version(connection) == 1
        assert connection.execute(text("SELECT count(*) FROM links")).scalar_one() == 2


def test_a_new_one_needs_no_step(url, monkeypatch):
    monkeypatch.setattr(migrations, "STEPS", ())
    Ledger(url, "run 1").close()
    Ledger(url, "run 2").close()
