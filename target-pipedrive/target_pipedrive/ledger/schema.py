"""Tables of the ledger."""

from __future__ import annotations

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
)

VERSION = 8
"""Version of the tables below; a change of them needs a higher one, and a step in `migrations`."""

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
    Column("trace", Text),
    Index("links_by_record", "stream", "id"),
    Index("links_by_pipedrive_id", "object", "pipedrive_id"),
)
"""What became what. `pipedrive_id`: text, for leads have UUIDs (since version 3).
`handle`: what references use (a type's key_string, else the id).
`created`: we made it, so we may delete it. `sent`: fingerprint of each key as last sent;
NULL when that is not known and everything must be sent once more. `trace`: what the row was like
when we wrote it last, see `pipedrive.traces`; NULL when that is not known (since version 8)."""

intents = Table(
    "intents",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("announced_at", Float, nullable=False),
    Column("sign", Text),
)
"""Creates that were announced and whose outcome has not been written down yet. `announced_at`: by
the server's clock. `sign`: by which what it makes is recognised (since version 6)."""

resent = Table(
    "resent",
    metadata,
    Column("object", String, primary_key=True),
    Column("sign", String, primary_key=True),
    Column("sent_at", Float, nullable=False),
)
"""Creates that were sent more than once (since version 6)."""

before = Table(
    "before",
    metadata,
    Column("object", String, primary_key=True),
    Column("pipedrive_id", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("run", String, nullable=False),
    Column("written", Text),
    Column("written_by", String),
)
"""What stood in objects of others before we changed them, key by key. `run`: which changed it
first. `written`, `written_by`: what stands there since, and by which run; NULL when that is not
known (since version 8)."""

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
    Column("since", Float),
)
"""Records that could not be written, whole, with the reason. `since`: rejected first, while
`run` and `rejected_at` tell of the last time (since version 4)."""

dropped = Table(
    "dropped",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("who", String, nullable=False),
    Column("dropped_at", Float, nullable=False),
)
"""Rejected records that a person decided never to try again (since version 4)."""

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

options = Table(
    "options",
    metadata,
    Column("object", String, primary_key=True),
    Column("field", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("option_id", String, nullable=False),
)
"""Labels of a custom field's options → their ids, so that a renamed option is still found
(since version 5)."""

signs = Table(
    "signs",
    metadata,
    Column("object", String, primary_key=True),
    Column("pipedrive_id", String, primary_key=True),
    Column("sign", String, primary_key=True),
    Index("signs_by_sign", "object", "sign"),
)
"""What stands in Pipedrive, by all signs that a row can be recognised by."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("run", String, nullable=False),
    Column("action", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("id", String, nullable=False),
    Column("part", String, nullable=False),
    Column("object", String, nullable=False),
    Column("pipedrive_id", String, nullable=False),
    Column("code", String, nullable=False),
    Column("hash", String, nullable=False),
)
"""What was done to which record; each row's hash covers the row before, too (since version 7)."""

standings = Table(
    "standings",
    metadata,
    Column("object", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("standing", String, nullable=False),
)
"""What lasts and is told in `audit` once: left out, rejected, kept, dropped (since version 7)."""
