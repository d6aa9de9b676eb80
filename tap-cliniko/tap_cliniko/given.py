"""Reading settings one by one, with all their faults gathered instead of the first raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cliniko.stamps import normal

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping


class Given:
    """The given values, read one by one.

    Args:
        config: Values by setting name; None counts as not given.
        schema: JSON schema of the settings; holds their defaults and allowed values.

    Attributes:
        faults: One sentence for each fault met so far, saying what to type instead.
    """

    def __init__(self, config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        self._config = config
        self._fields = schema["properties"]
        self.faults: list[str] = []

    def is_left_out(self, name: str) -> bool:
        """Whether a setting has no value of its own."""
        return self._config.get(name) is None

    def text(self, name: str) -> str:
        """A text that is not empty; "" when it is at fault."""
        value = self._value(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.faults.append(
            f"{name} is missing: set TAP_CLINIKO_{name.upper()}"
            if value is None or value == ""
            else f"{name} is not a text: put it in quotes"
        )
        return ""

    def matching(self, name: str, pattern: re.Pattern[str], what_to_do: str) -> str:
        """A text of a certain form; the fault does not quote it, since it may be a secret."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.faults.append(f"{name} is malformed: {what_to_do}")
        return value

    def choice(self, name: str) -> str:
        """One of the values the schema allows."""
        allowed = self._fields[name]["enum"]
        value = self._value(name)
        if value in allowed:
            return str(value)
        self.faults.append(f"{name} is none of: {', '.join(allowed)}")
        return str(allowed[0])

    def boolean(self, name: str) -> bool:
        """A boolean."""
        value = self._value(name)
        if isinstance(value, bool):
            return value
        self.faults.append(f"{name} is neither true nor false")
        return False

    def moment(self, name: str) -> str | None:
        """A moment in Cliniko's form; None when it is left out."""
        if self.is_left_out(name):
            return None
        value = self.text(name)
        try:
            return normal(value)
        except ValueError:
            if value:
                self.faults.append(f"{name} is no date: type it as in 2024-01-31")
            return None

    def number(self, name: str, least: int, *, whole: bool = False) -> float:
        """A number of at least some size."""
        value = self._value(name)
        kinds = int if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and value >= least:
            return value
        kind = "a whole number" if whole else "a number"
        self.faults.append(f"{name} is not {kind} of at least {least}")
        return least

    def _value(self, name: str) -> object:
        value = self._config.get(name)
        return self._fields[name].get("default") if value is None else value
