"""A small clinic as a tap would tell it: records that come, change, are merged and go."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from target_pipedrive.mapping.direct import Stream

if TYPE_CHECKING:
    from pathlib import Path

CREATED = "2024-03-01T00:00:00Z"
STREAMS = {
    "products": "id name item_code serial_number price_ex_tax price_including_tax tax_id "
    "archived_at",
    "appointment_types": "id name archived_at",
    "invoices": "id number patient_id status total_amount issue_date closed_at business_id "
    "archived_at deleted_at",
    "communications": "id patient_id type direction_description category from to "
    "content_subject content created_at archived_at confidential",
    "patients": "id first_name last_name preferred_first_name email patient_phone_numbers "
    "country_code created_at archived_at deleted_at merged_with_patient_id date_of_birth sex "
    "occupation emergency_contact notes concession_type_id reminder_type address_1 address_2 "
    "address_3 city state post_code country accepted_email_marketing accepted_sms_marketing "
    "medicare medicare_reference_number custom_fields",
    "individual_appointments": "id patient_id appointment_type_id practitioner_id business_id "
    "starts_at ends_at cancelled_at cancellation_reason_description cancellation_note "
    "did_not_arrive patient_arrived invoice_status treatment_note_status notes archived_at "
    "deleted_at created_at",
    "treatment_notes": "id patient_id practitioner_id booking_id title draft content author_name "
    "created_at archived_at deleted_at",
    "patient_attachments": "id patient_id filename content_state content_uri sha256 content_size "
    "archived_at created_at",
}
"""Streams in the order of the tap, with the fields that the default mapping reads."""


class Clinic:
    """Records by stream and id; every change has a number that bookmarks count.

    Args:
        spool: Where the contents of attachments lie.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._records = defaultdict(dict)
        self._changed = {}
        self._number = 0

    def ids(self, stream):
        """Return the ids of a stream's records, oldest first."""
        return list(self._records[stream])

    def get(self, stream, record_id):
        return self._records[stream][record_id]

    def all(self, stream):
        return list(self._records[stream].values())

    def put(self, stream, **values):
        """Add a record, or change one; return its id."""
        self._number += 1
        record_id = values.get("id") or str(100 * (list(STREAMS).index(stream) + 1) + self._number)
        former = self._records[stream].get(record_id) or dict.fromkeys(STREAMS[stream].split())
        self._records[stream][record_id] = former | {"created_at": CREATED} | values
        self._records[stream][record_id]["id"] = record_id
        self._changed[stream, record_id] = self._number
        return record_id

    def attach(self, patient_id, name, content, **values):
        """Add an attachment."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._spool / digest
        path.write_bytes(content)
        return self.put(
            "patient_attachments",
            patient_id=patient_id,
            filename=name,
            content_state="ready",
            content_uri=str(path),
            sha256=digest,
            content_size=len(content),
            **values,
        )

    def survivor(self, patient_id):
        """Return the patient that stands for this one after merges."""
        while (following := self.get("patients", patient_id)["merged_with_patient_id"]) is not None:
            patient_id = following
        return patient_id

    def messages(self, state=None):
        """Yield what a tap sends that read up to a state; everything without one."""
        marks = dict((state or {}).get("bookmarks", {}))
        for stream, names in STREAMS.items():
            schema = {"properties": {name: {} for name in names.split()}}
            yield "schema", stream, Stream(stream, schema, ["id"])
            read = marks.get(stream, 0)
            changed = [
                (self._changed[stream, key], record)
                for key, record in self._records[stream].items()
                if self._changed[stream, key] > read
            ]
            for _, record in changed:
                yield "record", stream, dict(record)
            marks[stream] = max([read, *(number for number, _ in changed)])
            yield "state", {"bookmarks": dict(marks)}, None
