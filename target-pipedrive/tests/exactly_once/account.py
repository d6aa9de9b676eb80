"""A simulated Pipedrive in this process, its clock, and faults between it and the target."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode, urlsplit

from multidict import CIMultiDict

from sandbox.pipedrive import app
from sandbox.pipedrive.checks import stamp, stamp_v1
from sandbox.pipedrive.state import PipedriveState
from target_pipedrive.pipedrive.transport import NoAnswer, Reply

TOKEN = "sandbox-token"
URL = "http://127.0.0.1:9"
PAGE = b"<html><body>Bad gateway</body></html>"

LOST_BEFORE = ("drop_before", "error_500", "html_502", "hang", "cut_upload")
"""The request gets no usable answer and was not carried out."""

LOST_AFTER = ("drop_after", "server_error_after", "truncated_json", "html_after", "reset_midway")
"""The request gets no usable answer, but was carried out."""

LATE = "late"
"""The request gets no usable answer, and is carried out some seconds later."""

LATE_SECONDS = 3.0
TIMEOUT_SECONDS = 30.0

KINDS = (*LOST_BEFORE, *LOST_AFTER, LATE, "rate_limited_429", "refused_connection")


class Account:
    """One simulated account and its clock.

    Args:
        ahead: How far its clock is ahead of this computer's.
    """

    HOUR = timedelta(hours=1)

    def __init__(self, ahead=timedelta(0)):
        self.state = PipedriveState(burst=1_000_000, daily_tokens=1_000_000_000)
        self.ahead = ahead
        self.state.now_v1 = lambda: stamp_v1(self.now())
        self.state.now_v2 = lambda: stamp(self.now())
        self._app = app.create(self.state)
        self._late: list[asyncio.Task] = []
        self.requests: Counter[str] = Counter()
        self.tokens = 0

    def now(self):
        return datetime.now(UTC) + self.ahead

    def dump(self):
        return self.state.dump()

    async def answer(self, method, url, body, headers):
        """Answer a request without any fault."""
        parts = urlsplit(url)
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])
        start, content = {}, bytearray()

        async def receive():
            return next(sent, {"type": "http.disconnect"})

        async def send(message):
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                content.extend(message.get("body", b""))

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": parts.query.encode(),
            "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
            "state": {},
        }
        await self._app(scope, receive, send)
        self.tokens += scope["state"].get("tokens", 0)
        self.requests[f"{method} {parts.path}"] += 1
        told = CIMultiDict((key.decode(), value.decode()) for key, value in start["headers"])
        told["date"] = format_datetime(self.now(), usegmt=True)
        return Reply(start["status"], told, bytes(content))

    def by_hand(self, method, path, body=None):
        """Do something as a person would."""
        headers = {"x-api-token": TOKEN, "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        reply = asyncio.run(self.answer(method, f"{URL}/api/{path}", content, headers))
        assert reply.status < 300, reply.content
        return json.loads(reply.content)["data"]

    async def later(self, seconds, *request):
        """Carry a request out although nobody waits for its answer any more."""

        async def carry_out():
            await asyncio.sleep(seconds)
            await self.answer(*request)

        self._late.append(asyncio.create_task(carry_out()))

    async def landed(self):
        """Return when all that was under way is carried out."""
        late, self._late = self._late, []
        await asyncio.gather(*late)


class Plan:
    """Which of a run's requests meet a fault, and after how many it is killed.

    Args:
        faults: Number of a request → kind of fault.
        kill: Number of the request at which the target dies; None for never.
        killed_after: It dies after that request was carried out, else before.
    """

    def __init__(self, faults=None, kill=None, *, killed_after=False, only=None):
        self.faults = faults or {}
        self.kill = kill
        self.killed_after = killed_after
        self.only = only
        self.count = 0
        self.met: list[str] = []
        self.killed = asyncio.Event()

    def next(self, method, path):
        """Count a request; return the fault that it meets, if any."""
        if self.only is not None and not self.only(method, path):
            return None
        number, self.count = self.count, self.count + 1
        if number == self.kill:
            return "kill"
        return self.faults.get(number)


class Weather(Plan):
    """Faults as chance brings them.

    Args:
        seed: Decides them.
        percent: How many of a hundred requests meet one.
        kills: Some of them kill the target.
    """

    def __init__(self, seed, percent, kills):
        super().__init__()
        self._chance = random.Random(seed)
        self._percent = percent
        self._kinds = (*KINDS, *(("kill",) * 3 if kills else ()))
        self._told = f"Weather({seed}, {percent}, {kills})"

    def __repr__(self):
        return self._told

    def next(self, method, path):
        if self._chance.randrange(100) >= self._percent:
            return None
        self.killed_after = self._chance.random() < 0.5
        return self._chance.choice(self._kinds)


class Wire:
    """Takes the place of the target's transport: the same seam, no network.

    Args:
        account: Who answers.
        plan: Which requests fail.
    """

    def __init__(self, account, plan):
        self._account = account
        self._plan = plan
        self._headers = {}

    def __call__(self, host, headers, *, timeout, max_connections):
        self._headers = dict(headers)
        return self

    async def aclose(self):
        pass

    async def send(self, method, url, *, params=None, body=None, headers=None):
        sent = self._headers | dict(headers or {})
        if isinstance(body, dict):
            body = urlencode(body).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        elif body is not None and not isinstance(body, bytes):
            body = b"".join([chunk async for chunk in body])
        if params:
            url = f"{url}?{urlencode(params)}"
        request = (method, url, body or b"", sent)
        await asyncio.sleep(0)
        fault = self._plan.next(method, urlsplit(url).path)
        if fault is not None:
            self._plan.met.append(f"{fault}: {method} {urlsplit(url).path}")
        if fault == "kill":
            return await self._die(request)
        if fault in LOST_AFTER:
            return self._spoilt(fault, await self._account.answer(*request))
        if fault is not None:
            return await self._unheard(fault, request)
        return await self._account.answer(*request)

    async def _die(self, request):
        if self._plan.killed_after:
            await self._account.answer(*request)
        self._plan.killed.set()
        await asyncio.Event().wait()

    async def _unheard(self, fault, request):
        """Let a request fail that is not carried out, or not yet."""
        match fault:
            case "rate_limited_429":
                return Reply(429, CIMultiDict({"x-ratelimit-reset": "2"}), b"{}")
            case "error_500":
                return Reply(500, CIMultiDict(), PAGE)
            case "html_502":
                return Reply(502, CIMultiDict({"content-type": "text/html"}), PAGE)
            case "hang":
                await asyncio.sleep(TIMEOUT_SECONDS)
            case "late":
                await self._account.later(LATE_SECONDS, *request)
        raise NoAnswer(fault, sent=fault != "refused_connection")

    def _spoilt(self, fault, reply):
        """Lose the answer to a request that was carried out."""
        match fault:
            case "server_error_after":
                return Reply(500, CIMultiDict(), PAGE)
            case "html_after":
                return Reply(200, CIMultiDict({"content-type": "text/html"}), PAGE)
            case "truncated_json":
                return Reply(reply.status, reply.headers, reply.content[: len(reply.content) // 2])
        raise NoAnswer(fault, sent=True)
