"""Files (API v1): uploaded to one parent, listed by it, kept as a digest and few bytes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import v1
from sandbox.pipedrive.call import Call, Download, Handler
from sandbox.pipedrive.errors import ApiError, not_found, not_simulated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.pipedrive.query import Parameters
    from sandbox.pipedrive.state import PipedriveState
    from sandbox.pipedrive.table import Row

MOST_PER_PAGE = 100
LONGEST_NAME = 255
_PARENTS = {
    "deal_id": "deals",
    "person_id": "persons",
    "org_id": "organizations",
    "product_id": "products",
    "activity_id": "activities",
}
OWNERS = {kind: name for name, kind in _PARENTS.items() if kind != "activities"}
_KINDS = {".jpg": "img", ".jpeg": "img", ".png": "img", ".gif": "img", ".pdf": "pdf"}
LIST_PARAMETERS: Parameters = {
    **v1.page_parameters(MOST_PER_PAGE),
    "sort": v1.sorter("id", "update_time"),
}


def upload_file(call: Call) -> Mapping[str, Any]:
    """Keep an upload."""
    state, upload, body = call.state, call.upload, v1.body_of(call)
    if upload is None:
        raise v1.bad("file is required, as a part of multipart/form-data with a file name")
    if upload.size > state.max_file_mb * 1_000_000:
        raise ApiError(413, f"The file is larger than {state.max_file_mb:g} MB")
    if not upload.size and state.refuse_empty_files:
        raise v1.bad("The file is empty")
    if not upload.name or len(upload.name.encode()) > LONGEST_NAME:
        raise v1.bad(f"The file name must have 1 to {LONGEST_NAME} bytes")
    parents = {name: v1.integer_of(body, name) for name in _PARENTS}
    lead = v1.lead_of(state, body)
    if lead is None and all(parent is None for parent in parents.values()):
        raise v1.bad(f"One of {', '.join(_PARENTS)}, lead_id is required")
    for name, parent in parents.items():
        row = None if parent is None else state.tables[_PARENTS[name]].get(parent)
        if parent is not None and (row is None or row["is_deleted"]):
            raise not_found(_PARENTS[name])
    now = state.now_v1()
    path = PurePosixPath(upload.name)
    row = state.tables["files"].add(
        {
            "user_id": call.user["id"],
            **parents,
            "lead_id": lead,
            "log_id": None,
            "add_time": now,
            "update_time": now,
            "file_name": f"{path.stem}_{upload.sha256[:40]}{path.suffix}",
            "file_type": _KINDS.get(path.suffix.lower(), "file"),
            "file_size": upload.size,
            "active_flag": True,
            "inline_flag": False,
            "remote_location": "s3",
            "remote_id": upload.name,
            "cid": "",
            "s3_bucket": "",
            "mail_message_id": "",
            "mail_template_id": "",
            "name": upload.name,
            "description": "",
        }
    )
    state.digests[row["id"]] = upload.sha256
    if upload.content is not None:
        state.contents[row["id"]] = upload.content
    return {"data": present(call.state, row)}


def list_files(call: Call) -> Mapping[str, Any]:
    """Answer a page of all files."""
    page, figures = _page(call, list(call.state.tables["files"]))
    return {"data": page, "additional_data": {"pagination": figures}}


def list_of(kind: str) -> Handler:
    """Return the handler that lists the files of one parent; figures sit one level higher."""

    def get(call: Call) -> Mapping[str, Any]:
        parent = call.state.tables[kind].get(call.id())
        if parent is None or parent["is_deleted"]:
            raise not_found(kind)
        page, figures = _page(call, call.state.tables["files"].linked(OWNERS[kind], parent["id"]))
        return {"data": page, "additional_data": figures}

    return get


def get_file(call: Call) -> Mapping[str, Any]:
    """Answer the record of a file."""
    return {"data": present(call.state, _find(call))}


def download_file(call: Call) -> Download:
    """Answer the bytes of a file; of a large one only the digest was kept."""
    row = _find(call)
    content = call.state.contents.get(row["id"])
    if content is None:
        raise not_simulated("the download of large files, it keeps their SHA-256 alone")
    return Download(content)


def update_file(call: Call) -> Mapping[str, Any]:
    """Change what people read about a file."""
    row = _find(call)
    body = v1.body_of(call)
    if "name" in body:
        row["name"] = v1.text_of(body, "name")
    if "description" in body:
        row["description"] = str(body["description"])
    row["update_time"] = call.state.now_v1()
    return {"data": present(call.state, row)}


def delete_file(call: Call) -> Mapping[str, Any]:
    """Mark a file deleted."""
    row = _find(call)
    row |= {"active_flag": False, "update_time": call.state.now_v1()}
    return {"data": {"id": row["id"]}}


def _find(call: Call) -> Row:
    row = call.state.tables["files"].get(call.id())
    if row is None or not row["active_flag"]:
        raise not_found("File")
    return row


def _page(call: Call, rows: list[Row]) -> tuple[list[Row] | None, Row]:
    standing = [row for row in rows if row["active_flag"]]
    order = call.query.get("sort", [("id", False)])
    page, figures = v1.page(v1.arrange(standing, order), call.query)
    return page and [present(call.state, row) for row in page], figures


def present(state: PipedriveState, row: Row) -> Row:
    """Return a file as the API answers it."""
    names = {}
    for column, (link, key) in _NAMES.items():
        parent = state.tables[_PARENTS[link]].get(row[link]) if row[link] else None
        names[column] = parent[key] if parent else ""
    url = f"https://{state.company['domain']}.pipedrive.com/api/v1/files/{row['id']}/download"
    lead = state.tables["leads"].get(row["lead_id"])
    return row | names | {"lead_name": lead["title"] if lead else "", "url": url}


_NAMES = {
    "deal_name": ("deal_id", "title"),
    "person_name": ("person_id", "name"),
    "org_name": ("org_id", "name"),
    "product_name": ("product_id", "name"),
}
