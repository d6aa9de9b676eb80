"""The check over bytes that went the whole way: uploaded, kept, dumped, compared."""

from __future__ import annotations

import csv
import http.client
import io
import json
from datetime import UTC, datetime

import pytest

from sandbox import clinic
from sandbox.check import communications
from sandbox.check.clinic import Clinic
from sandbox.pipedrive.state import KEPT_BYTES
from sandbox.testing import running

SEAM = "a-seam-between-parts"


@pytest.fixture(scope="module")
def sandbox():
    with running(patients=40, now="2026-03-09T04:30:17+00:00") as started:
        yield started


@pytest.fixture(scope="module")
def send(sandbox):
    """Send a request to the simulated Pipedrive; return the data of its answer."""
    connection = http.client.HTTPConnection(sandbox.pipedrive.removeprefix("http://"), timeout=20)

    def sending(method, path, body=None, kind="application/json"):
        headers = {"x-api-token": "sandbox-token", "content-type": kind}
        connection.request(method, path, body, headers)
        answer = json.load(connection.getresponse())
        assert answer["success"], answer
        return answer["data"]

    yield sending
    connection.close()


@pytest.fixture(scope="module")
def patient(sandbox, send):
    """A patient who was written to, and who stands as a person: `(id, person, messages)`."""
    source = Clinic(sandbox.dump()["cliniko"])
    messages = messages_of(source)
    key = max(messages, key=lambda one: len(messages[one]))
    field = {"field_name": "Cliniko patient ID", "field_type": "varchar"}
    code = send("POST", "/api/v2/personFields", json.dumps(field))["field_code"]
    body = {"name": source.patient_name(key), "custom_fields": {code: key}}
    person = send("POST", "/api/v2/persons", json.dumps(body))["id"]
    return key, person, sorted(messages[key], key=lambda row: (row["created_at"], int(row["id"])))


def messages_of(source):
    told = [row for row in source.live("communications") if row.get("confidential") is not True]
    return source.of_patients(told)


def form(person, content):
    """Return a multipart body that holds a CSV file."""
    head = (
        f'--{SEAM}\r\ncontent-disposition: form-data; name="person_id"\r\n\r\n{person}\r\n'
        f'--{SEAM}\r\ncontent-disposition: form-data; name="file"; filename="{communications.NAME}"'
        "\r\ncontent-type: text/csv\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{SEAM}--\r\n".encode()


@pytest.mark.parametrize("column", [None, *communications.HEADER])
def test_a_wrong_cell_of_an_uploaded_csv_is_found(sandbox, send, patient, column):
    key, person, messages = patient
    content = next(communications.renderings(messages))
    if column is not None:
        rows, fault = communications.parse(content)
        assert fault is None
        rows[-1][communications.HEADER.index(column)] += "0"
        changed = io.StringIO(newline="")
        csv.writer(changed).writerows(rows)
        content = changed.getvalue().encode()
    kind = f"multipart/form-data; boundary={SEAM}"
    file = send("POST", "/api/v1/files", form(person, content), kind)["id"]
    try:
        section = sandbox.check()["report"]["objects"]["communications_csv"]
    finally:
        send("DELETE", f"/api/v1/files/{file}")
    assert section["present"] == 1
    assert section["unverified"] == []
    found = [(one["cliniko_id"], one["field"]) for one in section["differences"]]
    assert found == ([] if column is None else [(key, f"{messages[-1]['id']} {column}")])


def test_the_dump_shows_every_csv_of_the_default_clinic():
    source = Clinic(clinic.build(now=datetime(2026, 3, 9, 4, 30, 17, tzinfo=UTC)).dump())
    for messages in messages_of(source).values():
        assert all(len(data) <= KEPT_BYTES for data in communications.renderings(messages))
