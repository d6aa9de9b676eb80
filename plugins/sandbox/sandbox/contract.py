"""Holding requests and answers against an official OpenAPI description.

Reads an OpenAPI 3.0 file (YAML or JSON) and tells, for an exchange, what in it the description does
not know. Needs `jsonschema` and `PyYAML`, which come with the extra `contract`. End-to-end tests
feed it the lines that `sandbox serve --record` writes:

    spec = cliniko(path)
    faults = [fault for line in lines for fault in spec.faults(json.loads(line))]
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it has no stubs here
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_ROOT = "urn:openapi"
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


@dataclass(frozen=True)
class Operation:
    """One operation of the description.

    Attributes:
        method: The HTTP method in capitals.
        path: The path template.
        parameters: Names of the query parameters.
        body: Schema of the JSON request body, if it has one.
        answers: Schemas of the JSON answers by status, None where there is no JSON.
    """

    method: str
    path: str
    parameters: frozenset[str]
    body: dict[str, Any] | None
    answers: Mapping[str, dict[str, Any] | None]


@dataclass(frozen=True)
class Spec:
    """An OpenAPI description, ready to judge exchanges.

    Attributes:
        operations: Its operations with the pattern of their path, literal paths first.
        prefix: What stands before the paths of the description in a request.
        silent_on_null: Whether the description never says what may be null in an answer, so that
            a null there is no fault.
    """

    operations: tuple[tuple[re.Pattern[str], Operation], ...]
    prefix: str
    silent_on_null: bool
    _registry: Any = field(repr=False)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        prefix: str,
        closed: bool = False,
        silent_on_null: bool = False,
        amend: Callable[[dict[str, Any]], None] | None = None,
    ) -> Spec:
        """Read a description.

        Args:
            path: The file, YAML or JSON.
            prefix: What stands before its paths in a request, such as `/v1`.
            closed: Whether a key that a schema does not name counts as a fault. Not for
                descriptions that put schemas together with `allOf`.
            silent_on_null: See the attribute.
            amend: Corrects the description, where it is known to lag behind.
        """
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with path.open(encoding="utf-8") as file:
            document = yaml.load(file, loader)  # noqa: S506 - both are safe loaders
        if amend is not None:
            amend(document)
        resolved = DRAFT202012.create_resource(_json_schema(document, closed=closed))
        registry: Registry[Any] = Registry().with_resource(_ROOT, resolved)
        found = [
            (_pattern(path_template), operation)
            for path_template, item in document["paths"].items()
            for operation in _operations(document, path_template, item, closed=closed)
        ]
        found.sort(key=lambda pair: pair[1].path.count("{"))
        return cls(tuple(found), prefix, silent_on_null, registry)

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation behind a request, or None when the description has none."""
        inner = path.removeprefix(self.prefix)
        for pattern, operation in self.operations:
            if operation.method == method and pattern.fullmatch(inner):
                return operation
        return None

    def faults(self, exchange: Mapping[str, Any]) -> Iterator[str]:
        """Return what an exchange holds that the description does not know.

        Args:
            exchange: A line of a recording: `method`, `path`, `query`, `request`, `status`,
                `response`.
        """
        method, path = exchange["method"], exchange["path"]
        where = f"{method} {path}"
        operation = self.operation(method, path)
        if operation is None:
            yield f"{where}: no such operation"
            return
        for name, _ in parse_qsl(exchange.get("query", ""), keep_blank_values=True):
            if name not in operation.parameters:
                yield f"{where}: no query parameter {name}"
        if operation.body is not None and exchange.get("request") is not None:
            yield from self._judge(f"{where} request", operation.body, exchange["request"])
        status = str(exchange["status"])
        schema = operation.answers.get(status)
        if status.startswith("2") and status not in operation.answers:
            yield f"{where}: status {status} is not described"
        elif schema is not None and exchange.get("response") is not None:
            yield from self._judge(
                f"{where} {status}", schema, exchange["response"], nulls=self.silent_on_null
            )

    def _judge(
        self, where: str, schema: dict[str, Any], body: Any, *, nulls: bool = False
    ) -> Iterator[str]:
        validator = Draft202012Validator(schema, registry=self._registry)
        for error in validator.iter_errors(body):
            if not (nulls and error.instance is None):
                yield f"{where}: {error.json_path}: {error.message[:200]}"


def cliniko(path: Path) -> Spec:
    """Return the official description of the Cliniko API, with what is known of it since."""
    return Spec.load(path, prefix="/v1", closed=True, amend=_amend_cliniko)


def pipedrive(path: Path, version: str) -> Spec:
    """Return the official description of one version (`v1`, `v2`) of the Pipedrive API."""
    return Spec.load(path, prefix=f"/api/{version}", silent_on_null=True)


def _amend_cliniko(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    patient = schemas["Patient"]["properties"]
    # Served since 2026.
    for kind in ("reminders", "follow_ups"):
        patient[f"{kind}_communication_channels"] = {"type": "array", "nullable": True}
        patient[f"{kind}_communication_channels_description"] = {}
    # Checked on writing; older records are longer.
    del patient["occupation"]["maxLength"]
    # Linked from every attachment; answered with a redirect to the storage.
    document["paths"]["/patient_attachments/{id}/content"] = {"get": {"responses": {"303": {}}}}
    # Empty, not null, as long as nothing is cancelled.
    appointment = schemas["IndividualAppointment"]["properties"]
    appointment["cancellation_reason_description"]["enum"].append("")
    # Described, but left out of the list of what a form may hold.
    for name in ("PatientForm", "PatientFormTemplate"):
        section = schemas[name]["properties"]["content"]["properties"]["sections"]["items"]
        question = section["properties"]["questions"]["items"]
        question["oneOf"] += [
            {"$ref": f"#/components/schemas/{name}Question{kind}"}
            for kind in ("Address", "FullName", "Phone", "Pronouns", "Select")
        ]
    # Served since 2026, their fields described nowhere.
    known = document["paths"]["/relationships"]["get"]["parameters"]
    for name in ("recalls", "recall_types"):
        for path in (f"/{name}", f"/{name}/{{id}}"):
            document["paths"][path] = {"get": {"parameters": known, "responses": {"200": {}}}}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("".join(
        "[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", template)
    ))  # fmt: skip


def _operations(
    document: dict[str, Any], path: str, item: dict[str, Any], *, closed: bool
) -> Iterator[Operation]:
    for method in _METHODS & item.keys():
        raw = item[method]
        parameters = [
            _deref(document, parameter)
            for parameter in (*item.get("parameters", ()), *raw.get("parameters", ()))
        ]
        answers = {
            str(status): _schema(document, answer, closed=closed)
            for status, answer in raw.get("responses", {}).items()
        }
        body = raw.get("requestBody")
        yield Operation(
            method=method.upper(),
            path=path,
            parameters=frozenset(one["name"] for one in parameters if one["in"] == "query"),
            body=_schema(document, body, closed=closed) if body else None,
            answers=answers,
        )


def _schema(document: dict[str, Any], holder: dict[str, Any], *, closed: bool) -> Any:
    content = _deref(document, holder).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else _json_schema(schema, closed=closed)


def _deref(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _json_schema(node: Any, *, closed: bool) -> Any:
    """Return a part of an OpenAPI 3.0 description in the words of JSON Schema."""
    if isinstance(node, list):
        return [_json_schema(part, closed=closed) for part in node]
    if not isinstance(node, dict):
        return node
    out = {
        key: _json_schema(part, closed=closed) for key, part in node.items() if key not in _DROPPED
    }
    if isinstance(node.get("$ref"), str):
        return {"$ref": _ROOT + node["$ref"]}
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # A flag beside the limit there, a limit of its own here.
        if isinstance(node.get(exclusive), bool) and out.pop(exclusive):
            out[exclusive] = out.pop(limit)
    if isinstance(node.get("pattern"), str):
        # Written for Ruby, where they ignore case.
        out["pattern"] = "(?i)" + node["pattern"].replace(r"\h", "[0-9a-f]")
    if closed and isinstance(node.get("properties"), dict) and isinstance(node.get("type"), str):
        out.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        return {"anyOf": [out, {"type": "null"}]}
    return out


_DROPPED = frozenset({"example", "examples", "nullable", "discriminator", "xml", "externalDocs"})
