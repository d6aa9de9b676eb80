from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from target_pipedrive.desired import File
from target_pipedrive.errors import (
    Blocked,
    BudgetSpent,
    NotAllowed,
    Refused,
    SettingsError,
    UnknownOutcome,
    Unreachable,
)
from target_pipedrive.pipedrive import OPERATIONS, Client, Limits
from target_pipedrive.pipedrive.credentials import ApiToken
from target_pipedrive.pipedrive.files import Multipart

from .faulty import DROP_AFTER, DROP_BEFORE, HANG, HTML, TRUNCATE, Reply, Server, error, ok

pytestmark = pytest.mark.anyio

GET = OPERATIONS["person.get"]
CREATE = OPERATIONS["person.create"]
UPDATE = OPERATIONS["person.update"]
DELETE = OPERATIONS["person.delete"]

FAULTS = {
    "dropped before": Reply(fault=DROP_BEFORE),
    "dropped after": Reply(fault=DROP_AFTER),
    "hanging": Reply(fault=HANG),
    "truncated": Reply(body={"success": True, "data": {"id": 1}}, fault=TRUNCATE),
    "500": error(500, "Internal Server Error"),
    "502 page": Reply(502, HTML),
    "200 page": Reply(200, HTML),
}


async def test_a_good_answer_comes_with_the_token_sent_as_a_header(server, client):
    server.script.append(ok({"id": 5}, additional_data={"next_cursor": "x"}))

    answer = await client.call(GET, ids={"id": 5}, params={"custom_fields": "abc"})

    assert (answer.data, answer.additional, answer.status) == ({"id": 5}, {"next_cursor": "x"}, 200)
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/api/v2/persons/5")
    assert request.query == {"custom_fields": "abc"}
    assert request.headers["x-api-token"] == "secret-token"
    assert request.headers["user-agent"].startswith("target-pipedrive/")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("operation", [GET, UPDATE, DELETE], ids=lambda op: op.method)
async def test_what_is_safe_is_sent_again(server, client, operation, fault):
    server.script.extend([fault, fault, ok({"id": 5})])

    answer = await client.call(operation, ids={"id": 5})

    assert answer.data == {"id": 5}
    assert sum(client.limits.by_operation.values()) == 3


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_post_without_a_usable_answer_is_never_sent_again(server, client, fault):
    server.script.append(fault)

    with pytest.raises(UnknownOutcome, match=r"person\.create"):
        await client.call(CREATE, json={"name": "Ann"})

    assert client.limits.by_operation == {"person.create": 1}


async def test_an_unsafe_put_is_never_sent_again(server, client):
    server.script.append(Reply(fault=DROP_AFTER))

    with pytest.raises(UnknownOutcome, match=r"person\.merge"):
        await client.call(OPERATIONS["person.merge"], ids={"id": 1}, json={}, safe=False)

    assert len(server.requests) == 1


async def test_a_server_that_never_answers_is_unreachable_within_the_bound(server, client):
    server.app = lambda _: error(503, "Service Unavailable")

    with pytest.raises(Unreachable, match="asked 3 times") as caught:
        await client.call(GET, ids={"id": 5})

    assert "HTTP 503" in str(caught.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize("operation", [GET, CREATE], ids=lambda op: op.method)
async def test_nobody_listening_is_unreachable_even_for_a_post(operation):
    client = Client(
        "http://127.0.0.1:9", ApiToken("t"), Limits("lite", 1), tries=2, first_wait=0.01
    )
    with pytest.raises(Unreachable, match="ClientConnectorError"):
        await client.call(operation, ids={"id": 1})
    await client.aclose()


async def test_too_many_requests_waits_and_repeats_a_post(server, client):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        client.limits.clock = lambda: 1e12

    client.limits.sleep = sleep
    server.script.extend(
        [Reply(429, {"success": False}, {"x-ratelimit-reset": "3"}), ok({"id": 1})]
    )

    assert (await client.call(CREATE, json={"name": "Ann"})).data == {"id": 1}
    assert waits == [pytest.approx(3, abs=0.1)]
    assert client.limits.by_operation["person.create"] == 2


async def test_too_many_requests_with_no_tokens_left_ends_the_run(server, client):
    server.script.append(Reply(429, {"success": False}, {"x-daily-ratelimit-token-remaining": "0"}))
    with pytest.raises(BudgetSpent, match="00:00 UTC"):
        await client.call(CREATE, json={})


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (error(401, "unauthorized access"), NotAllowed, "TARGET_PIPEDRIVE_API_TOKEN"),
        (error(402, "Payment required"), NotAllowed, "subscription"),
        (error(403, "No permission"), NotAllowed, r"person\.create.*No permission"),
        (Reply(403, HTML), Blocked, "firewall"),
        (
            error(403, "x", code="feature_capping_custom_fields_limit"),
            SettingsError,
            "all the custom fields",
        ),
        (error(403, "x", code="feature_capping_deals_limit"), SettingsError, "open deals"),
        (error(403, "Too many fields per company limit"), SettingsError, "limit of its subscr"),
        (error(400, "Validation failed: name: too short"), Refused, "HTTP 400: .*name: too short"),
        (error(404, "Not found"), Refused, "HTTP 404"),
        (Reply(413, HTML), Refused, "HTTP 413: it answered with a page"),
        (Reply(400, {"success": False}, fault=TRUNCATE), Refused, "HTTP 400"),
        (Reply(200, {"success": False, "error": "odd"}), Refused, "HTTP 200: odd"),
        (Reply(302, "", {"location": "https://elsewhere.example/"}), SettingsError, "redirect"),
    ],
)
async def test_refusals_are_told_apart_at_once(server, client, reply, kind, words):
    server.app = lambda _: reply

    with pytest.raises(kind, match=words):
        await client.call(CREATE, json={"name": "Ann"})

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (GET, {}),
        (CREATE, {"json": {"name": "Ann"}}),
        (UPDATE, {"json": {"name": "Ann"}}),
        (DELETE, {}),
        (OPERATIONS["file.create"], {"files": Multipart(File("a", 1, "", data=b"a"), {})}),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
async def test_no_redirect_is_followed_so_the_token_goes_nowhere_else(
    server, client, operation, body, status
):
    async with Server().running() as elsewhere:
        for place in (f"{elsewhere.url}/api/v2/persons/5", f"//{elsewhere.url[7:]}/", "/elsewhere"):
            server.script.append(Reply(status, "", {"location": place}))
            with pytest.raises(SettingsError, match="redirect"):
                await client.call(operation, ids={"id": 5}, **body)
        assert elsewhere.requests == []
    assert len(server.requests) == 3
    assert {request.path for request in server.requests} == {server.requests[0].path}


async def test_an_error_tells_no_value(server, client):
    server.script.append(
        error(400, 'Validation failed: name: Zoë Quick is taken; emails: "zoe@q.example" is bad')
    )
    with pytest.raises(Refused) as caught:
        await client.call(
            CREATE, json={"name": "Zoë Quick", "emails": [{"value": "zoe@q.example"}]}
        )
    assert caught.value.reason == "Validation failed: name: … is taken; emails: … is bad"


async def test_the_log_tells_operation_status_and_price_but_no_value(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    server.script.extend([Reply(fault=DROP_AFTER), ok({"id": 5, "name": "Zoë"})])

    await client.call(
        UPDATE, ids={"id": 5}, json={"name": "Zoë Quick"}, params={"term": "zoe@q.example"}
    )

    told = [line for line in caplog.messages if line.startswith("person.update /persons/5: 200 in")]
    assert len(told) == 1
    assert told[0].endswith("5 tokens")
    for secret in ("Zoë", "zoe@q.example", "secret-token"):
        assert secret not in caplog.text
        assert secret not in repr(client)


async def test_decimals_travel_exactly(server, client):
    server.script.append(ok({"id": 1}))
    await client.call(CREATE, json={"a": Decimal("0.10"), "b": Decimal("12345678901234567.89")})
    assert server.requests[0].body == b'{"a":0.10,"b":12345678901234567.89}'


async def test_the_clock_is_pipedrives(server, client):
    ahead = datetime.now(UTC) + timedelta(hours=3)
    server.script.append(Reply(200, {"data": {}}, {"date": format_datetime(ahead, usegmt=True)}))
    await client.call(GET, ids={"id": 1})
    assert abs(client.server_time() - ahead) < timedelta(seconds=3)


async def test_the_rate_headers_are_heard(server, client):
    server.script.append(
        Reply(
            200,
            {"data": {}},
            {"x-ratelimit-limit": "40", "x-daily-ratelimit-token-remaining": "1000"},
        )
    )
    await client.call(GET, ids={"id": 1})
    assert client.limits.burst_limit == 40
    assert client.limits.left == 1000


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://acme.pipedrive.com", "https://acme.pipedrive.com"),
        ("acme.pipedrive.com", "https://COMPANY.pipedrive.com"),
        ("", "https://COMPANY.pipedrive.com"),
        ("ftp://acme.pipedrive.com", "https://COMPANY.pipedrive.com"),
        ("https://acme:port", "https://COMPANY.pipedrive.com"),
        ("https://acme.pipedrive.com/api/v2", r"Type https://acme\.pipedrive\.com only"),
    ],
)
def test_an_address_that_cannot_be_is_refused(url, words):
    with pytest.raises(SettingsError, match=words):
        Client(url, ApiToken("t"), Limits("lite", 1))
