"""How an older ledger becomes a newer one.

A step changes the tables as they stand in the ledger, never as `schema` describes them today:
what a step does must not change when later versions do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)

from target_pipedrive.errors import SettingsError
from target_pipedrive.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

_VERSION = (schema.meta.c.name == "version",)


@dataclass(frozen=True, slots=True)
class Step:
    """What makes a ledger of the version before into one of this version.

    Args:
        version: The version it makes.
        run: Makes it.
    """

    version: int
    run: Callable[[Connection], None]


def prepare(connection: Connection, steps: Sequence[Step] | None = None) -> None:
    """Create or migrate the tables, in one transaction with the record of it.

    Args:
        connection: Without an open transaction.
        steps: All steps there are; those of this release by default.

    Raises:
        SettingsError: The ledger was written by a newer release.
    """
    with connection.begin():
        if connection.dialect.name == "sqlite":  # Python begins no transaction for a CREATE
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        _bring_up(connection, STEPS if steps is None else steps)


def found_version(connection: Connection) -> int | None:
    """Return the version of a ledger; None for a database without one."""
    if not inspect(connection).has_table(schema.meta.name):
        return None
    return int(connection.execute(select(schema.meta.c.value).where(*_VERSION)).scalar_one())


def _bring_up(connection: Connection, steps: Sequence[Step]) -> None:
    found = found_version(connection)
    if found is None:
        schema.metadata.create_all(connection)
        row = {"name": "version", "value": str(schema.VERSION)}
        connection.execute(schema.meta.insert().values(row))
        return
    if found > schema.VERSION:
        raise SettingsError(
            f"The ledger has version {found}, this release of target-pipedrive knows up to "
            f"{schema.VERSION}. Install the release that wrote it, or name another `ledger`."
        )
    for step in steps:
        if step.version > found:
            step.run(connection)
            made = {"value": str(step.version)}
            connection.execute(schema.meta.update().where(*_VERSION).values(made))


def _remember_what_stands(connection: Connection) -> None:
    """Version 2: what needs no second look."""
    Table(
        "seen",
        MetaData(),
        Column("stream", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("digest", LargeBinary, nullable=False),
        Column("streams", Text, nullable=False),
        Column("until", Float),
        Column("made", Text, nullable=False),
    ).create(connection)


def _keep_ids_as_text(connection: Connection) -> None:
    """Version 3: leads have UUIDs."""
    for table in ("links", "before", "signs"):
        _make_text(connection, table, "pipedrive_id")


def _let_people_decide(connection: Connection) -> None:
    """Version 4: since when a record is rejected, and which are not to be tried again."""
    connection.execute(text("ALTER TABLE rejects ADD COLUMN since FLOAT"))
    connection.execute(text("UPDATE rejects SET since = rejected_at"))
    Table(
        "dropped",
        MetaData(),
        Column("object", String, primary_key=True),
        Column("stream", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("code", String, nullable=False),
        Column("who", String, nullable=False),
        Column("dropped_at", Float, nullable=False),
    ).create(connection)


def _know_options(connection: Connection) -> None:
    """Version 5: options that somebody renamed."""
    Table(
        "options",
        MetaData(),
        Column("object", String, primary_key=True),
        Column("field", String, primary_key=True),
        Column("label", String, primary_key=True),
        Column("option_id", String, nullable=False),
    ).create(connection)


def _know_signs_sent(connection: Connection) -> None:
    """Version 6: by which signs creates are recognised, and which were sent more than once."""
    connection.execute(text("ALTER TABLE intents ADD COLUMN sign TEXT"))
    Table(
        "resent",
        MetaData(),
        Column("object", String, primary_key=True),
        Column("sign", String, primary_key=True),
        Column("sent_at", Float, nullable=False),
    ).create(connection)


def _keep_an_audit_log(connection: Connection) -> None:
    """Version 7: what was done to which record, from now on."""
    words = (
        "at",
        "run",
        "action",
        "stream",
        "id",
        "part",
        "object",
        "pipedrive_id",
        "code",
        "hash",
    )
    Table(
        "audit",
        MetaData(),
        Column("seq", Integer, primary_key=True, autoincrement=False),
        *(Column(word, String, nullable=False) for word in words),
    ).create(connection)
    Table(
        "standings",
        MetaData(),
        *(Column(word, String, primary_key=True) for word in ("object", "stream", "id", "part")),
        Column("standing", String, nullable=False),
    ).create(connection)


def _know_what_was_written(connection: Connection) -> None:
    """Version 8: by what is told whether somebody changed a row since we wrote it."""
    connection.execute(text("ALTER TABLE links ADD COLUMN trace TEXT"))
    connection.execute(text("ALTER TABLE before ADD COLUMN written TEXT"))
    connection.execute(text("ALTER TABLE before ADD COLUMN written_by VARCHAR"))


def _make_text(connection: Connection, name: str, column: str) -> None:
    """Make a column of numbers one of text, and keep its rows."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {name} ALTER COLUMN {column} TYPE VARCHAR"))
        return
    # SQLite cannot change a column's type: the rows move to a new table of the same name.
    table = Table(name, MetaData(), autoload_with=connection)
    for index in table.indexes:
        index.drop(connection)
    connection.execute(text(f"ALTER TABLE {name} RENAME TO former_{name}"))
    table.c[column].type = String()
    table.create(connection)
    names = ", ".join(table.c.keys())
    values = names.replace(column, f"CAST({column} AS VARCHAR)")
    connection.execute(text(f"INSERT INTO {name} ({names}) SELECT {values} FROM former_{name}"))  # noqa: S608 - our own names
    connection.execute(text(f"DROP TABLE former_{name}"))


STEPS: tuple[Step, ...] = (
    Step(2, _remember_what_stands),
    Step(3, _keep_ids_as_text),
    Step(4, _let_people_decide),
    Step(5, _know_options),
    Step(6, _know_signs_sent),
    Step(7, _keep_an_audit_log),
    Step(8, _know_what_was_written),
)
