"""Requests to Pipedrive: method, path, version and price.

Prices are the `x-token-cost` of Pipedrive's official OpenAPI files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

Version = Literal[1, 2]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request.

    Args:
        name: Our name for it, such as `person.create`; used in logs, counts and errors.
        method: HTTP method.
        version: API version that holds it.
        path: Path below `/api/v1` or `/api/v2`, with `{id}`-style places.
        cost: Price in tokens.
        search: Counts in Pipedrive's narrower window for searches.
    """

    name: str
    method: str
    version: Version
    path: str
    cost: int
    search: bool = False

    @property
    def kind(self) -> str:
        """What it is about: an object, or the path of custom fields, such as `personFields`."""
        return self.name.partition(".")[0]

    @property
    def writes(self) -> bool:
        """Whether it changes something in Pipedrive."""
        return self.method != "GET"


class Operations(TypedDict, total=False):
    """Requests that an object may have; the arguments of `ObjectType` under the same names."""

    list: Operation
    get: Operation
    create: Operation
    create_many: Operation
    update: Operation
    delete: Operation
    delete_many: Operation
    merge: Operation
    files: Operation


@dataclass(frozen=True, slots=True)
class FieldOperations:
    """Requests about the custom fields of one object."""

    list: Operation
    create: Operation
    delete: Operation
    add_options: Operation
    remove_options: Operation


def v2(name: str, plural: str, *, files: bool = True, merge: bool = True) -> Operations:
    """The five operations of a v2 object at v2's prices, and what v1 alone does with it."""
    row = f"/{plural}/{{id}}"
    operations: Operations = {
        "list": Operation(f"{name}.list", "GET", 2, f"/{plural}", 10),
        "get": Operation(f"{name}.get", "GET", 2, row, 1),
        "create": Operation(f"{name}.create", "POST", 2, f"/{plural}", 5),
        "update": Operation(f"{name}.update", "PATCH", 2, row, 5),
        "delete": Operation(f"{name}.delete", "DELETE", 2, row, 3),
    }
    if files:
        operations["files"] = Operation(f"{name}.files", "GET", 1, f"{row}/files", 20)
    if merge:
        operations["merge"] = Operation(f"{name}.merge", "PUT", 1, f"{row}/merge", 40)
    return operations


def v1(name: str, plural: str, update: str) -> Operations:
    """The five operations of a v1 object, at v1's uniform prices."""
    row = f"/{plural}/{{id}}"
    return {
        "list": Operation(f"{name}.list", "GET", 1, f"/{plural}", 20),
        "get": Operation(f"{name}.get", "GET", 1, row, 2),
        "create": Operation(f"{name}.create", "POST", 1, f"/{plural}", 10),
        "update": Operation(f"{name}.update", update, 1, row, 10),
        "delete": Operation(f"{name}.delete", "DELETE", 1, row, 6),
    }


def fields(path: str) -> FieldOperations:
    """The operations of custom fields, all of them v2's."""
    options = f"/{path}/{{code}}/options"
    return FieldOperations(
        list=Operation(f"{path}.list", "GET", 2, f"/{path}", 10),
        create=Operation(f"{path}.create", "POST", 2, f"/{path}", 5),
        delete=Operation(f"{path}.delete", "DELETE", 2, f"/{path}/{{code}}", 3),
        add_options=Operation(f"{path}.add_options", "POST", 2, options, 5),
        remove_options=Operation(f"{path}.remove_options", "DELETE", 2, options, 3),
    )


def deal_product() -> Operations:
    """Lines of a deal: v2's prices, one of many at once; nothing reads a single one."""
    lines = "/deals/{id}/products"
    row = f"{lines}/{{product_attachment_id}}"
    return {
        "list": Operation("deal_product.list", "GET", 2, "/deals/products", 10),
        "create": Operation("deal_product.create", "POST", 2, lines, 5),
        "create_many": Operation("deal_product.create_many", "POST", 2, f"{lines}/bulk", 25),
        "update": Operation("deal_product.update", "PATCH", 2, row, 5),
        "delete": Operation("deal_product.delete", "DELETE", 2, row, 3),
        "delete_many": Operation("deal_product.delete_many", "DELETE", 2, lines, 15),
    }


ME = Operation("users.me", "GET", 1, "/users/me", 2)
USERS = Operation("users.list", "GET", 1, "/users", 20)
PIPELINES = Operation("pipelines.list", "GET", 2, "/pipelines", 5)
STAGES = Operation("stages.list", "GET", 2, "/stages", 5)
LEAD_LABELS = Operation("lead_labels.list", "GET", 1, "/leadLabels", 10)
CREATE_LEAD_LABEL = Operation("lead_labels.create", "POST", 1, "/leadLabels", 10)
DELETE_LEAD_LABEL = Operation("lead_labels.delete", "DELETE", 1, "/leadLabels/{id}", 6)
DEALS_ARCHIVED = Operation("deal.archived", "GET", 2, "/deals/archived", 20)
LEADS_ARCHIVED = Operation("lead.archived", "GET", 1, "/leads/archived", 40)
DOWNLOAD = Operation("file.download", "GET", 1, "/files/{id}/download", 20)
ACCOUNT = (
    ME,
    USERS,
    PIPELINES,
    STAGES,
    LEAD_LABELS,
    CREATE_LEAD_LABEL,
    DELETE_LEAD_LABEL,
    DOWNLOAD,
)
"""Requests that belong to no object of ours."""
