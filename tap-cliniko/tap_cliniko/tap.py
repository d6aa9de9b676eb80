"""The tap: its settings, its streams and their order, and what they share during a run."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.metrics import METRICS_LOGGER_NAME

from tap_cliniko.attachments import Spool
from tap_cliniko.client import Client
from tap_cliniko.errors import SettingsError, StoppedError
from tap_cliniko.merges import Merges
from tap_cliniko.resume import Run
from tap_cliniko.sample.sample import MuteStateWriter, Sample
from tap_cliniko.settings import SCHEMA, Settings, unknown_settings
from tap_cliniko.stamps import written
from tap_cliniko.stopping import Stopper
from tap_cliniko.streams import STREAMS
from tap_cliniko.streams.clinical import PatientAttachments
from tap_cliniko.visibility import Refusal, demand, refused, silence, summary
from tap_cliniko.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.helpers._state import StateWriter
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_cliniko.client import Account
    from tap_cliniko.streams.base import ClinikoStream

LAG = timedelta(minutes=2)
"""How much older than the start of a run its bookmarks are: for what Cliniko commits late, and
because it serves some lists from a cache."""


class TapCliniko(Tap):
    """Singer tap for Cliniko, the practice management system."""

    name = "tap-cliniko"
    message_writer_class = Writer
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SCHEMA)  # the SDK adds its own
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:
        self.stopper = Stopper()
        self.left_out: list[Refusal] = []
        super().__init__(**options)
        # urllib3 logs whole URLs at DEBUG; storage addresses in them admit whoever reads them.
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        # Each stream's last line says its rows and requests, which the SDK would say once more.
        logging.getLogger(METRICS_LOGGER_NAME).setLevel(logging.WARNING)

    @cached_property
    def settings(self) -> Settings:
        """The checked settings.

        Raises:
            SettingsError: With every fault there is.
        """
        return Settings.parse(self.config)

    @cached_property
    def client(self) -> Client:
        """The client all streams share."""
        return Client(self.settings, self.stopper, self.plugin_version)

    @cached_property
    def cap(self) -> str:
        """The latest moment a bookmark of this run may name, by the server's clock."""
        return written(datetime.fromtimestamp(self.account.clock, UTC) - LAG)

    @cached_property
    def account(self) -> Account:
        """The account, reached for the first time; the spool is tried out before.

        So what is set up wrongly shows before the first record, not after hours of reading.

        Raises:
            InvisibleStreamsError: When a selected stream is not visible, if that is to stop.
        """
        self.try_out()
        account = self.client.account
        if (warning := silence(account.role)) is not None:
            self.logger.warning(warning)
        if self.settings.stop_when_not_visible:
            demand(refused(self.selected(), account.role))
        return account

    def try_out(self) -> None:
        """Open what a run would write into, which fails when the folder is not usable."""
        if self.streams[PatientAttachments.name].selected:
            _ = self.spool

    def selected(self) -> list[ClinikoStream]:
        """The selected streams, in the order in which they are read."""
        streams = cast("dict[str, ClinikoStream]", self.streams)
        return [stream for stream in streams.values() if stream.selected]

    def leave_out(self, refusal: Refusal) -> None:
        """Say that a stream cannot be read, or end the run if that is wanted.

        Raises:
            InvisibleStreamsError: When it is not visible, and that is to stop.
        """
        if self.settings.stop_when_not_visible:
            demand([refusal])
        self.logger.warning("%s", refusal)
        self.left_out.append(refusal)

    def sync_all(self) -> None:  # type: ignore[misc]  # final, yet nothing else runs at the end
        """Read all selected streams; at last say once more which ones could not be read."""
        run = self.run if self.sample is None else None
        super().sync_all()
        if run is not None:
            run.end()
            self.state_writer.write_state(self.state)
        else:
            cast("Writer", self.message_writer).flush()  # no state does it
        if (line := summary(self.left_out)) is not None:
            self.logger.warning(line)

    @cached_property
    def run(self) -> Run:
        """The run under way: a new one, or the one that was cut off."""
        return Run(
            cast("dict[str, Any]", self.state), self.cap, [each.name for each in self.selected()]
        )

    @cached_property
    def tells_vanished(self) -> bool:
        """Whether targets are to be told which rows are gone."""
        return self.sample is None and self.settings.tells_vanished

    @cached_property
    def merges(self) -> Merges:
        """Recent merges of patients."""
        return Merges(self.client)

    @cached_property
    def sample(self) -> Sample | None:
        """The sample to read; None when everybody is read."""
        if not self.settings.sample_patients:
            return None
        return Sample(cast("dict[str, ClinikoStream]", self.streams), self.settings)

    @property
    def state_writer(self) -> StateWriter:
        """What writes the state; mute in a sample, which a later run must not go on from."""
        return MuteStateWriter() if self.settings.sample_patients else super().state_writer

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state; not in a sample, which is the same at every run."""
        if not self.settings.sample_patients:
            super().load_state(state)
            if "run" in state:  # the SDK takes over what the streams left
                cast("dict[str, Any]", self.state)["run"] = state["run"]

    @cached_property
    def spool(self) -> Spool:
        """Where attachments go."""
        return Spool(self.settings.attachments_dir)

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams in the order in which they are read; the SDK's own order is by name."""
        if self._streams is None:
            loaded = super().streams
            order = sorted(loaded.values(), key=lambda stream: STREAMS.index(type(stream)))
            self._streams = {stream.name: stream for stream in order}
        return self._streams

    def discover_streams(self) -> Sequence[Stream]:
        """One instance of each stream."""
        return [cls(self) for cls in STREAMS]

    def stop_if_asked(self) -> None:
        """Called between records: where a signal came, emit the state and end.

        Raises:
            StoppedError: When a signal came.
        """
        try:
            self.stopper.check()
        except StoppedError:
            self.state_writer.write_state(self.state)
            raise

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings in place of the SDK, whose messages may quote a secret."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        for warning in unknown_settings(self._config, schema["properties"]):
            self.logger.warning(warning)
        try:
            Settings.parse(self._config)
        except SettingsError as fault:
            if raise_errors:
                raise
            return list(fault.faults)
        return []

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note the wish to stop; a second signal ends the process where it stands.

        The SDK's own handler writes the state from inside the handler, which can fall into the
        middle of a record's line.
        """
        if self.stopper.signum is not None:
            raise SystemExit(128 + signum)
        self.stopper.signum = signum
