"""An event loop whose time passes at once: waits of hours take no time, and are still waited for.

Work in other threads takes the time that it takes.
"""

from __future__ import annotations

import asyncio
import selectors

_THREADS_SECONDS = 0.001


class _Selector(selectors.DefaultSelector):
    """Finds what is ready; instead of waiting it moves the clock on."""

    def __init__(self):
        super().__init__()
        self.time = 0.0
        self.threads = 0

    def select(self, timeout=None):
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if ready := super().select(_THREADS_SECONDS if self.threads else 0):
            return ready
        if not self.threads:
            self.time += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """Runs by its own clock, in seconds."""

    def __init__(self):
        self._hurried = _Selector()
        super().__init__(self._hurried)

    def time(self):
        return self._hurried.time

    def run_in_executor(self, executor, func, *args):
        self._hurried.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _):
        self._hurried.threads -= 1


def run(coroutine):
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(coroutine)
