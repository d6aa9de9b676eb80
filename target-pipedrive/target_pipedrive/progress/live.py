"""A picture that stays at the foot of a terminal while log lines run above it."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live

from target_pipedrive.progress.view import picture_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.progress.picture import Picture


class Screen:
    """The foot of a terminal.

    Args:
        console: Of the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._moved: list[tuple[logging.StreamHandler[IO[str]], IO[str]]] = []

    @classmethod
    def of_stderr(cls) -> Screen | None:
        """Return the terminal that standard error is; None when it is none that can be drawn on."""
        if not sys.stderr.isatty():
            return None
        console = Console(file=sys.stderr)
        return cls(console) if console.is_terminal and not console.is_dumb_terminal else None

    def open(self) -> None:
        """Take the foot of the terminal; what is logged appears above it from now on."""
        self._live.start()
        for handler in _handlers_on(self._console.file):
            above: Any = FileProxy(self._console, self._console.file)
            self._moved.append((handler, handler.stream))
            handler.setStream(above)

    def show(self, picture: Picture, status: str) -> None:
        """Show another picture."""
        shown = picture_of(picture, status, height=self._console.size.height)
        self._live.update(shown, refresh=True)

    def close(self) -> None:
        """Leave the last picture where it is, and give the terminal back."""
        while self._moved:
            handler, stream = self._moved.pop()
            handler.setStream(stream)
        self._live.stop()


def _handlers_on(file: IO[str]) -> Iterator[logging.StreamHandler[IO[str]]]:
    """Yield all log handlers that write to a file; each was made when logging was set up."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is file:
                yield handler
