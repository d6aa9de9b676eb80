"""How an incremental stream is read: whole at first, then by what changed, whole again when needed.

A whole read goes by id. Each row's id stays, so whatever was there throughout is met, and the last
id is all it takes to go on after a kill. What changes meanwhile is stamped after the run's cap and
thereby left to the next run.

What changed is asked for stamp by stamp: removed rows first, which may have kept their
``updated_at``; then rows that merges moved from one patient to another; then the rows changed, in
the order of their change, and only these move the bookmark; at last the rows that the run before
had reason to look at again. Meanwhile a census notices what leaves no trace, and then the stream is
read whole in the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_cliniko.again import Again
from tap_cliniko.bookmark import CREATED, REPLICATION_KEY, Bookmark
from tap_cliniko.census import Census
from tap_cliniko.paging import by_id, by_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cliniko.paging import Row
    from tap_cliniko.streams.base import IncrementalStream
    from tap_cliniko.tap import TapCliniko


class Replication:
    """One stream's reading in one run.

    Args:
        stream: Knows the list and says what its rows hang on.
        tap: Knows the cap, the settings and the merges.
    """

    def __init__(self, stream: IncrementalStream, tap: TapCliniko) -> None:
        self._stream = stream
        self._tap = tap
        self._stamps = (CREATED, *stream.hidden)
        self._bookmark = Bookmark(stream.stream_state, tap.cap, tap.settings.start_date)
        self._again = Again(stream.stream_state)

    def records(self) -> Iterator[Row]:
        """Yield what this run is to emit; asking for the next record says that one was written."""
        stream, bookmark = self._stream, self._bookmark
        reason = bookmark.why_whole(self._tap.settings.sweep_days)
        if reason is None and stream.replication_method == REPLICATION_FULL_TABLE:
            reason = "the catalog says so"
        if reason is not None:
            yield from self._whole(reason)
        if not bookmark.is_current:
            stream.carry(None)
            since, low = bookmark.since or "", bookmark.removed_since or ""
            census = Census(bookmark.census, low, self._tap.cap)
            yield from self._silently_changed(census, low, since)
            yield from self._changed(census, since)
            yield from self._looked_at_again(census)
            if census.differs:
                yield from self._whole("rows came back or vanished, which no stamp tells")
            if not bookmark.is_current:
                bookmark.finish(census.counts)
        self._again.finish()

    def _whole(self, reason: str) -> Iterator[Row]:
        stream, start = self._stream, self._tap.settings.start_date
        version = None if start else stream.following_version()
        sweep = self._bookmark.sweep(version, self._stamps)
        stream.logger.info("%s is read whole: %s", stream.name, reason)
        stream.carry(sweep.version)
        if sweep.after < 0:
            self._again.forget()
        filters = stream.lifted() if start is None else (*stream.lifted(), f"updated_at:>={start}")
        pages = by_id(stream.fetch, filters, stream.fetch_both, after=sweep.after)
        for record in stream.records(stream.rows(pages)):
            yield record
            sweep.passed(record)
            self._met(record)
        stream.activate(sweep.version)
        self._bookmark.end_sweep(sweep)

    def _silently_changed(self, census: Census, low: str, since: str) -> Iterator[Row]:
        """Rows that may have changed without a new ``updated_at``.

        Those with a new one are left out: they are met afterwards, and there in their newest form.
        """
        rows = self._stream.rows(self._silent_pages(census, low))
        yield from self._emitted(row for row in rows if row[REPLICATION_KEY] < since)

    def _silent_pages(self, census: Census, low: str) -> Iterator[list[Row]]:
        stream = self._stream
        for stamp in stream.hidden:
            yield from census.news(stream.fetch, stamp, low, stream.lifted(but=stamp))
        if stream.patient_filter is None:
            return
        if patients := self._tap.merges.since(low):
            if stream.whole_after_merges:
                census.doubt()
            yield from stream.of_patients(patients)

    def _changed(self, census: Census, since: str) -> Iterator[Row]:
        stream = self._stream
        pages = census.news(
            stream.fetch,
            REPLICATION_KEY,
            since,
            stream.lifted(),
            both=stream.fetch_both,
            settled=self._tap.cap,
        )
        for record in self._emitted(stream.rows(pages)):
            stamp = record[REPLICATION_KEY]
            yield record
            # Only here, when the record has been written, may the state know of it.
            self._bookmark.advance(stamp)

    def _looked_at_again(self, census: Census) -> Iterator[Row]:
        stream = self._stream
        if ids := self._again.left:
            yield from self._emitted(stream.rows(by_ids(stream.fetch, "id", ids, stream.lifted())))
            if self._again.left:
                census.doubt()

    def _emitted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for record in self._stream.records(rows):
            yield record
            self._met(record)

    def _met(self, record: Row) -> None:
        cap = self._tap.cap
        unsettled = self._stream.is_unsettled(record) or any(
            (record.get(stamp) or "") >= cap for stamp in self._stamps
        )
        self._again.met(record["id"], unsettled=unsettled)
