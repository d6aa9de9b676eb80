"""A group of commands, one of which is run when none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


class DefaultGroup(click.Group):
    """A group of commands.

    Args:
        default: Name of the command that gets arguments which name none.
        options: Of `click.Group`.
    """

    def __init__(self, *, default: str, **options: Any) -> None:
        super().__init__(no_args_is_help=False, **options)
        self.default = default

    def parse_args(self, ctx: click.Context, args: Sequence[str]) -> list[str]:
        """Put the default command's name before arguments that begin with an option."""
        given = list(args)
        if not given or (given[0].startswith("-") and given[0] != "--help"):
            given.insert(0, self.default)
        return super().parse_args(ctx, given)
