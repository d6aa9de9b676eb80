"""What tests of every package may ask for: a private PostgreSQL server.

`postgres` is an empty database for one test, `postgres_server` the server it lies in. The server
listens on a Unix socket in a folder of its own and is gone after the tests. It needs the server
binaries (Debian and Ubuntu: `apt-get install postgresql`); without them such tests are skipped,
but fail where `CI` is `true`, so that a proof cannot go missing unseen.
"""

from __future__ import annotations

import getpass
import logging
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
INITDB = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
START_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Database:
    """One database of the private server."""

    name: str
    folder: Path
    binaries: Path

    @property
    def url(self) -> str:
        """Its SQLAlchemy URL; psycopg (version 3) is the driver."""
        return f"postgresql+psycopg://{SUPERUSER}@/{self.name}?host={self.folder}"

    def query(self, statement: str) -> list[str]:
        """Run a statement through psql.

        Returns:
            One string a row, columns joined by `|`; a row must not hold a line break.

        Raises:
            subprocess.CalledProcessError: PostgreSQL refused it; its words stand on stderr.
        """
        options = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", SUPERUSER]
        done = subprocess.run(  # noqa: S603 - the server's own client
            [str(self.binaries / "psql"), *options, "-d", self.name, "-c", statement],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        return done.stdout.split("\n")[:-1]


def find_binaries() -> Path | None:
    """Return the folder of `initdb`, newest version first; Debian keeps it outside of PATH."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def as_whom() -> dict[str, Any]:
    """Tell subprocess under which user to run the server: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    account = pwd.getpwnam(SUPERUSER if SUPERUSER in names else "nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@pytest.fixture(autouse=True)
def no_dead_handlers() -> None:
    """Drop log handlers that write to what an earlier test captured: each line would fail."""
    loggers = logging.Logger.manager.loggerDict.values()
    for logger in [logging.getLogger(), *loggers]:
        for handler in [*getattr(logger, "handlers", ())]:
            if getattr(getattr(handler, "stream", None), "closed", False):
                logger.removeHandler(handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Database]:
    """Start a server for the whole test run; yield its first database."""
    binaries = find_binaries()
    if binaries is None:
        told = "PostgreSQL is not installed (Debian and Ubuntu: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    whom = as_whom()
    # Not pytest's own folder: a socket's path may have 107 bytes, and others may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    shutil.chown(folder, whom.get("user", getpass.getuser()), whom.get("group"))
    log = (folder / "log").open("wb+")
    try:
        subprocess.run(  # noqa: S603 - found above
            [binaries / "initdb", *INITDB, "-D", folder / "data"],
            check=True,
            stdout=log,
            stderr=log,
            cwd=folder,
            timeout=START_SECONDS,
            **whom,
        )
        # No TCP port; and nothing outlives the tests, so nothing has to reach the disk (-F).
        options = ["-k", str(folder), "-h", "", "-F"]
        server = subprocess.Popen(  # noqa: S603 - found above
            [str(binaries / "postgres"), "-D", str(folder / "data"), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **whom,
        )
        try:
            await_answer(binaries, folder, server)
            yield Database("postgres", folder, binaries)
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends connections that were left open
            server.wait(STOP_SECONDS)
    except (subprocess.SubprocessError, TimeoutError) as error:
        log.seek(0)
        error.add_note(log.read().decode())
        raise
    finally:
        log.close()
        shutil.rmtree(folder)


def await_answer(binaries: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server accepts connections.

    Raises:
        TimeoutError: It ended, or does not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    asked = [str(binaries / "pg_isready"), "-q", "-h", str(folder), "-U", SUPERUSER]
    while subprocess.run(asked, check=False, timeout=START_SECONDS).returncode != 0:  # noqa: S603 - found above
        if server.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError("the private PostgreSQL server does not answer")
        time.sleep(0.05)


@pytest.fixture
def postgres(postgres_server: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Make an empty database for one test."""
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    postgres_server.query(f"create database {name}")
    yield Database(name, postgres_server.folder, postgres_server.binaries)
    postgres_server.query(f"drop database {name} with (force)")
