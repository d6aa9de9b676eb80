"""A client of the control API: what the command line and the tests speak through."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

TIMEOUT_SECONDS = 120


class ControlError(Exception):
    """The sandbox refused a request; the text is its reason."""


class Control:
    """The control API of a running sandbox."""

    def __init__(self, url: str) -> None:
        """Speak to the control API at `url`."""
        self.url = url

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request; return the JSON of the answer.

        Raises:
            ControlError: The sandbox answered with an error or broke off, or is none.
            OSError: Nobody answers there.
        """
        with self._answer(method, path, body) as answer:
            return json.load(answer)

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Iterator[HTTPResponse]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)  # noqa: S310 - loopback only
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - loopback only
                yield answer
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            try:
                reason = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                reason = f"status {error.code}"
            raise ControlError(reason) from None
        except http.client.HTTPException as error:
            raise ControlError(f"no whole answer came from {self.url} ({error!r})") from error

    def about(self) -> dict[str, Any]:
        """Return the URL of each service, the process id and the size of the clinic."""
        return dict(self.call("GET", "/"))

    def dump(self) -> dict[str, Any]:
        """Return everything that stands in both accounts."""
        return dict(self.call("GET", "/dump"))

    def copy_dump(self, file: IO[bytes]) -> None:
        """Write the same to a file as it arrives: JSON, one record a line."""
        with self._answer("GET", "/dump") as answer:
            shutil.copyfileobj(answer, file)

    def log(self) -> list[dict[str, Any]]:
        """Return the request log."""
        return list(self.call("GET", "/log"))

    def clear_log(self) -> None:
        """Clear the request log."""
        self.call("DELETE", "/log")

    def stats(self) -> dict[str, Any]:
        """Return requests, tokens, worst windows and limits."""
        return dict(self.call("GET", "/stats"))

    def edit(self, kind: str, **arguments: Any) -> dict[str, Any]:
        """Change the clinic; see `sandbox.edits`."""
        return dict(self.call("POST", "/edit", {"kind": kind, **arguments}))

    def fault(self, **rule: Any) -> list[dict[str, Any]]:
        """Order a fault; see `sandbox.faults.Rule`."""
        return list(self.call("POST", "/faults", rule))

    def faults(self) -> list[dict[str, Any]]:
        """Return the fault rules with their counts."""
        return list(self.call("GET", "/faults"))

    def clear_faults(self) -> None:
        """Drop all fault rules."""
        self.call("DELETE", "/faults")

    def limits(self, **limits: Any) -> dict[str, Any]:
        """Change limits; return those in force."""
        return dict(self.call("POST", "/limits", limits))

    def check(self, **settings: Any) -> dict[str, Any]:
        """Compare Pipedrive with what the clinic's records ask for.

        Returns:
            `{"ok": bool, "lines": [text], "report": {...}}`.
        """
        return dict(self.call("POST", "/check", settings))
