# ruff: noqa: INP001 - a program of its own, for an environment of its own
"""A dlt pipeline with a custom destination, in as many threads as the target has requests open.

    PYTHON benchmarks/peers/dlt_destination.py API_URL FOLDER <messages

Posts each row, its `id` aside, and tries again what seems to have failed. What an earlier run left
in FOLDER is finished first, as dlt does; input that it had taken in is not read again.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

THREADS = 32
FILE_ROWS = 50  # a file is a job: smaller ones would cost more than they let run side by side

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "LOAD__WORKERS": str(THREADS),
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(FILE_ROWS),
    "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": str(FILE_ROWS),
}

import dlt  # noqa: E402 - reads the environment
import requests  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402
from urllib3.util import Retry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = Retry(
    total=5,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,  # POST, too, as whoever wants all records there will have it
)
_API, _FOLDER = sys.argv[1:3]
_threads = threading.local()


def _session() -> requests.Session:
    if not hasattr(_threads, "session"):
        _threads.session = requests.Session()
        _threads.session.headers["x-api-token"] = "sandbox-token"
        _threads.session.mount("http://", HTTPAdapter(max_retries=AGAIN, pool_maxsize=1))
    session: requests.Session = _threads.session
    return session


@dlt.destination(name="pipedrive", batch_size=FILE_ROWS, max_parallel_load_jobs=THREADS)
def pipedrive(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
    """Write some rows of a table."""
    for item in items:
        body = {key: value for key, value in item.items() if key != "id" and value is not None}
        answer = _session().post(f"{_API}/api/v2/{table['name']}", json=body, timeout=30)
        answer.raise_for_status()


def _rows() -> Iterator[Any]:
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            yield dlt.mark.with_table_name(message["record"], message["stream"])


if __name__ == "__main__":
    pipeline = dlt.pipeline("peer", pipelines_dir=_FOLDER, destination=pipedrive)
    if pipeline.has_pending_data:
        pipeline.run()
    else:
        pipeline.run(dlt.resource(_rows, name="rows", max_table_nesting=0))
