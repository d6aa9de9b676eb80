"""Working ahead of the consumer, a bounded distance, in unchanged order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tap_cliniko.stopping import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
B = TypeVar("B")


@contextmanager
def _workers(count: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        # Not waited for: a request under way may take a minute that a stop must not wait out.
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[A], check: Callable[[], None]) -> A:
    """Wait for a result, calling ``check`` meanwhile, which may raise."""
    while not wait((future,), timeout=POLL_SECONDS).done:
        check()
    return future.result()


def together(work: Callable[[A], B], first: A, second: A, check: Callable[[], None]) -> tuple[B, B]:
    """Do two pieces of work at the same time.

    Args:
        work: Runs in this thread and in one other.
        first: Worked on in this thread; what it raises is raised without waiting for the other.
        second: Worked on in the other.
        check: Called while waiting; may raise to end the waiting.
    """
    with _workers(1) as pool:
        other = pool.submit(work, second)
        return work(first), _result(other, check)


def read_ahead(pages: Iterable[A], check: Callable[[], None]) -> Iterator[A]:
    """Ask for the next page while the current one is worked on.

    Args:
        pages: Iterated in one other thread, one item ahead.
        check: Called while waiting; may raise to end the reading.
    """
    source = iter(pages)
    with _workers(1) as pool:
        upcoming = pool.submit(next, source, None)
        while (page := _result(upcoming, check)) is not None:
            upcoming = pool.submit(next, source, None)
            yield page


def map_ahead(
    work: Callable[[A], B], items: Iterable[A], check: Callable[[], None], workers: int
) -> Iterator[B]:
    """Map with several threads; results come in the order of the items.

    Args:
        work: Runs in the threads.
        items: Taken only as fast as results are; at most twice the workers are held.
        check: Called while waiting; may raise to end the mapping.
        workers: Number of threads.
    """
    with _workers(workers) as pool:
        held: deque[Future[B]] = deque()
        for item in items:
            held.append(pool.submit(work, item))
            if len(held) >= 2 * workers:
                yield _result(held.popleft(), check)
        while held:
            yield _result(held.popleft(), check)
