"""The address of an account: the one place that a token is ever sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_NO_ADDRESS = "`api_url` is no web address. Type https://COMPANY.pipedrive.com"
PIPEDRIVE = ".pipedrive.com"
"""Ends the name of every host that Pipedrive may send an app's tokens to."""


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


def oauth_fault(url: str) -> str | None:
    """Return what is wrong with `oauth_url` and what to type instead; None when it can be used."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    secret = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or ""))
    if not host or not secret or parts.query or "@" in parts.netloc:
        return "`oauth_url` is no https address. Type https://oauth.pipedrive.com/oauth"
    return None


def domain_fault(domain: str, oauth_url: str) -> str | None:
    """Return what is wrong with an `api_domain` that a token server told; None when it can be used.

    The server's word decides where health data goes, so it may only name Pipedrive's hosts; this
    machine itself only if the server is on it, too.
    """
    try:
        parts = urlsplit(domain)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    pipedrives = parts.scheme == "https" and host.endswith(PIPEDRIVE) and port in {None, 443}
    ours = is_loopback(host) and is_loopback(urlsplit(oauth_url).hostname or "")
    if bare and (pipedrives or ours):
        return None
    return (
        f"{urlsplit(oauth_url).netloc} names no address of Pipedrive's as the account's "
        "`api_domain`, so nothing is sent there: check `oauth_url`."
    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
