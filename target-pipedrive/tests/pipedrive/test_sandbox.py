"""The room against the strict simulation of Pipedrive."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace

import pytest

from target_pipedrive.desired import Custom, Desired, FieldSpec, File, Found, Mark
from target_pipedrive.errors import NotAllowed, Refused, UnknownOutcome
from target_pipedrive.index import Index
from target_pipedrive.ledger import Ledger
from target_pipedrive.pipedrive import ActivityTypes, Client, Fields, Limits, Pipedrive
from target_pipedrive.pipedrive.credentials import ApiToken

from .bindings import Bindings

testing = pytest.importorskip("sandbox.testing")

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SPECS = [
    FieldSpec("person", "Cliniko patient ID", "varchar"),
    FieldSpec("person", "Date of birth", "date"),
    FieldSpec("person", "Address", "address"),
    FieldSpec("person", "Outstanding balance", "monetary"),
    FieldSpec("person", "Invoice count", "double"),
    FieldSpec("person", "Marketing consent", "set", ("Email", "SMS")),
    FieldSpec("person", "Sex", "enum", from_source=True),
]
VALUES = {
    "Cliniko patient ID": Custom("varchar", "77"),
    "Date of birth": Custom("date", "1980-02-29"),
    "Address": Custom("address", {"value": "1 High St, Perth", "country": "Australia"}),
    "Outstanding balance": Custom("monetary", {"value": Decimal("12.30"), "currency": "AUD"}),
    "Invoice count": Custom("double", 3),
    "Marketing consent": Custom("set", ("Email", "SMS")),
    "Sex": Custom("enum", "Female"),
}


@pytest.fixture(scope="module")
def sandbox():
    with testing.running(patients=5) as running:
        yield running


@pytest.fixture
async def pipedrive(sandbox):
    client = Client(
        sandbox.pipedrive, ApiToken("sandbox-token"), Limits("premium", 5), first_wait=0.05
    )
    yield Pipedrive(client)
    sandbox.clear_faults()
    await client.aclose()


@pytest.fixture
async def fields(pipedrive):
    made = Fields(pipedrive, Bindings(), pause=0.05)
    await made.prepare("person", SPECS)
    return made


async def _all(pages):
    return [row async for page in pages for row in page]


async def _send(pipedrive, desired, body):
    if desired.file:
        return await pipedrive.upload(desired.file, body)
    return await pipedrive.create(desired.object, body)


async def test_the_account_and_its_users(pipedrive, sandbox):
    account = await pipedrive.account()
    users = await pipedrive.users()
    assert account.is_admin
    assert account.company_name
    assert account.user_id in {user.id for user in users if user.active}
    assert len(users) == len(sandbox.dump()["pipedrive"]["users"])


async def test_a_wrong_token_is_told(sandbox):
    client = Client(sandbox.pipedrive, ApiToken("wrong"), Limits("lite", 1))
    with pytest.raises(NotAllowed, match="refused the token"):
        await Pipedrive(client).account()
    await client.aclose()


async def test_a_person_with_every_kind_of_field_goes_there_and_back(pipedrive, fields):
    body = {
        "name": "Zoë Quick",
        "emails": [{"value": "zoe@quick.example", "primary": True, "label": "home"}],
        "add_time": "2019-01-02T03:04:05Z",
        **await fields.body("person", VALUES),
    }
    made = await pipedrive.create("person", body)
    row = await pipedrive.get("person", made["id"])
    for label, wanted in VALUES.items():
        assert fields.value(row, "person", label) == wanted.value, label

    emptied = {label: Custom(wanted.type, None) for label, wanted in VALUES.items()}
    await pipedrive.update(
        "person",
        made["id"],
        {"emails": [], **await fields.body("person", emptied)},
    )
    row = await pipedrive.get("person", made["id"])
    assert row["emails"] == []
    assert row["name"] == "Zoë Quick"
    assert all(fields.value(row, "person", label) is None for label in VALUES)

    assert await pipedrive.delete("person", made["id"])
    assert await pipedrive.get("person", made["id"]) is None
    assert not await pipedrive.delete("person", made["id"])
    assert made["id"] not in {row["id"] for row in await _all(pipedrive.rows("person"))}


async def test_preparing_again_makes_nothing(pipedrive, fields, sandbox):
    before = sandbox.dump()["pipedrive"]["personFields"]
    again = Fields(pipedrive, Bindings())
    await again.prepare("person", SPECS)
    assert again.code("person", "Address") == fields.code("person", "Address")
    assert sandbox.dump()["pipedrive"]["personFields"] == before


async def test_a_refusal_names_the_parameter(pipedrive):
    with pytest.raises(Refused, match="nonsense") as caught:
        await pipedrive.create("person", {"name": "Zoë Quick", "nonsense": 1})
    assert caught.value.status == 400
    assert "Zoë" not in str(caught.value)


async def test_an_activity_its_type_a_note_a_product_and_a_file(pipedrive, sandbox, tmp_path):
    person = (await pipedrive.create("person", {"name": "Ann"}))["id"]
    types = ActivityTypes(pipedrive)
    kind = await types.ensure("Hydrotherapy", "meeting")
    again = await ActivityTypes(pipedrive).ensure("HYDROtherapy", "meeting")
    assert (kind.created, again) == (True, (kind.id, kind.key_string, False))

    activity = await pipedrive.create(
        "activity",
        {
            "subject": "Hydrotherapy",
            "type": kind.key_string,
            "due_date": "2026-01-02",
            "due_time": "23:30:00",
            "duration": "00:45:00",
            "done": True,
            "participants": [{"person_id": person, "primary": True}],
        },
    )
    of_person = await _all(pipedrive.rows("activity", person_id=person))
    assert [row["id"] for row in of_person] == [activity["id"]]

    note = await pipedrive.create("note", {"content": "<p>a</p>", "person_id": person})
    await pipedrive.update("note", note["id"], {"content": "<p>b</p>"})
    assert "b" in (await pipedrive.get("note", note["id"]))["content"]
    assert await pipedrive.delete("note", note["id"])
    assert await pipedrive.get("note", note["id"]) is None

    product = await pipedrive.create(
        "product", {"name": "Band", "prices": [{"currency": "AUD", "price": Decimal("9.95")}]}
    )
    assert product["id"] in {row["id"] for row in await _all(pipedrive.rows("product"))}

    path = tmp_path / "x"
    path.write_bytes(b"x" * 300_000)
    file = File("scan é.pdf", 300_000, "0", uri=path.as_uri())
    row = await pipedrive.upload(file, {"person_id": person})
    assert [found["id"] for found in await _all(pipedrive.files_of("person", person))] == [
        row["id"]
    ]
    stored = {kept["id"]: kept for kept in sandbox.dump()["pipedrive"]["files"]}[row["id"]]
    assert (stored["name"], stored["file_size"]) == ("scan é.pdf", 300_000)


async def test_two_persons_are_merged(pipedrive):
    loser, survivor = [
        (await pipedrive.create("person", {"name": name}))["id"] for name in ("Lee", "Leo")
    ]
    await pipedrive.merge_persons(loser, survivor)
    assert await pipedrive.get("person", loser) is None
    assert await pipedrive.get("person", survivor)


async def test_lists_page_without_loss(pipedrive):
    pipedrive_pages = pipedrive.rows("person", newest_first=True)
    ids = [row["id"] for row in await _all(pipedrive_pages)]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) > 0
    since = pipedrive.server_time() + timedelta(hours=1)
    assert await _all(pipedrive.rows("person", updated_since=since)) == []
    assert await _all(pipedrive.rows("note", updated_since=since)) == []
    assert await _all(pipedrive.rows("product", updated_since=since)) == []


@pytest.mark.parametrize(("kind", "there"), [("drop_after", True), ("drop_before", False)])
async def test_a_lost_create_is_found_if_and_only_if_it_stands(
    pipedrive, fields, sandbox, kind, there, tmp_path
):
    rules = [
        SimpleNamespace(
            object=name, key_field=field, key_line=line, match=(), objects=lambda name=name: {name}
        )
        for name, field, line in [
            ("person", "Cliniko patient ID", None),
            ("note", None, "Note"),
            ("activity", None, "Visit"),
        ]
    ]
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "run")
    index = Index(pipedrive, fields, ledger, rules)
    person = (await pipedrive.create("person", {"name": "Ann"}))["id"]
    since = pipedrive.server_time()
    custom = {"Cliniko patient ID": Custom("varchar", f"lost {kind}")}
    line = f"<h3>Exam (1/2)</h3><p>x</p><p>Note: {kind}</p>"
    file = File(f"{kind}.txt", 3, sha256(b"abc").hexdigest(), data=b"abc")
    lost = [
        (
            Desired("person", "p", "1", "", {}, {}, Mark(Found.FIELD, *custom, f"lost {kind}")),
            {"name": "Lost", **await fields.body("person", custom)},
        ),
        (
            Desired("note", "n", "1", "1", {}, {}, Mark(Found.LINE, "Note", kind)),
            {"content": line, "person_id": person},
        ),
        (
            Desired("activity", "a", "1", "", {}, {}, Mark(Found.LINE, "Visit", kind)),
            {"subject": "x", "note": f"<br>Visit: {kind}"},
        ),
        (
            Desired("file", "f", "1", "", {}, {}, Mark(Found.NAME, "", file.name), file=file),
            {"person_id": person},
        ),
    ]
    sandbox.fault(kind=kind, api="pipedrive", method="POST")
    for desired, body in lost:
        with pytest.raises(UnknownOutcome):
            await _send(pipedrive, desired, body)
    sandbox.clear_faults()
    for desired, body in lost:
        found = await index.look(desired, body, since)
        assert (found is not None) == there, desired.object
    ledger.close()


@pytest.mark.slow
async def test_the_sandbox_never_sees_a_burst_too_large(pipedrive, sandbox):
    await asyncio.sleep(2.1)  # what other tests sent is no longer in the window
    sandbox.clear_log()
    await asyncio.gather(
        *(pipedrive.create("person", {"name": f"P {number}"}) for number in range(250))
    )
    statuses = [entry["status"] for entry in sandbox.log() if entry["api"] == "pipedrive"]
    assert statuses == [200] * 250
