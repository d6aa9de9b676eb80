"""When practitioners are there, and when not."""

from __future__ import annotations

from tap_cliniko.sample.part import LEFT_OUT
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    flag,
    groups,
    link,
    record,
    repeat_rule,
    stamp,
    text,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream


class UnavailableBlockTypes(ClinikoStream):
    """Reasons for being unavailable."""

    name = "unavailable_block_types"
    hidden = ("archived_at",)
    schema = record(
        text("color", "Colour, hexadecimal."),
        whole("duration_in_minutes", "Length in minutes."),
        text("name", "Name."),
        flag("system_controlled", "Whether it is built in."),
        ARCHIVED,
    )


class UnavailableBlocks(IncrementalStream):
    """Times in which a practitioner is unavailable."""

    name = "unavailable_blocks"
    hidden = ("archived_at", "deleted_at")
    in_sample = LEFT_OUT
    schema = record(
        stamp("ends_at", "End."),
        text("notes", "Notes."),
        repeat_rule(),
        stamp("starts_at", "Start."),
        link("business", "Where."),
        link("practitioner", "Who."),
        link("repeated_from", "The first of its series."),
        link("unavailable_block_type", "Why."),
        ARCHIVED,
        DELETED,
    )


class AvailabilityBlocks(ClinikoStream):
    """Times in which a practitioner is available beside the daily ones. Removed ones vanish."""

    name = "availability_blocks"
    in_sample = LEFT_OUT
    schema = record(
        stamp("ends_at", "End."),
        repeat_rule(),
        stamp("starts_at", "Start."),
        link("business", "Where."),
        link("practitioner", "Who."),
    )


class DailyAvailabilities(ClinikoStream):
    """Hours in which a practitioner is available on a weekday, rewritten in place."""

    name = "daily_availabilities"
    schema = record(
        groups(
            "availabilities",
            "Hours, in local time.",
            text("starts_at", "Start, HH:MM."),
            text("ends_at", "End, HH:MM."),
        ),
        whole("day_of_week", "0 to 6."),
        text("time_zone", "Time zone by its label."),
        text("time_zone_identifier", "Time zone, IANA."),
        link("business", "Where."),
        link("practitioner", "Who."),
    )
