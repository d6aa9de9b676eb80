"""Puts into a new account what somebody made in it before the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import seeds
from sandbox.pipedrive.activity_types import add_type
from sandbox.pipedrive.call import Call
from sandbox.pipedrive.crud import creator
from sandbox.pipedrive.leads import add_label
from sandbox.pipedrive.objects import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.pipedrive.state import PipedriveState


def furnish(state: PipedriveState, persons: Iterable[Mapping[str, Any]]) -> None:
    """Add activity types, a pipeline with stages, and persons (`{"name", "email"}` each)."""
    for name in seeds.ACTIVITY_TYPES:
        add_type(state, name.capitalize(), name, custom=False)
    owner = next(iter(state.users.values()))

    def make(kind: str, **body: Any) -> int:
        answer: Any = creator(ENTITIES[kind])(Call(state, owner, {}, body=body))
        return int(answer["data"]["id"])

    pipeline = make("pipelines", name="Clinic")
    for stage in seeds.STAGES:
        make("stages", name=stage, pipeline_id=pipeline)
    for name, color in seeds.LEAD_LABELS:
        add_label(state, name, color)
    for person in persons:
        emails = [{"value": person["email"], "label": "work"}] if person.get("email") else []
        make("persons", name=person["name"], emails=emails)
