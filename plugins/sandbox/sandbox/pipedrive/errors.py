"""What the simulated Pipedrive says no with."""

from __future__ import annotations

from typing import Any


class Invalid(Exception):
    """One value is not what the API takes; the text is the reason alone, without the value."""


class ApiError(Exception):
    """A refusal that becomes an HTTP answer.

    Attributes:
        status: HTTP status.
        message: The `error` text.
        code: The stable `code`, where Pipedrive gives one.
        info: The `error_info` text of v1.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, info: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.info = info

    def body(self, version: str) -> dict[str, Any]:
        """Return the error envelope of an API version, `v1` or `v2`."""
        answer: dict[str, Any] = {"success": False, "error": self.message}
        if version == "v2":
            answer["code"] = self.code or _CODES.get(self.status, "ERR_UNKNOWN")
            return answer
        answer |= {"error_info": self.info, "data": None, "additional_data": None}
        if self.code:
            answer["code"] = self.code
        return answer


_CODES = {
    400: "ERR_BAD_REQUEST",
    403: "ERR_FORBIDDEN",
    404: "ERR_NOT_FOUND",
    405: "ERR_METHOD_NOT_ALLOWED",
    410: "ERR_GONE",
    501: "ERR_NOT_SIMULATED",
}


def refused(faults: list[tuple[str, str]]) -> ApiError:
    """Return the v2 refusal of a request, all its (parameter, reason) faults in one text."""
    text = "; ".join(f"{name}: {reason}" for name, reason in faults)
    return ApiError(400, f"Validation failed: {text}", code="ERR_SCHEMA_VALIDATION_FAILED")


def not_found(what: str) -> ApiError:
    """Return the refusal for a thing that does not exist, is deleted or cannot be seen."""
    return ApiError(404, f"{what} not found", info="Check the id; deleted items are not served.")


def not_simulated(what: str) -> ApiError:
    """Return the refusal for a real feature of Pipedrive that the sandbox lacks."""
    return ApiError(501, f"The sandbox does not simulate {what}")
