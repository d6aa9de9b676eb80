"""The workflow reference of the whole clinic: nobody's data in it, nothing asked of Pipedrive."""

from __future__ import annotations

import json

OF_PATIENTS = (
    "patients",
    "contacts",
    "attendees",
    "individual_appointments",
    "invoices",
    "treatment_notes",
    "communications",
    "medical_alerts",
    "patient_attachments",
    "patient_forms",
    "patient_cases",
    "recalls",
    "referral_sources",
    "relationships",
)
SHORTEST = 6
"""Characters; a shorter text of a patient may stand in a template by chance."""


def texts(value):
    """Yield all texts in a row that are one person's own: words of a template are not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in {"type", "links"}:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str) and len(value) >= SHORTEST:
        yield value


def test_there_is_nothing_of_a_patient_in_it(pipeline):
    """Even when the tap sends everything."""
    pipe = pipeline(patients=30)
    pipe.target_config |= {"mode": "reference", "api_token": "wrong"}
    result = pipe.run()
    assert (result.tap, result.target, result.states) == (0, 0, []), result.target_log
    assert not [row for row in pipe.sandbox.log() if row["api"] == "pipedrive"]
    folder = pipe.folder / "output"
    assert sorted(path.name for path in folder.iterdir()) == [
        "workflow-reference.json",
        "workflow-reference.md",
    ]
    written = (folder / "workflow-reference.json").read_text()
    written += (folder / "workflow-reference.md").read_text()
    told = json.loads((folder / "workflow-reference.json").read_text())
    written = written.replace(told["made_at"], "")

    streams = pipe.sandbox.dump()["cliniko"]["streams"]
    words = {text for name in OF_PATIENTS for row in streams[name] for text in texts(row)}
    of_the_clinic = {
        text
        for name, rows in streams.items()
        if name not in OF_PATIENTS
        for row in rows
        for text in texts(row)
    }
    of_the_clinic |= set(texts(pipe.sandbox.dump()["cliniko"]["settings"]))
    private = words - of_the_clinic
    assert len(private) > 1_000
    assert [text for text in private if text in written] == []

    assert told["missing_streams"] == []
    listed = {part["stream"]: len(part["records"]) for part in told["parts"]}
    assert listed["appointment_types"] == len(streams["appointment_types"])
    assert listed["patient_form_templates"] == len(streams["patient_form_templates"])
    assert listed["recall_types"] == len(streams["recall_types"])
