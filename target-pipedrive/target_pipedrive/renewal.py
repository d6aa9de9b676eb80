"""What follows when another custom field takes a field's place, or options of it are gone.

Their values are sent once more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_pipedrive.decide import custom_print
from target_pipedrive.desired import Custom
from target_pipedrive.pipedrive.registry import FIELDS, fields_home

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_pipedrive.desired import FieldSpec
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.mapping import MappingSet

logger = logging.getLogger("target_pipedrive")


def renewing(ledger: Ledger, mapping: MappingSet) -> Callable[[FieldSpec, Sequence[str]], None]:
    """Return what lets the ledger forget that values of a field, or of options, were ever sent."""

    def renew(spec: FieldSpec, options: Sequence[str]) -> None:
        home = fields_home(spec.object)
        objects = [name for name in FIELDS if fields_home(name) == home]
        whole = {stream for stream in mapping.streams() if mapping.whole(stream)}
        prints = None
        if (
            options and spec.type == "enum"
        ):  # which options a `set` held, a fingerprint does not tell
            prints = {custom_print(Custom(spec.type, option)) for option in options}
        streams = ledger.bindings.renew(objects, spec.label, whole, prints)
        if others := sorted(streams - whole):
            logger.warning(
                'Values of "%s" that come from %s are written when their records are read again: '
                "run once with --full-refresh.",
                spec.label,
                ", ".join(others),
            )

    return renew
