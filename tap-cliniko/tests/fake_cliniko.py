"""A small Cliniko on loopback, strict about what the tap relies on.

What it hides, refuses and sorts is said in ``fake_rules``.
"""

from __future__ import annotations

import base64
import json
import random
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fake_rules import HIDDEN, BadQueryError, answer

from tap_cliniko.streams import STREAMS

KEY = "fake-key-au1"
EMAIL = "tests@example.com"
ANSWERS = {
    "truncated": (200, b'{"patients": ['),
    "nolist": (200, b'{"links": {}}'),
    "html": (200, b"<html>maintenance</html>", "text/html"),
    "html403": (403, b"<html>blocked</html>", "text/html"),
}
PHONE = {"number": "(02) 5550 1234", "normalized_number": "61255501234", "phone_type": "Mobile"}


def link(path: str) -> dict[str, Any]:
    return {"links": {"self": f"https://api.au1.cliniko.com/v1/{path}"}}


@dataclass
class Clinic:
    """Lists by name. A row has ``_stamps`` hidden in none; it looks as Cliniko sends it."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    now: int = 1_790_000_000
    per_page: int = 100
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def stamp(self, seconds: int = 0) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now + seconds))

    def add(self, name: str, number: int, /, **values: Any) -> dict[str, Any]:
        row = {
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            **dict.fromkeys(self.hidden.get(name, ())),
            **values,
            "id": str(number),
            "links": {"self": f"https://api.au1.cliniko.com/v1/{name}/{number}"},
        }
        self.lists.setdefault(name, []).append(row)
        return row

    def page(
        self, name: str, filters: list[str], sort: str, per_page: int | None = None, page: int = 1
    ) -> tuple[list[dict[str, Any]], bool]:
        rows, more, _ = self.answer(name, filters, sort, per_page or self.per_page, page)
        return rows, more

    def answer(
        self, name: str, filters: list[str], sort: str, per_page: int, page: int = 1
    ) -> tuple[list[dict[str, Any]], bool, int]:
        """The rows of a page, whether more follow, and how many match."""
        rows = self.lists.get(name, [])
        where = name.partition("/")[0]  # practitioners have two lists
        return answer(where, rows, filters, sort, per_page, page, self.chance)


@dataclass
class Request:
    at: float
    path: str
    query: list[tuple[str, str]]
    status: int
    authorized: bool
    agent: str


class Server:
    """The API and, on another port, the storage."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.log: list[Request] = []
        self.faults: list[tuple[str, str, int]] = []  # path, kind, times
        self.forbidden: set[str] = set()
        self.role = "administrator"
        self.latency = 0.0
        self.location: str | None = None
        self._lock = threading.Lock()
        handlers = (
            type("Api", (_Api,), {"server_": self}),
            type("Store", (_Store,), {"server_": self}),
        )
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in handlers]
        for server in self._servers:
            server.daemon_threads = True
        self.url, self.storage = (f"http://127.0.0.1:{s.server_address[1]}" for s in self._servers)

    def config(self, **more: Any) -> dict[str, Any]:
        return {"api_key": KEY, "api_url": self.url, "contact_email": EMAIL, **more}

    def fault(self, path: str) -> str | None:
        with self._lock:
            for index, (where, kind, times) in enumerate(self.faults):
                if re.fullmatch(where, path) and times > 0:
                    self.faults[index] = (where, kind, times - 1)
                    return kind
        return None

    def paths(self, path: str = "") -> list[Request]:
        return [request for request in self.log if request.path.startswith(path)]

    @contextmanager
    def running(self):
        threads = [
            threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True)
            for s in self._servers
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            for server, thread in zip(self._servers, threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_: Server

    def log_message(self, *_: Any) -> None:
        pass

    def answer(
        self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str
    ) -> None:
        parts = urlsplit(self.path)
        self.server_.log.append(
            Request(
                time.monotonic(),
                parts.path,
                parse_qsl(parts.query),
                status,
                "Authorization" in self.headers,
                self.headers.get("User-Agent", ""),
            )
        )
        self.send_response_only(status)
        self.send_header("Date", formatdate(self.server_.clinic.now, usegmt=True))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def broken(self, path: str) -> bool:
        kind = self.server_.fault(path)
        if kind is None:
            return False
        if kind in ANSWERS:
            self.answer(*ANSWERS[kind])
        elif kind == "429":
            self.answer(429, X_RateLimit_Reset=str(self.server_.clinic.now + 1))
        elif kind.isdigit():
            self.answer(int(kind))
        else:
            self.close_connection = True
            if kind == "cut":
                self.send_response_only(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"{")
        return True


class _Api(_Handler):
    def do_GET(self) -> None:
        time.sleep(self.server_.latency)
        path, query = urlsplit(self.path).path, parse_qsl(urlsplit(self.path).query)
        path = path.removeprefix("/v1/")
        expected = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
        if self.broken(path):
            return
        if self.headers.get("Authorization") != expected:
            self.answer(401)
        elif (
            f"({EMAIL})" not in self.headers.get("User-Agent", "")
            or path.partition("/")[0] in self.server_.forbidden
        ):
            self.answer(403)
        elif path == "user":
            stamps = dict.fromkeys(("created_at", "updated_at"), self.server_.clinic.stamp(-9_000))
            person = {"active": True, "user_active": True, **stamps}
            self.send({"id": "1", "role": self.server_.role, **person})
        elif path in {"settings/public", "settings"}:
            self.send({"account": {"id": "77", "name": "Clinic", "country_code": "AU"}})
        elif content := re.fullmatch(r"patient_attachments/(\d+)/content", path):
            location = self.server_.location or f"{self.server_.storage}/{content[1]}?signed=1"
            self.answer(303, b"see other", Location=location)
        else:
            self.list(path, query)

    def allowed(self, path: str) -> bool:
        named = f"({EMAIL})" in self.headers.get("User-Agent", "")
        return named and path.partition("/")[0] not in self.server_.forbidden

    def list(self, path: str, query: list[tuple[str, str]]) -> None:
        named = dict(query)
        clinic = self.server_.clinic
        name, _, view = path.partition("/")
        try:
            rows, more, total = clinic.answer(
                path,
                [value for key, value in query if key == "q[]"],
                named.get("sort", ""),
                min(int(named.get("per_page", 50)), clinic.per_page),
                int(named.get("page", 1)),
            )
        except BadQueryError:
            self.answer(400, b'{"message": "not filterable"}')
            return
        if view not in {"", "inactive"}:
            self.answer(404)
            return
        links = {"self": "x", **({"next": "y"} if more else {})}
        self.send({name: rows, "total_entries": total, "links": links})

    def send(self, body: dict[str, Any]) -> None:
        self.answer(200, json.dumps(body).encode())


class _Store(_Handler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/")
        if self.broken(f"storage/{path}"):
            return
        if "Authorization" in self.headers:
            self.answer(400)
        elif path in self.server_.clinic.contents:
            self.answer(200, self.server_.clinic.contents[path], "application/octet-stream")
        else:
            self.answer(404)


def plain_values(schema: dict[str, Any], now: str) -> dict[str, Any]:
    """A value for each field of a schema that tells its type plainly; no links."""
    by_type = {"boolean": True, "integer": 1, "number": 1, "array": [], "object": {}}
    values: dict[str, Any] = {}
    for name, field_ in schema["properties"].items():
        kinds = [kind for kind in field_.get("type", ["string"]) if kind != "null"]
        if name.endswith(("_id", "_ids")) or kinds[0] not in {*by_type, "string"}:
            continue
        by_format = {"date-time": now, "date": now[:10], "singer.decimal": "1.50"}
        values[name] = by_type.get(kinds[0], by_format.get(field_.get("format", ""), "text"))
    return values


def small_clinic() -> Clinic:
    """A few rows in every list, hidden ones among them."""
    clinic = Clinic(hidden=HIDDEN)
    old = {"created_at": clinic.stamp(-9_000_000), "updated_at": clinic.stamp(-8_000_000)}
    removed = {**old, "archived_at": clinic.stamp(-7_000_000)}
    clinic.add("users", 1, email="u@example.com", active=True, user_active=True, **old)
    clinic.add("practitioners", 1, active=True, user=link("users/1"), **old)
    clinic.add("practitioners/inactive", 2, active=False, user=link("users/9"), **old)
    clinic.add("businesses", 1, business_name="Main", appointment_type_ids=["1"], **old)
    clinic.add("taxes", 1, name="GST", rate="10.0", amount="10.0", **old)
    clinic.add("concession_types", 1, name="Pensioner", **old)
    clinic.add("referral_source_types", 1, name="Doctor", subcategories=["GP"], **old)
    clinic.add("contacts", 1, last_name="Doe", type_code=1, phone_numbers=[], **old)
    clinic.add("products", 1, name="Band", stock_level=3, tax=link("taxes/1"), **old)
    clinic.add("billable_items", 1, name="Visit", price="90.50", item_type="Service", **old)
    clinic.add("appointment_types", 1, name="Visit", duration_in_minutes=30, **old)
    clinic.add("appointment_types", 2, name="Gone", duration_in_minutes=30, **removed)
    clinic.add("appointment_type_billable_items", 1, quantity="1.0", **old)
    clinic.add("appointment_type_products", 1, quantity="1.0", **old)
    clinic.add("invoices", 1, number=1, total_amount="99.10", patient=link("patients/1"), **old)
    clinic.add("communications", 1, content="Hello", patient=link("patients/1"), **old)
    clinic.add("communications", 2, content="Code 123456", category_code=47, **old)
    clinic.add("medical_alerts", 1, name="Nuts", patient=link("patients/1"), **old)
    clinic.add("referral_sources", 1, patient=link("patients/1"), referrer=None, **old)
    clinic.add("patients", 1, first_name="Zoë", patient_phone_numbers=[PHONE], **old)
    clinic.add("patients", 2, first_name="Old", custom_fields={"sections": []}, **removed)
    clinic.add("attendees", 1, booking=link("bookings/5"), patient=link("patients/1"), **old)
    clinic.add(
        "individual_appointments",
        1,
        patient=link("patients/1"),
        repeats=None,
        repeat_rule={},
        conflicts=link("individual_appointments/1/conflicts"),
        telehealth_url="https://example.com/secret",
        cancelled_at=clinic.stamp(-7_500_000),
        **old,
    )
    clinic.add("group_appointments", 1, max_attendees=5, patient_ids=["1"], **old)
    clinic.add("treatment_notes", 1, title="Note", content={"sections": []}, **old)
    attachment = {"patient": link("patients/1"), "processing_completed": True, **old}
    clinic.contents = {"1": b"first file", "2": b"second" * 50_000}
    for number, content in clinic.contents.items():
        where = link(f"patient_attachments/{number}/content")
        clinic.add(
            "patient_attachments",
            int(number),
            filename="../../etc/passwd",
            size=len(content),
            content=where,
            **attachment,
        )
    for stream in STREAMS:
        if stream.name not in {*clinic.lists, "user", "settings", "public_settings"}:
            values = plain_values(stream.schema, clinic.stamp(-8_000_000))
            hidden = dict.fromkeys(clinic.hidden.get(stream.name, ()))
            if stream.name == "services":
                values |= {name: link(f"{name}s/1") for name in ("appointment_type", "business")}
            if "patient_id" in stream.schema["properties"]:
                values["patient"] = link("patients/1")
            row = clinic.add(stream.name, 1, **{**values, **hidden, **old})
            if stream.name == "services":
                for name in ("id", *old):
                    del row[name]
    return clinic
