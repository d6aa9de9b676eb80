"""The content of a plan: what a rehearsed load did, put in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from target_pipedrive.counts import REASONS
from target_pipedrive.errors import REJECTS
from target_pipedrive.mapping import Context, Options
from target_pipedrive.pipedrive import OBJECTS
from target_pipedrive.pipedrive.registry import FIELDS, fields_home
from target_pipedrive.plan.document import FORM
from target_pipedrive.plan.origins import origins
from target_pipedrive.plan.price import price, rollback
from target_pipedrive.plan.survival import losses, truths
from target_pipedrive.world import LedgerWorld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.counts import Counts
    from target_pipedrive.ledger import Ledger, Reject
    from target_pipedrive.plan.account import Schema
    from target_pipedrive.plan.notes import Notes
    from target_pipedrive.plan.origins import Unread
    from target_pipedrive.plan.rehearsal import Rehearsal
    from target_pipedrive.rooms import Rooms
    from target_pipedrive.settings import Settings

_LISTED = 1_000
"""Rejected records that the file names; the others are counted, and named by the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """All that a rehearsal left.

    Args:
        settings: As they were given.
        rooms: Of the run.
        ledger: The copy, after the run.
        client: With its tally.
        counts: Of the run.
        notes: Of the run.
        unread: Fields that nothing reads.
        schema: Of the account, before.
        used: Object → custom fields that it had before.
    """

    settings: Settings
    rooms: Rooms
    ledger: Ledger
    client: Rehearsal
    counts: Counts
    notes: Notes
    unread: Unread
    schema: Schema
    used: Mapping[str, int]


def content(all_: Rehearsed) -> dict[str, Any]:
    """Return what stands in the plan, but for its hash."""
    settings, account = all_.settings, all_.rooms.account
    rejects = all_.ledger.rejects.all()
    fixed = {
        code
        for spec in all_.rooms.mapping.field_specs()
        if not spec.from_source and (code := all_.rooms.fields.code(spec.object, spec.label))
    }
    return {
        "form": FORM,
        "release": version("target-pipedrive"),
        "made_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "account": {
            "company_id": account.company_id,
            "company": account.company_name,
            "host": all_.client.host,
            "schema": all_.schema,
        },
        "mapping": all_.rooms.mapping.digest.hex(),
        "subscription": settings.subscription,
        "seats": settings.seats,
        "stops": {
            "max_rejects": settings.max_rejects,
            "unmatched_practitioners": settings.stop_on_unmatched,
        },
        "read": dict(sorted(all_.counts.read.items())),
        "make": _make(all_),
        "people": _people(all_),
        "objects": _objects(all_, rejects),
        "left_out": [
            {"stream": stream, "reason": reason, "why": REASONS.get(reason, reason), "records": n}
            for (stream, reason), n in sorted(all_.counts.left_out.items())
        ],
        "rejects": _rejects(rejects),
        "truncated": dict(sorted(all_.counts.truncated.items())),
        "oversized_files": _named(rejects, "file_too_large"),
        "ambiguous": _named(rejects, "ambiguous_match"),
        "cannot_survive": {
            "objects": truths(all_.rooms.mapping),
            "lost": losses(all_.rooms.mapping, is_admin=account.is_admin),
            "fields_that_nothing_reads": all_.unread.counts(),
            "streams_without_a_mapping": sorted(
                all_.counts.read.keys() - all_.rooms.mapping.streams()
            ),
            "other_custom_fields": _other_fields(all_),
        },
        "leaves_the_source": _leaving(all_),
        "price": price(
            all_.client.tally,
            all_.client.limits,
            settings.seats,
            settings.subscription,
            fixed,
        )
        | {"rollback": rollback(all_.ledger)},
    }


def _make(all_: Rehearsed) -> dict[str, Any]:
    """What must be made before, or along with, the first object that needs it."""
    fields, options, homes = [], [], all_.schema["fields"]
    for spec in all_.rooms.mapping.field_specs():
        code = all_.rooms.fields.code(spec.object, spec.label)
        there = homes.get(fields_home(spec.object), {}).get(code)
        wanted = list(spec.options)
        if code is not None:
            wanted = all_.rooms.fields.labels(spec.object, spec.label)
        entry = {
            "object": spec.object,
            "label": spec.label,
            "type": spec.type,
            "options": wanted,
            "from_source": spec.from_source,
            "needed": code is not None,
        }
        if there is None:
            fields.append(entry)
        elif new := [label for label in wanted if label not in there["options"].values()]:
            known = {one.casefold() for one in there["options"].values()}
            if new := [label for label in new if label.casefold() not in known]:
                options.append(entry | {"options": new})
    used, most = sum(all_.used.values()), all_.settings.fields.most
    coming = sum(1 for entry in fields if entry["needed"])
    return {
        "custom_fields": fields,
        "options": options,
        "activity_types": [
            {
                "stream": made.stream,
                "id": made.id,
                "name": made.name,
                "body": made.body,
                "mark": list(made.mark),
            }
            for made in all_.notes.made.get("activity_type", ())
        ],
        "products": [
            {"stream": made.stream, "id": made.id, "name": made.name}
            for made in all_.notes.made.get("product", ())
        ],
        "custom_fields_cap": {
            "most": most,
            "used": used,
            "used_by_object": dict(all_.used),
            "new": coming,
            "left": most - used - coming,
        },
    }


def _people(all_: Rehearsed) -> dict[str, Any]:
    """Who may own something and has no user in Pipedrive."""
    rule = all_.rooms.mapping.user_rule()
    if rule is None:
        return {"unmatched": []}
    world = LedgerWorld(all_.ledger.kept, datetime.now(UTC), None)
    context = Context(world, Options())
    unmatched = []
    for key in all_.rooms.engine.notices.unmatched:
        record = world.lookup(rule.stream, key) or {}
        unmatched.append(
            {
                "stream": rule.stream,
                "id": key,
                "name": record.get("label") or record.get("display_name"),
                "active": record.get("active"),
                "email": rule.email_of(key, context),
                "objects": all_.notes.unmatched[f"{rule.stream}/{key}"],
            }
        )
    return {"unmatched": sorted(unmatched, key=lambda one: (-one["objects"], one["id"]))}


def _objects(all_: Rehearsed, rejects: list[Reject]) -> dict[str, Any]:
    """What is done about each kind of object."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (obj, action), number in all_.counts.done.items():
        found[obj][action] += number
    for reject in rejects:
        if reject.object:
            found[reject.object]["rejected"] += 1
    return {obj: dict(sorted(actions.items())) for obj, actions in sorted(found.items())}


def _rejects(rejects: list[Reject]) -> list[dict[str, Any]]:
    counts = Counter((reject.object, reject.stream, reject.code) for reject in rejects)
    return [
        {
            "object": obj,
            "stream": stream,
            "code": code,
            "records": number,
            "meaning": REJECTS[code].meaning,
            "action": REJECTS[code].action,
            "some": [
                {"id": one.id, "detail": one.detail}
                for one in rejects
                if (one.object, one.stream, one.code) == (obj, stream, code)
            ][:_LISTED],
        }
        for (obj, stream, code), number in sorted(counts.items())
    ]


def _named(rejects: list[Reject], code: str) -> list[dict[str, str]]:
    return [
        {"stream": one.stream, "id": one.id, "object": one.object, "detail": one.detail}
        for one in rejects
        if one.code == code
    ]


def _other_fields(all_: Rehearsed) -> dict[str, Any]:
    """Patient fields of the account that no rule names."""
    choice = all_.rooms.mapping.other_custom_fields
    specs = [
        spec
        for record in all_.ledger.kept.all("public_settings")
        for spec in all_.rooms.mapping.other_fields(record)
    ]
    return {
        "choice": choice,
        "fields": [
            {"object": spec.object, "label": spec.label, "type": spec.type} for spec in specs
        ],
    }


def _leaving(all_: Rehearsed) -> list[dict[str, Any]]:
    """Which keys carry values out of the source, and what feeds them."""
    fed = origins(all_.rooms.mapping)
    names = all_.client.names
    carried: Counter[tuple[str, str]] = Counter()
    for (obj, key), number in all_.client.tally.carried.items():
        carried[obj, names.get(key, key)] += number
    return [
        {"object": obj, "field": name, "fed_by": fed.get((obj, name), []), "objects": number}
        for (obj, name), number in sorted(carried.items(), key=_as_registered)
    ]


def _as_registered(item: tuple[tuple[str, str], int]) -> tuple[int, str]:
    """By kind of object as the registry has them, then by name."""
    obj, name = item[0]
    return ([*OBJECTS].index(obj) if obj in OBJECTS else len(OBJECTS)), name


HOMES = tuple(dict.fromkeys(map(fields_home, FIELDS)))
"""Objects that have custom fields of their own."""
