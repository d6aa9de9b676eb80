"""The SDK's face: reads Singer messages and hands them to the engine."""

from __future__ import annotations

import copy
import io
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.plugin_base import _ConfigInput

from target_pipedrive import mapping
from target_pipedrive.bridge import Bridge, Stopped
from target_pipedrive.declared import SCHEMA
from target_pipedrive.direct import OBJECT_KEYS
from target_pipedrive.errors import SettingsError
from target_pipedrive.load import LoadSession
from target_pipedrive.mapping import MappingSet
from target_pipedrive.mapping.direct import Stream
from target_pipedrive.plan.session import PlanSession
from target_pipedrive.reader import Reader
from target_pipedrive.reference import ReferenceSession
from target_pipedrive.settings import Settings
from target_pipedrive.verify.session import VerifySession
from target_pipedrive.whole import Whole

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from target_pipedrive.bridge import Session
    from target_pipedrive.ledger import Reject


class TargetPipedrive(Target):
    """Singer target for Pipedrive.

    Records do not pass through the SDK's sinks: those drain stream by stream, which would
    write children before their parents and put out state that is ahead of what was written.
    """

    name = "target-pipedrive"
    message_reader_class = Reader
    config_jsonschema: ClassVar[dict[str, Any]] = SCHEMA.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:
        self._bridge: Bridge | None = None
        self._whole = Whole(lambda message: self._open().put(message))
        self._retry: Collection[Reject] | None = None
        try:
            super().__init__(**options)
        except ConfigValidationError as error:
            raise SettingsError(*error.errors) from error
        self.settings = Settings.parse(self.config)
        self.mapping = MappingSet()
        if self.settings.mapping is not None:
            self.mapping = mapping.load(
                self.settings.mapping,
                besides=[self.settings.review_file],
                options=self.settings.options,
                objects=OBJECT_KEYS,
            )

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the settings of stream maps; the SDK's others mean nothing to this target."""
        schema: dict[str, Any] = {"properties": {}}
        super().append_builtin_config(schema)
        for setting in ("stream_maps", "stream_map_config"):
            if setting in schema["properties"]:
                config_jsonschema["properties"][setting] = schema["properties"][setting]

    @classmethod
    def invoke(  # type: ignore[override]  # as in the SDK
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the target.

        Args:
            about: Print what this target is, and nothing else.
            about_format: How to print that.
            config: Where settings come from.
            file_input: Messages; standard input by default.
        """
        super(Target, cls).invoke(about=about, about_format=about_format)
        given = config or _ConfigInput()
        target = cls(config=given.config, validate_config=True, parse_env_config=given.parse_env)
        target.load(file_input)

    def load(self, file_input: IO[str] | None = None) -> None:
        """Read messages until the input ends or a signal asks to stop.

        Raises:
            TargetError: The run cannot go on.
            SystemExit: A signal asked to stop; everything settled is in the state put out.
        """
        try:
            self._open()
            self.listen(file_input)
        except Stopped as stopped:
            if self._bridge is None:
                raise SystemExit(128 + stopped.signum) from None
            if self._bridge.failure is not None:
                raise self._bridge.failure from None
            self.logger.info("Asked to stop; finishing what is under way")
            self._bridge.stop()
            raise SystemExit(128 + stopped.signum) from None
        except BaseException:
            if self._bridge is not None:
                with suppress(Stopped):  # what wakes the reader may come late
                    self._bridge.stop()
            raise

    def retry(self, chosen: Collection[Reject]) -> None:
        """Try rejected records again, without a tap.

        Raises:
            TargetError: The run cannot go on.
            SystemExit: A signal asked to stop.
        """
        self._retry = chosen
        self.load(io.StringIO())

    def process_endofpipe(self) -> None:
        """Wait until everything read is settled."""
        self._open().finish()

    def _open(self) -> Bridge:
        """Return the way to the engine; the first call opens it."""
        if self._bridge is None:
            self._bridge = Bridge(self._session)
            self._bridge.start()
        return self._bridge

    async def _session(self) -> Session:
        """Open the kind of run that `mode` asks for."""
        match self.settings.mode:
            case "reference":
                return await ReferenceSession.open(self.mapping, self.settings.output_dir)
            case "plan":
                return await PlanSession.open(self.settings, self.mapping)
            case "verify":
                return await VerifySession.open(self.settings, self.mapping)
            case _:
                session = await LoadSession.open(self.settings, self.mapping)
                session.retry = self._retry
                return session

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        self._assert_line_requires(message_dict["schema"], requires={"properties"})
        stream, schema = message_dict["stream"], message_dict["schema"]
        self.mapper.register_raw_stream_schema(stream, schema, message_dict.get("key_properties"))
        for stream_map in self.mapper.stream_maps[stream]:
            told = Stream(
                stream_map.stream_alias,
                stream_map.transformed_schema,
                stream_map.transformed_key_properties or (),
            )
            self._open().put(("schema", told.name, told))
            self._whole.schema(told.name, message_dict)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "record"})
        stream = message_dict["stream"]
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)  # the SDK's error for a record before its schema
        for stream_map in self.mapper.stream_maps[stream]:
            record = stream_map.transform(copy.copy(message_dict["record"]))
            self._whole.record(stream_map.stream_alias, message_dict, passed_on=record is not None)
            if record is not None:
                self._open().put(("record", stream_map.stream_alias, record))

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        self._open().put(("state", message_dict["value"], None))

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        for stream_map in self.mapper.stream_maps.get(message_dict["stream"], ()):
            self._whole.end(stream_map.stream_alias)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop reading. The SDK's own handler would acknowledge what was never written.

        See https://github.com/meltano/sdk/issues/3775.
        """
        del frame
        raise Stopped(signum)
