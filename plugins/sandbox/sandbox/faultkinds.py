"""The kinds of faults, with what the client of a service then sees."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "error_500": "500 with an HTML page; nothing was carried out",
    "server_error_after": "500 with an HTML page, although the request was carried out",
    "html_200": "200 with an HTML page, as a gateway at fault sends it",
    "html_403": "403 with an HTML page that blocks the caller",
    "html_503": "503 with an HTML page",
    "rate_limited_429": "429 with the service's header on when to go on",
    "retry_after_429": "429 with Retry-After and no other header",
    "bare_429": "429 with no word on when to go on",
    "drop_before": "the connection ends without a byte; nothing was carried out",
    "drop_after": "the connection ends without a byte, although the request was carried out",
    "reset_after_head": "the head of the answer, then a reset connection",
    "reset_midway": "half of the answer, then a reset connection",
    "truncated_json": "half of the answer, then the connection ends",
    "half_json": "half of the answer as if it were the whole",
    "empty_200": "200 without a body",
    "wrong_shape": "200 with JSON of another shape",
    "expired_link": "403 with the XML of an object storage: the link has expired",
    "hang": "nothing for `seconds`, then the connection ends",
    "slow": "the answer, `seconds` late",
    "trickle": "the answer in many small pieces over `seconds`",
}
"""What each kind does to a request that a rule hits."""
