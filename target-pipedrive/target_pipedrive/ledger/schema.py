"""Tables of the ledger, and how an older ledger becomes a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
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

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION = 3
"""Version of the tables below; a ledger with a higher one was written by a newer release."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("outcome", Text),
    Column("counts", Text),
)

links = Table(
    "links",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("pipedrive_id", String, nullable=False),
    Column("handle", String, nullable=False),
    Column("created", Boolean, nullable=False),
    Column("sent", Text),
    Column("run", String, nullable=False),
    Column("written_at", Float, nullable=False),
    Index("links_by_record", "stream", "id"),
    Index("links_by_pipedrive_id", "object", "pipedrive_id"),
)
"""What became what. `pipedrive_id`: text, for leads have UUIDs (since version 3).
`handle`: what references use (a type's key_string, else the id).
`created`: we made it, so we may delete it. `sent`: fingerprint of each key as last sent;
NULL when that is not known and everything must be sent once more."""

intents = Table(
    "intents",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("announced_at", Float, nullable=False),
)
"""Creates that were announced and whose outcome has not been written down yet."""

before = Table(
    "before",
    metadata,
    Column("object", String, primary_key=True),
    Column("pipedrive_id", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("run", String, nullable=False),
)
"""What stood in objects of others before we changed them, key by key."""

kept = Table(
    "kept",
    metadata,
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("parent", String),
    Column("data", LargeBinary, nullable=False),
    Index("kept_by_parent", "stream", "parent"),
)
"""Source records that others are computed from: parents, children rolled up, lookups."""

merged = Table(
    "merged",
    metadata,
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("survivor", String, nullable=False),
    Index("merged_by_survivor", "stream", "survivor"),
)
"""Records that were merged into others at the source."""

dirty = Table(
    "dirty",
    metadata,
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
)
"""Kept records that must be evaluated again because something they depend on changed."""

lookups = Table(
    "lookups",
    metadata,
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("by_stream", String, primary_key=True),
    Column("by_id", String, primary_key=True),
    Index("lookups_by_user", "by_stream", "by_id"),
)
"""Which kept record was evaluated with the help of which other record."""

seen = Table(
    "seen",
    metadata,
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("streams", Text, nullable=False),
    Column("until", Float),
    Column("made", Text, nullable=False),
)
"""Records that stand as they were read last, and what that depended on (since version 2)."""

rejects = Table(
    "rejects",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("run", String, nullable=False),
    Column("rejected_at", Float, nullable=False),
    Column("tries", Integer, nullable=False),
)
"""Records that could not be written, whole, with the reason."""

tokens = Table(
    "tokens",
    metadata,
    Column("day", String, primary_key=True),
    Column("operation", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
)

bindings = Table(
    "bindings",
    metadata,
    Column("object", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("type", String, nullable=False),
)
"""Labels of custom fields → Pipedrive's hash keys, so that a renamed field is still found."""

signs = Table(
    "signs",
    metadata,
    Column("object", String, primary_key=True),
    Column("pipedrive_id", String, primary_key=True),
    Column("sign", String, primary_key=True),
    Index("signs_by_sign", "object", "sign"),
)
"""What stands in Pipedrive, by all signs that a row can be recognised by."""


_IS_VERSION = (meta.c.name == "version",)

_TEXT_IDS = 3
"""Version since which Pipedrive's ids are kept as text."""


def prepare(connection: Connection) -> None:
    """Create or migrate the tables, in one transaction with the record of it.

    Raises:
        SettingsError: The ledger was written by a newer release.
    """
    if inspect(connection).has_table("meta"):
        version = select(meta.c.value).where(*_IS_VERSION)
        found = int(connection.execute(version).scalar_one())
        if found > VERSION:
            raise SettingsError(
                f"The ledger has version {found}, this release of target-pipedrive knows up to "
                f"{VERSION}. Install the release that wrote it, or name another `ledger`."
            )
        if found < VERSION:
            metadata.create_all(connection)  # what a version added
            if found < _TEXT_IDS:
                for table in (links, before, signs):
                    _make_anew(connection, table)
            connection.execute(meta.update().where(*_IS_VERSION).values(value=str(VERSION)))
        return
    metadata.create_all(connection)
    connection.execute(meta.insert().values(name="version", value=str(VERSION)))


def _make_anew(connection: Connection, table: Table) -> None:
    """Give a table its present columns and keep its rows.

    SQLite cannot change a column's type, so the rows move to a new table of the same name.
    """
    names = ", ".join(column.name for column in table.columns)
    values = ", ".join(
        f"CAST({column.name} AS VARCHAR)" if column.name == "pipedrive_id" else column.name
        for column in table.columns
    )
    former = f"former_{table.name}"
    for index in table.indexes:
        index.drop(connection, checkfirst=True)
    connection.execute(text(f"ALTER TABLE {table.name} RENAME TO {former}"))
    if connection.dialect.name == "postgresql":  # names of constraints are the schema's there
        connection.execute(
            text(f"ALTER TABLE {former} RENAME CONSTRAINT {table.name}_pkey TO {former}_pkey")
        )
    table.create(connection)
    connection.execute(
        text(f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {former}")  # noqa: S608 - our own names
    )
    connection.execute(text(f"DROP TABLE {former}"))
