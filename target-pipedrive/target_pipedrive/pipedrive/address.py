"""The address of an account: the one place that the token is ever sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_NO_ADDRESS = "`api_url` is no web address. Type https://COMPANY.pipedrive.com"


def address_fault(api_url: str) -> str | None:
    """Return what is wrong with `api_url` and what to type instead; None when it can be used."""
    try:
        url = urlsplit(api_url.strip())
        host, _ = url.hostname, url.port  # the port is checked when it is asked for
    except ValueError:
        return _NO_ADDRESS
    if url.scheme not in {"https", "http"} or not host:
        return _NO_ADDRESS
    if url.scheme == "http" and not is_loopback(host):
        return f"`api_url` is http://, which would show the token to others. Type https://{host}"
    if url.path.strip("/") or url.query:
        return (
            f"`api_url` goes on after the host. Type {url.scheme}://{url.netloc} only; /api/v1 and "
            "/api/v2 are appended."
        )
    return None


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
