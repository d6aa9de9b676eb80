"""Where people look at an object: the address of its page in Pipedrive's web app."""

from __future__ import annotations

from target_pipedrive.pipedrive.address import is_loopback

_PAGES = {
    "person": "person/{}",
    "organization": "organization/{}",
    "deal": "deal/{}",
    "lead": "leads/inbox/{}",
    "deal_product": "deal/{}",
}
"""Path by object; the others have no page of their own, or none that Pipedrive keeps in place."""


def page_of(host: str | None, obj: str, pipedrive_id: str) -> str:
    """Return the address of an object's page; empty where it has none.

    Args:
        host: Of the company, such as `COMPANY.pipedrive.com`; None when it is not known.
        obj: Kind of object.
        pipedrive_id: Its id.
    """
    if not host or not pipedrive_id or obj not in _PAGES:
        return ""
    scheme = "http" if is_loopback(host.partition(":")[0]) else "https"
    return f"{scheme}://{host}/{_PAGES[obj].format(pipedrive_id.partition('/')[0])}"
