"""The sample as the streams see it: chosen and read at the first need, in one go, then held.

All of it is in memory, since a row's right to be there depends on all the others; a sample is
meant to be small.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._state import StateWriter

from tap_cliniko.errors import NotVisibleError, SampleError
from tap_cliniko.sample.choice import choose
from tap_cliniko.sample.closure import Closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_cliniko.paging import Row
    from tap_cliniko.settings import Settings
    from tap_cliniko.streams.base import ClinikoStream

logger = logging.getLogger("tap-cliniko.sample")


class MuteStateWriter(StateWriter):
    """Writes no state."""

    def __init__(self) -> None:
        """Need nothing to write to."""

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


class Sample:
    """The records a sample holds.

    Args:
        streams: The tap's streams by name.
        settings: How many patients, and the seed.
    """

    def __init__(self, streams: Mapping[str, ClinikoStream], settings: Settings) -> None:
        self._streams = streams
        self._settings = settings
        self._kept: dict[str, list[Row]] = {}

    def records(self, stream: ClinikoStream) -> Iterator[Row]:
        """The records of one stream.

        Raises:
            NotVisibleError: When the stream is not visible.
            SampleError: When patients are not.
        """
        if stream.in_sample.left_out:
            logger.info("%s is left out of samples", stream.name)
        elif not stream.in_sample.linked:
            yield from self._whole(stream)
        elif stream.name in self._closure.invisible:
            raise self._closure.invisible[stream.name]
        else:
            rows = self._closure.rows[stream.name]
            yield from stream.records(rows[number] for number in sorted(rows, key=int))

    @cached_property
    def _closure(self) -> Closure:
        streams = self._linked()
        wanted, seed = self._settings.sample_patients, self._settings.sample_seed
        try:
            patients = choose(streams, wanted, seed, list(self._wishes()))
        except NotVisibleError as fault:
            raise SampleError(
                "a sample begins with patients, and this key does not see them "
                f"(HTTP {fault.status}): use an administrator's API key"
            ) from None
        closure = Closure(streams)
        closure.read(patients)
        logger.info(
            "sample: %d more patients come along because records refer to them",
            len(closure.rows["patients"]) - len(patients),
        )
        return closure

    def _linked(self) -> dict[str, ClinikoStream]:
        """The lists to read in part: those selected, and those without which they cannot be."""
        parts = {each.name: each.in_sample for each in self._streams.values() if each.selected}
        names = {name for name, part in parts.items() if part.linked}
        names |= {part.found_in for part in parts.values() if part.found_in is not None}
        names.add("patients")
        return {name: each for name, each in self._streams.items() if name in names}

    def _wishes(self) -> Iterator[tuple[str, str, str]]:
        """An appointment of each type, and one by each practitioner."""
        for record in self._known("appointment_types"):
            group = (record.get("max_attendees") or 1) > 1
            name = "group_appointments" if group else "individual_appointments"
            yield name, "appointment_type_id", record["id"]
        for record in self._known("practitioners"):
            yield "individual_appointments", "practitioner_id", record["id"]

    def _known(self, name: str) -> list[Row]:
        stream = self._streams[name]
        try:
            return list(self._whole(stream)) if stream.selected else []
        except NotVisibleError:
            return []  # the stream itself reports this

    def _whole(self, stream: ClinikoStream) -> Iterable[Row]:
        """A list that is read whole, once: two are needed before their turn too."""
        if stream.name not in {"appointment_types", "practitioners"}:
            return stream.read()
        if stream.name not in self._kept:
            self._kept[stream.name] = list(stream.read())
        return self._kept[stream.name]
