# ruff: noqa: INP001 - a program of its own
"""A target as the SDK's documentation has it: a `RecordSink`, one request at a time.

Posts each record, its `id` aside, and tries again what seems to have failed.
"""

from __future__ import annotations

from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import RecordSink
from urllib3.util import Retry

AGAIN = Retry(
    total=5,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,  # POST, too, as whoever wants all records there will have it
)


class PipedriveSink(RecordSink):
    """Writes the records of one stream."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._session = requests.Session()
        self._session.headers["x-api-token"] = self.config["api_token"]
        self._session.mount("http://", HTTPAdapter(max_retries=AGAIN))
        self._url = f"{self.config['api_url']}/api/v2/{self.stream_name}"

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Write one record."""
        del context
        body = {key: value for key, value in record.items() if key != "id"}
        self._session.post(self._url, json=body, timeout=30).raise_for_status()


class PlainTarget(Target):
    """The target."""

    name = "target-plain"
    default_sink_class = PipedriveSink
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_token", th.StringType, required=True, secret=True),
        th.Property("api_url", th.StringType, required=True),
    ).to_dict()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._config["add_record_metadata"] = False


if __name__ == "__main__":
    PlainTarget.cli()
