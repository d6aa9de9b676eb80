"""The whole account as JSON, for checks and for people who want to look."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import account, deal_products, files, leads, notes
from sandbox.pipedrive.crud import present
from sandbox.pipedrive.field_operations import FIELD_PATHS
from sandbox.pipedrive.objects import ENTITIES

if TYPE_CHECKING:
    from sandbox.pipedrive.state import PipedriveState


def dump(state: PipedriveState) -> dict[str, Any]:
    """Return everything, deleted rows included; see `PipedriveState.dump`."""
    owner = next(iter(state.users.values()))
    shown: dict[str, Any] = {
        "company": dict(state.company),
        "users": [account.present(user, owner) for user in state.users.values()],
        "currencies": [dict(row) for row in state.currencies],
    }
    everything = {"include_fields": ("attendees",)}
    for kind, entity in ENTITIES.items():
        shown[kind] = [present(state, entity, row, everything) for row in state.tables[kind]]
    for person in shown["persons"]:
        if person["id"] in state.merged:
            person["merged_into"] = state.merged[person["id"]]
    shown["dealProducts"] = [
        deal_products.present(state, row) | {"is_deleted": row["is_deleted"]}
        for row in state.tables["dealProducts"]
    ]
    shown["leads"] = [
        leads.present(row) | {"is_deleted": row["is_deleted"]} for row in state.tables["leads"]
    ]
    shown["leadLabels"] = [dict(row) for row in state.tables["leadLabels"]]
    shown["activityTypes"] = [dict(row) for row in state.tables["activityTypes"]]
    shown["notes"] = [notes.present(state, row, owner) for row in state.tables["notes"]]
    shown["files"] = [_file(state, row) for row in state.tables["files"]]
    for path, kind in FIELD_PATHS.items():
        shown[path] = [field.as_json() for field in state.fields[kind]]
    shown["_invitations"] = sum(len(row["attendees"]) for row in state.tables["activities"])
    return shown


def _file(state: PipedriveState, row: dict[str, Any]) -> dict[str, Any]:
    """Return a file with its digest, and its content as far as that was kept."""
    shown = files.present(state, row) | {"sha256": state.digests[row["id"]]}
    content = state.contents.get(row["id"])
    if content is not None:
        shown["content_base64"] = base64.b64encode(content).decode()
    return shown
