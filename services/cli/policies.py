"""policies: the file of queues, calendars, SLA targets and fields, and how it comes into force."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, load_settings


@click.group()
def policies() -> None:
    """Check and apply the policy file (SUPPORT_POLICIES; a documented default is shipped).

    \b
    Examples:  support policies check
               support policies apply
    """


@policies.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Say whether the policy file can be used, without touching anything.

    \b
    Example:  support policies check my-policies.toml
    """
    from services.policies.file import DEFAULT, PolicyFileInvalid, read

    place = file or load_settings().policies or DEFAULT
    try:
        found = read(place).policies
    except PolicyFileInvalid as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(
        f"{place} can be used: {len(found.queues)} queues, {len(found.calendars)} calendars, {len(found.sla_policies)} SLA policies"
    )


@policies.command()
def apply() -> None:
    """Bring the policy file into force: new commands are judged by it, promises made before stay as they were.

    \b
    Example:  SUPPORT_POLICIES=my-policies.toml support policies apply
    """
    click.echo(run_once(bring_into_force(load_settings())))


async def bring_into_force(settings: Settings) -> str:
    """Apply the file unless the same one is in force."""
    from uuid import uuid4

    from services.cli.wiring import writing
    from services.policies.file import DEFAULT, PolicyFileInvalid, read
    from services.policies.in_force import apply
    from services.runtime.act import SYSTEM, Act
    from services.runtime.clock import Clock

    place = settings.policies or DEFAULT
    try:
        file = read(place)
    except PolicyFileInvalid as problem:
        raise click.ClickException(str(problem)) from None
    now = Clock(settings.clock_file).now()
    async with writing(settings) as (_, writer, _, _):
        changed = await apply(writer, Act(actor=SYSTEM, at=now, correlation=uuid4()), file, now)
    return f"{place} is in force now" if changed else f"{place} was in force already"
