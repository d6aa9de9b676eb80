"""`target-pipedrive schema`: make what a plan foresaw of custom fields and activity types."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from target_pipedrive.commands.given import configured
from target_pipedrive.plan import document
from target_pipedrive.plan.schema import SchemaRehearsal, SchemaSession

if TYPE_CHECKING:
    from collections import Counter

    from target_pipedrive.commands.given import Given
    from target_pipedrive.target import TargetPipedrive


@click.command()
@click.option(
    "--plan",
    "given_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The plan; plan.json in the output folder by default.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@configured
def schema(given: Given, given_path: Path | None, *, dry_run: bool) -> None:
    """Make the custom fields, options and activity types that a plan foresaw; no record.

    What stands already is left, so it can be stopped and run again. A plan that was changed, or
    made for another account, mapping or subscription, is refused.
    """
    path = given_path or given.output_dir / document.NAME
    plan = document.read(path)
    made = asyncio.run(_apply(given.target(), plan, path, dry_run=dry_run))
    would = "Would make" if dry_run else "Made"
    told = ", ".join(f"{number} {what}" for what, number in made.items() if number)
    click.echo(f"{would} {told}." if told else "Nothing is missing: all of it stands already.")


async def _apply(
    target: TargetPipedrive, plan: dict[str, Any], path: Path, *, dry_run: bool
) -> Counter[str]:
    kind = SchemaRehearsal if dry_run else SchemaSession
    session = await kind.open(target.settings, target.mapping)
    failure: BaseException | None = None
    try:
        return await session.apply(plan, path)
    except BaseException as error:
        failure = error
        raise
    finally:
        await session.close(failure=failure)
