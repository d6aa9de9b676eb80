"""What a plan tells in prose and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_pipedrive.pipedrive.registry import FIELDS, fields_home
from target_pipedrive.plan.lines import blockers, lasting
from target_pipedrive.report import Column, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_pipedrive.report import Cell

_KINDS = {group.list.kind: f"custom fields ({fields_home(obj)})" for obj, group in FIELDS.items()}
_MOST_OPTIONS = 12
"""Named in a line."""


def seated(plan: Mapping[str, Any]) -> str:
    """Return the subscription with its seats."""
    seats = plan["seats"]
    return f"{plan['subscription']}, {seats} {'seat' if seats == 1 else 'seats'}"


def sections(plan: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the sections of a plan's page, what matters most first."""
    if stopping := [*blockers(plan)]:
        yield Section("What would stop the load", tuple(stopping), tone="bad")
    yield _price(plan)
    yield from _made(plan)
    yield from _people(plan)
    yield from _not_moved(plan)
    yield from _lost(plan)
    yield _leaving(plan)
    yield Section(
        "What the plan was made for",
        (
            f"Company: {plan['account']['company_id']}. Mapping: {plan['mapping'][:16]}…",
            f"Subscription: {seated(plan)}.",
            f"Hash of the plan: {plan['sha256']}",
        ),
        folded=True,
    )


def _price(plan: Mapping[str, Any]) -> Section:
    price = plan["price"]
    prose = [
        "Reads and writes of the load, by what they are about.",
        "The hours are those of the burst limit, were there tokens for all on one day.",
    ]
    if price["tokens_at_least"] != price["tokens_at_most"]:
        prose.append(
            "Options that come with the data, and lines of a deal, are sent together when records "
            "bring them at the same time; that is why the price has a range."
        )
    others = [
        {
            "subscription": f"{plan['subscription']} (this one)",
            "tokens_a_day": price["tokens_a_day"],
            "days": price["days"],
            "hours_at_the_burst_limit": price["hours_at_the_burst_limit"],
        },
        *price["next_subscriptions"],
    ]
    back = price["rollback"]
    return Section(
        "Price",
        tuple(prose),
        (
            _table(
                "Tokens by object",
                ("Object", "Requests", "Tokens"),
                [
                    (_KINDS.get(obj, obj), one["requests"], one["tokens"])
                    for obj, one in price["by_object"].items()
                ],
            ),
            _table(
                "On which subscription",
                ("Subscription", "Tokens a day", "Days", "At the burst limit"),
                [
                    (
                        one["subscription"],
                        one["tokens_a_day"],
                        one["days"],
                        lasting(one["hours_at_the_burst_limit"]),
                    )
                    for one in others
                ],
            ),
            _table(
                "When each object is complete",
                ("Object", "Day", "At the burst limit", "Requests", "Tokens"),
                [
                    (obj, at["day"], lasting(at["hours"]), at["requests"], at["tokens"])
                    for obj, at in price["complete"].items()
                ],
            ),
            _table(
                "Taking all back, by lists of what stands",
                ("Part", "Tokens"),
                [(name, back[name]) for name in ("deletes", "restores", "lists", "tokens")],
            ),
        ),
    )


def _made(plan: Mapping[str, Any]) -> Iterator[Section]:
    make = plan["make"]
    fields = [one for one in make["custom_fields"] if one["needed"]]
    later = [one for one in make["custom_fields"] if not one["needed"]]
    tables = [
        _table(
            "Custom fields",
            ("Object", "Field", "Type", "Options"),
            [(one["object"], one["label"], one["type"], _some(one["options"])) for one in fields],
        ),
        _table(
            "Options of fields that stand already",
            ("Object", "Field", "New options"),
            [(one["object"], one["label"], _some(one["options"])) for one in make["options"]],
        ),
        _table(
            "Activity types",
            ("Name", "From"),
            [(one["name"], f"{one['stream']}/{one['id']}") for one in make["activity_types"]],
        ),
        _table(
            "Custom fields that no value needs so far",
            ("Object", "Field", "Type"),
            [(one["object"], one["label"], one["type"]) for one in later],
        ),
    ]
    cap = make["custom_fields_cap"]
    room = f"{cap['used']} of {cap['most']} in use, {cap['new']} new, {cap['left']} left"
    told = (f"Custom fields: {room}.",)
    yield Section("What is made first", told, tuple(table for table in tables if table.rows))
    if make["products"]:
        yield Section(
            f"Products to create: {len(make['products']):,}",
            (),
            (
                _table(
                    "",
                    ("Name", "From"),
                    [(one["name"], f"{one['stream']}/{one['id']}") for one in make["products"]],
                ),
            ),
            folded=True,
        )


def _people(plan: Mapping[str, Any]) -> Iterator[Section]:
    unmatched = plan["people"]["unmatched"]
    if unmatched:
        yield Section(
            "Users to provision",
            (
                "No active Pipedrive user has the e-mail of these; each is a paid seat.",
                "What is theirs would belong to the default owner.",
            ),
            (
                _table(
                    "",
                    ("Who", "Cliniko ID", "E-mail", "Active", "Objects"),
                    [
                        (
                            one["name"],
                            f"{one['stream']}/{one['id']}",
                            one["email"] or "unknown",
                            {True: "yes", False: "no"}.get(one["active"], ""),
                            one["objects"],
                        )
                        for one in unmatched
                    ],
                ),
            ),
            tone="warn",
        )


def _not_moved(plan: Mapping[str, Any]) -> Iterator[Section]:
    tables = [
        _table(
            "Rejected",
            ("Object", "Stream", "Code", "Records", "What it means", "What to do"),
            [
                tuple(one[k] for k in ("object", "stream", "code", "records", "meaning", "action"))
                for one in plan["rejects"]
            ],
        ),
        _table(
            "Left out",
            ("Stream", "Why", "Records"),
            [(one["stream"], one["why"], one["records"]) for one in plan["left_out"]],
        ),
        _table("Cut to fit", ("Field", "Texts"), [*plan["truncated"].items()]),
        _table(
            "Files that are too large",
            ("Record", "Size"),
            [(f"{one['stream']}/{one['id']}", one["detail"]) for one in plan["oversized_files"]],
        ),
        _table(
            "Ambiguous matches",
            ("Record", "Candidates"),
            [(f"{one['stream']}/{one['id']}", one["detail"]) for one in plan["ambiguous"]],
        ),
    ]
    if found := tuple(table for table in tables if table.rows):
        yield Section("What does not come along as it is", (), found)


def _lost(plan: Mapping[str, Any]) -> Iterator[Section]:
    lost = plan["cannot_survive"]
    truths = _table(
        "What each object can carry",
        ("Object", "From", "Original creation date", "Custom fields", "Dates of the past"),
        [
            (
                one["object"],
                ", ".join(one["from"]),
                "yes" if one["original_creation_date"] else "no",
                "yes" if one["custom_fields"] else "no",
                ", ".join(f"{key} {how}".strip() for key, how in one["dates"].items()),
            )
            for one in lost["objects"]
        ],
    )
    together: dict[tuple[str, str], list[str]] = {}
    for one in lost["lost"]:
        together.setdefault((one["what"], one["why"]), []).append(one["object"])
    losses = _table(
        "What is lost, and why",
        ("Lost", "Of", "Why"),
        [(what, ", ".join(objects), why) for (what, why), objects in together.items()],
    )
    prose = []
    if streams := lost["streams_without_a_mapping"]:
        prose.append(f"No mapping takes these streams: {', '.join(streams)}.")
    others = lost["other_custom_fields"]
    tables = [truths, losses]
    if others["fields"]:
        tables.append(
            _table(
                f"Patient fields of the account that no rule names (other_custom_fields: "
                f"{others['choice']})",
                ("Object", "Field", "Type it would get"),
                [(one["object"], one["label"], one["type"]) for one in others["fields"]],
            )
        )
    yield Section("What cannot survive", tuple(prose), tuple(tables))
    if unread := lost["fields_that_nothing_reads"]:
        yield Section(
            "Source fields that the mapping does not read",
            ("They stay behind. Counted are the records that hold something there.",),
            (
                _table(
                    "",
                    ("Stream", "Field", "Records"),
                    [(one["stream"], one["field"], one["records"]) for one in unread],
                ),
            ),
            folded=True,
        )


def _leaving(plan: Mapping[str, Any]) -> Section:
    return Section(
        "Data that leaves Cliniko, field by field",
        (
            "For a review of what is really needed: take what is not out of the mapping.",
            "Counted are the objects that are sent with a value there.",
        ),
        (
            _table(
                "",
                ("Object", "Field in Pipedrive", "Fed by", "Objects"),
                [
                    (one["object"], one["field"], ", ".join(one["fed_by"]), one["objects"])
                    for one in plan["leaves_the_source"]
                ],
            ),
        ),
    )


def _table(caption: str, columns: tuple[str, ...], rows: list[tuple[Cell, ...]]) -> Table:
    """Return a table whose columns of numbers stand to the right."""
    kinds = [
        "number" if rows and all(isinstance(row[at], int | float) for row in rows) else "text"
        for at in range(len(columns))
    ]
    return Table(
        tuple(
            Column(name, kind)  # type: ignore[arg-type]  # one of its words
            for name, kind in zip(columns, kinds, strict=True)
        ),
        tuple(rows),
        caption,
    )


def _some(options: list[str]) -> str:
    shown = ", ".join(options[:_MOST_OPTIONS])
    return (
        f"{shown} and {len(options) - _MOST_OPTIONS:,} more"
        if len(options) > _MOST_OPTIONS
        else shown
    )
