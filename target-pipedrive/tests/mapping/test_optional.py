"""Optional files, records that wait for others, and what only patient forms ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_pipedrive.errors import MappingError
from target_pipedrive.mapping.context import Options
from target_pipedrive.mapping.functions.notes import sections
from target_pipedrive.mapping.loader import load

ROOT = Path(__file__).parents[3]
ONE = "stream: a\nobject: person\nkey_field: A\nfields: {name: name}\n"
TWO = "stream: b\nobject: person\nkey_field: B\nfields: {name: name}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "optional").mkdir()
    (tmp_path / "a.yml").write_text(ONE)
    (tmp_path / "optional" / "b.yml").write_text(TWO)
    return tmp_path


def loaded(folder, objects, chosen):
    (folder / "account.yml").write_text(f"other_custom_fields: plan\noptional: {chosen}\n")
    return load(folder, options=Options(), objects=objects)


@pytest.mark.parametrize(
    ("chosen", "streams"),
    [("null", {"a"}), ("[]", {"a"}), ("[b]", {"a", "b"}), ("[b, b]", {"a", "b"})],
)
def test_an_optional_file_counts_when_it_is_named(folder, objects, chosen, streams):
    assert loaded(folder, objects, chosen).streams() == streams


def test_a_name_without_a_file_is_told_with_what_to_type(folder, objects):
    with pytest.raises(MappingError) as told:
        loaded(folder, objects, "[b, bb]")
    (fault,) = told.value.faults
    assert fault == (
        f"{folder}/account.yml:2:15: there is no file optional/bb.yml; did you mean 'b'?"
    )


def test_faults_of_an_optional_file_are_told_at_their_place(folder, objects):
    (folder / "optional" / "b.yml").write_text(TWO.replace("person", "persn"))
    assert loaded(folder, objects, "[]").streams() == {"a"}
    with pytest.raises(MappingError) as told:
        loaded(folder, objects, "[b]")
    assert f"{folder}/optional/b.yml:2:9: unknown object 'persn'" in str(told.value)


def test_a_change_of_an_optional_file_is_a_change_of_the_mapping(folder, objects):
    before = loaded(folder, objects, "[b]").digest
    (folder / "optional" / "b.yml").write_text(TWO + "# changed\n")
    assert loaded(folder, objects, "[b]").digest != before


def test_children_must_be_rolled_up_somewhere(folder, objects):
    (folder / "a.yml").write_text(ONE.replace("{name: name}", "{name: \"children('b', 'a', id)\"}"))
    with pytest.raises(MappingError, match="no document rolls 'b' up into 'a'; there is none"):
        loaded(folder, objects, "[]")


QUESTIONS = [
    (
        {
            "type": "full_name",
            "answer": {
                "title": "Dr",
                "first_name": " Zoë ",
                "last_name": "Å",
                "preferred_first_name": "Zo",
            },
        },
        "Dr Zoë Å (Zo)",
    ),
    ({"type": "full_name", "answer": {"title": "", "first_name": "", "last_name": None}}, None),
    (
        {
            "type": "address",
            "answer": {
                "address_1": "7 Rope Walk",
                "address_2": "",
                "city": "Fitzroy",
                "country_code": "AU",
            },
        },
        "7 Rope Walk, Fitzroy, AU",
    ),
    (
        {
            "type": "phone",
            "answer": [
                {"number": "0491 570 110", "phone_type": "Mobile"},
                {"number": ""},
                {"number": "1"},
            ],
        },
        "0491 570 110 (Mobile)<br>1",
    ),
    ({"type": "phone", "answer": None}, None),
    ({"type": "pronouns", "answer": {"nominative": "they", "accusative": "them"}}, "they / them"),
    ({"type": "select", "options": ["A"], "answer": "Intersex & proud"}, "Intersex &amp; proud"),
    ({"type": "signature", "signature_id": "9"}, "Signed in Cliniko"),
    ({"type": "signature"}, None),
    ({"type": "date", "answer": "2026-01-31"}, "2026-01-31"),
    ({"type": "new", "answer": {"a": ["<b>"]}}, "{&quot;a&quot;: [&quot;&lt;b&gt;&quot;]}"),
    ({"type": "new", "answer": {"a": ["", None]}}, None),
    ({"type": "new", "answer": True}, None),
    ({"answer": 5}, "5"),
]


@pytest.mark.parametrize(("question", "shown"), QUESTIONS)
def test_what_a_form_asks_of_the_patient_is_written_out(question, shown):
    content = {"sections": [{"questions": [{"name": "Q", **question}]}]}
    assert sections(content) == (None if shown is None else f"<p><b>Q</b><br>{shown}</p>")
