"""What the streams have in common. A stream class holds only what is particular to it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage

from tap_cliniko.ahead import read_ahead, together
from tap_cliniko.bookmark import REPLICATION_KEY
from tap_cliniko.errors import NotVisibleError
from tap_cliniko.links import SENSITIVE
from tap_cliniko.paging import Page, Query, Row, by_id, by_ids
from tap_cliniko.replication import Replication
from tap_cliniko.sample.part import OF_PATIENTS, WHOLE
from tap_cliniko.schemas import with_fields
from tap_cliniko.shape import Shape
from tap_cliniko.versions import ADMINISTRATOR, following
from tap_cliniko.visibility import Refusal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context

    from tap_cliniko.sample.part import Part
    from tap_cliniko.schemas import Field, Schema
    from tap_cliniko.tap import TapCliniko


class ClinikoStream(Stream):
    """A list of Cliniko, read whole at every run.

    Attributes:
        path: Path of the list below ``/v1``; by default the stream's name.
        hidden: Stamps whose rows Cliniko leaves out unless a filter names the stamp (Cliniko docs,
            "Archived and deleted records").
        sensitive: Fields that are left out unless ``keep_sensitive_links`` is set.
        not_everywhere: Whether there are accounts without this list, which then answers 404.
        in_sample: What a sample takes from this list.
        is_whole: False when rows may have been left out of the last :meth:`read`.
    """

    # Records are already shaped by this class; the SDK's own conversion would cost more than
    # all the rest and turn exact decimals into floats.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    STATE_MSG_FREQUENCY = 200

    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    name: str
    path: ClassVar[str] = ""
    hidden: ClassVar[tuple[str, ...]] = ()
    not_everywhere: ClassVar[bool] = False
    in_sample: ClassVar[Part] = WHOLE
    schema: Schema
    sensitive: ClassVar[tuple[Field, ...]] = ()
    is_whole: bool = True

    def __init__(self, tap: TapCliniko) -> None:
        keep = tap.config.get("keep_sensitive_links") is True
        if keep:
            self.schema = with_fields(self.schema, self.sensitive)
        super().__init__(tap)
        self._cliniko = tap
        dropped = () if keep else SENSITIVE | {field.name for field in self.sensitive}
        self._shape = Shape(self.schema, dropped)

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002 - no partitions
        """Yield the records of this stream; none when the key may not see them."""
        tap, count = self._cliniko, 0
        role = tap.account.role  # the first contact: a key that is refused here ends the run
        requests = tap.client.requests
        if tap.sample is None and tap.run.has_read(self.name):
            self.logger.info("%s is passed over: the run that was cut off has read it", self.name)
            return
        try:
            for record in self.replicate() if tap.sample is None else tap.sample.records(self):
                tap.stop_if_asked()
                yield record
                count += 1
        except NotVisibleError as fault:
            tap.leave_out(Refusal.of(self, fault, role))
        else:
            if tap.sample is None:
                tap.run.finish(self.stream_state)
            self.logger.info(
                "%s: %d rows, %d requests", self.name, count, tap.client.requests - requests
            )

    def replicate(self) -> Iterator[Row]:
        """Read what this run is to read, and tell which rows are gone."""
        version = self.following_version()
        self.carry(version)
        yield from self.read()
        self.activate(version)

    def read(self) -> Iterator[Row]:
        """Read the whole list."""
        return self.records(self.rows(self.pages()))

    def pages(self) -> Iterator[list[Row]]:
        """Read the whole list, page by page."""
        return by_id(self.fetch, self.lifted(), self.fetch_both)

    def fetch(self, query: Query) -> Page:
        """Fetch one page of this list."""
        return self._cliniko.client.page(self.path or f"/{self.name}", self.name, query)

    def having(self, column: str, values: Sequence[str]) -> Iterator[list[Row]]:
        """Read the rows whose numeric field, an id or a link, has one of some values.

        Args:
            column: Name of the filter.
            values: Ids.
        """
        return by_ids(self.fetch, column, values, self.lifted())

    def peek(self, sort: str = "", filters: tuple[str, ...] | None = None) -> Page:
        """Ask for the first row alone, and how many there are.

        Args:
            sort: Which row comes first.
            filters: Which rows count; by default all of them, hidden ones included.

        Raises:
            NotVisibleError: When the key may not see this stream.
        """
        return self.fetch(Query(self.lifted() if filters is None else filters, sort, per_page=1))

    def fetch_both(self, first: Query, second: Query) -> tuple[Page, Page]:
        """Fetch two pages of this list at the same time."""
        return together(self.fetch, first, second, self._cliniko.stop_if_asked)

    def rows(self, pages: Iterable[list[Row]]) -> Iterator[Row]:
        """Take pages apart, while the next one is already asked for."""
        return chain.from_iterable(read_ahead(pages, self._cliniko.stop_if_asked))

    def records(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Turn rows into records, in their order."""
        return map(self.shape, rows)

    def shape(self, row: Row) -> Row:
        """Turn Cliniko's row into a record: links flat, ids and decimals text."""
        return self._shape(row)

    def lifted(self, but: str | None = None) -> tuple[str, ...]:
        """Filters that show the hidden rows; each stamp hides for itself.

        Args:
            but: A stamp that another filter of the same query names already.
        """
        return tuple(f"{stamp}:*" for stamp in self.hidden if stamp != but)

    @property
    def emit_activate_version_messages(self) -> bool:
        """False: the SDK would send the message before the first record, whatever comes then."""
        return False

    def following_version(self) -> int | None:
        """A version for a whole read; None when vanished rows are not to be told."""
        tap = self._cliniko
        if tap.tells_vanished and tap.account.role == ADMINISTRATOR:
            return following(self.stream_state.get("version"), tap.account.clock)
        return None

    def carry(self, version: int | None) -> None:
        """Let the records that follow carry a version: a new one, or None for the last one."""
        if version is not None:
            self.stream_state["version"] = version
        tells = self._cliniko.tells_vanished
        self._stream_version = self.stream_state.get("version") if tells else None

    def activate(self, version: int | None) -> None:
        """Say that every row there is has been emitted with a version, if that is so."""
        if version is not None and self.is_whole and self.following_version() is not None:
            self._write_activate_version_message(version)

    @cached_property
    def _is_plain(self) -> bool:
        """Whether records are written as they are: every field selected, nothing mapped."""
        first, *others = self.stream_maps
        mapped = type(first) is not SameRecordTransform or first.flattening_enabled or others
        return all(self.mask.values()) and not mapped

    def _generate_record_messages(self, record: Row) -> Generator[RecordMessage, None, None]:
        """Pass over what the SDK does to each record where it would change nothing."""
        if not self._is_plain:
            yield from super()._generate_record_messages(record)
            return
        yield RecordMessage(
            stream=self.stream_maps[0].stream_alias,
            record=record,
            version=self._stream_version,
            time_extracted=datetime.now(UTC),
        )

    def _process_record(self, record: Row, *_: object, **__: object) -> None:
        """Do nothing: there are no partitions whose context to add and no child streams."""


class IncrementalStream(ClinikoStream):
    """A list of Cliniko, read from where the last run ended.

    Attributes:
        patient_filter: The filter that finds a patient's rows; None when there is none.
        whole_after_merges: Whether some rows of merged patients can be found by no filter.
    """

    replication_key: ClassVar[str] = REPLICATION_KEY
    in_sample = OF_PATIENTS
    patient_filter: ClassVar[str | None] = None
    whole_after_merges: ClassVar[bool] = False

    def replicate(self) -> Iterator[Row]:
        """Read what changed, or the whole list where that is due."""
        return Replication(self, self._cliniko).records()

    def of_patients(self, patients: Sequence[str]) -> Iterator[list[Row]]:
        """Read the rows that hang on some patients, whom a merge may have given or taken some."""
        return self.having(self.patient_filter or "", patients)

    def is_unsettled(self, record: Row) -> bool:  # noqa: ARG002
        """Whether the next run is to look at a record again, whatever its stamps say."""
        return False

    def get_replication_key_signpost(self, context: Context | None = None) -> datetime | None:  # noqa: ARG002
        """None: the bookmark has its own cap, by the server's clock."""
        return None

    def _increment_stream_state(
        self, latest_record: Row, *, context: Context | None = None
    ) -> None:
        """Do nothing: the bookmark is moved elsewhere, and not by every record."""
