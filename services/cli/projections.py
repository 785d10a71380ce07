"""projections, rebuild, verify: what the read models say, and whether it is what the log says."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, load_settings


@click.command()
@click.option("--parked", is_flag=True, help="List the events that were set aside instead, and why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for other programs.")
@click.argument("name", required=False)
def projections(name: str | None, parked: bool, as_json: bool) -> None:
    """List the read models: state, position, lag behind the real head of the log, and what is parked.

    An event that a read model cannot take is parked with the later ones of its stream; all others go on. After a fix the projector
    takes them up again at its next start.

    \b
    Examples:  support projections
               support projections --parked tickets
    """
    rows = run_once(_listed(load_settings(), name, parked))
    if as_json:
        click.echo(json.dumps(rows, default=str, indent=1))
        return
    if not rows:
        click.echo("nothing is parked" if parked else "no such read model; `support projections` lists them")
    for row in rows:
        if parked:
            click.echo(
                f"{row['projection']} v{row['version']}  {row['topic']}  event {row['event']}  position {row['position']}  "
                f"{row['error']}  tried {row['attempts']}×  since {row['since']:%Y-%m-%d %H:%M}"
            )
        else:
            lag = f"{row['lag_events']} events, {row['lag_seconds']:.1f} s behind" if row["lag_events"] else "up to date"
            aside = f"  {row['parked_events']} events of {row['parked_streams']} streams parked" if row["parked_events"] else ""
            built = f"  rebuilt to {row['rebuild_progress']:.0%}" if row["rebuild_progress"] is not None else ""
            click.echo(f"{row['name']:<18} v{row['version']}  {row['state']:<11}  at {row['position']}  {lag}{aside}{built}")


async def _listed(settings: Settings, name: str | None, parked: bool) -> list[dict[str, Any]]:
    from services.projector import connector, lag

    connection = await connector(settings)([])
    try:
        if parked:
            return [event._asdict() for event in await lag.parked(connection, name)]
        return [state._asdict() for state in await lag.states(connection) if name in (None, state.name)]
    finally:
        await connection.close()


@click.command()
@click.argument("name")
def rebuild(name: str) -> None:
    """Build a read model anew from the log beside the live one, then swap: no downtime, no side effect.

    \b
    Example:  support rebuild tickets
    """
    from services.cli.declared import PROJECTIONS, projection_named

    settings = load_settings()
    try:
        projection = projection_named(name)
    except KeyError:
        known = ", ".join(each.name for each in PROJECTIONS)
        raise click.BadParameter(f"there is no read model {name}; there are {known}") from None

    async def work() -> int:
        from services.projector import connector, progress, reader
        from services.projector.rebuild import RebuildGaveUp, RebuildUnderWay, rebuild

        try:
            with progress.shown(f"rebuilding {name}") as report:
                return await rebuild(connector(settings), projection, reader(settings), report=report)
        except (RebuildUnderWay, RebuildGaveUp) as refusal:
            raise click.ClickException(str(refusal)) from None

    click.echo(f"{name} was rebuilt up to position {run_once(work())}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON, for other programs.")
def verify(as_json: bool) -> None:
    """Prove that the read models say what the log says, while everything runs. Exit code 0 only when all is equal.

    Rebuilds every read model in a scratch schema up to its live checkpoint, inside one snapshot that is rolled back, and compares row
    by row; look-ups and erasures are checked too. Differences name table, key and column, never content.

    \b
    Example:  support verify && echo sound
    """
    settings = load_settings()

    async def work() -> Any:
        from services.cli.declared import PROJECTIONS
        from services.projector import connector, progress, reader
        from services.projector.verify import NoGoodMoment, verify

        try:
            with progress.shown("verifying") as report:
                return await verify(connector(settings), PROJECTIONS, reader(settings), report=report)
        except NoGoodMoment as refusal:
            raise click.ClickException(str(refusal)) from None

    verdict = run_once(work())
    if as_json:
        click.echo(verdict.as_json())
    else:
        click.echo(
            f"at position {verdict.position}: {verdict.rows} rows of {verdict.tables} tables compared, {verdict.lookups} look-ups, "
            f"{verdict.erased} erased subjects, {verdict.parked} parked events"
        )
        for difference in verdict.differences:
            click.echo(f"  differs: {difference}")
        click.echo("equal" if verdict.equal else f"NOT equal: {len(verdict.differences)} differences")
    sys.exit(0 if verdict.equal else 1)
