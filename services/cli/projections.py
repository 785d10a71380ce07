"""projections, rebuild, verify: what the read models say, and whether it is what the log says."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from projections.projection import Projection
from services.cli.running import run_once
from services.runtime.settings import Settings, load_settings

T = TypeVar("T")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for other programs.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def projections(ctx: click.Context, as_json: bool) -> None:
    """List the read models: state, position, lag behind the real head of the log, and how much is parked.

    An event that a read model cannot take is parked with the later ones of its stream; all others go on. After a fix the projector
    takes them up again at its next start, or at once with `replay`.

    \b
    Examples:  support projections
               support projections parked tickets
               support projections replay tickets
    """
    if ctx.invoked_subcommand is None:
        _show_states(None, as_json)


@projections.command(name="list")
@_JSON
@click.argument("name", required=False)
def list_(name: str | None, as_json: bool) -> None:
    """State, position, lag and what is parked, of all read models or of one."""
    _show_states(name, as_json)


@projections.command()
@_JSON
@click.argument("name", required=False)
def lag(name: str | None, as_json: bool) -> None:
    """How far behind the real head of the log, in events and in seconds."""
    rows = [{part: row[part] for part in ("name", "version", "lag_events", "lag_seconds")} for row in _states(name)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        click.echo(f"{row['name']:<18} v{row['version']}  {row['lag_events']} events  {row['lag_seconds']:.1f} s")


@projections.command()
@_JSON
@click.argument("name", required=False)
def parked(name: str | None, as_json: bool) -> None:
    """The events that were set aside and why, oldest first, at most 100; their contents are never shown."""
    from services.projector import lag

    rows = [event._asdict() for event in run_once(_asked(load_settings(), lambda connection: lag.parked(connection, name)))]
    if as_json:
        click.echo(json.dumps(rows, default=str, indent=1))
        return
    if not rows:
        click.echo("nothing is parked")
    for row in rows:
        click.echo(
            f"{row['projection']} v{row['version']}  {row['topic']}  event {row['event']}  position {row['position']}  "
            f"{row['error']}  tried {row['attempts']}×  since {row['since']:%Y-%m-%d %H:%M}"
        )


@projections.command()
@click.argument("name")
@click.option("--stream", "streams", type=click.UUID, multiple=True, help="Only this stream's; may be given several times.")
def replay(name: str, streams: tuple[UUID, ...]) -> None:
    """After a fix: send what is parked of a read model through again, each stream in its order. Exit code 1 when some still fails.

    \b
    Example:  support projections replay tickets --stream 0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55
    """
    from services.projector import connector, reader
    from services.projector.checkpoints import Member
    from services.projector.log import topics_of
    from services.projector.replay import Replayed
    from services.projector.replay import replay as replay_parked

    settings, projection = load_settings(), _named(name)

    async def work() -> Replayed:
        decoder = reader(settings)
        connection = await connector(settings)([projection.schema])
        try:
            member = Member(projection, topics_of([projection], decoder))
            return await replay_parked(connection, member, decoder, streams or None)
        finally:
            await connection.close()

    done = run_once(work())
    click.echo(f"{done.applied} events went through, {done.parked} are still parked")
    sys.exit(1 if done.parked else 0)


def _states(name: str | None) -> list[dict[str, Any]]:
    from services.projector import lag

    found = run_once(_asked(load_settings(), lag.states))
    return [state._asdict() for state in found if name in (None, state.name)]


def _show_states(name: str | None, as_json: bool) -> None:
    rows = _states(name)
    if as_json:
        click.echo(json.dumps(rows, default=str, indent=1))
        return
    if not rows:
        click.echo("no such read model; `support projections` lists them")
    for row in rows:
        lag = f"{row['lag_events']} events, {row['lag_seconds']:.1f} s behind" if row["lag_events"] else "up to date"
        aside = f"  {row['parked_events']} events of {row['parked_streams']} streams parked" if row["parked_events"] else ""
        built = f"  rebuilt to {row['rebuild_progress']:.0%}" if row["rebuild_progress"] is not None else ""
        click.echo(f"{row['name']:<18} v{row['version']}  {row['state']:<11}  at {row['position']}  {lag}{aside}{built}")
    passed_over = run_once(
        _asked(load_settings(), lambda connection: connection.fetchval("SELECT count(*) FROM notifier.parked"))
    )
    if name is None and passed_over:
        click.echo(f"the notifier has passed over {passed_over} events: `support untold` lists them")


async def _asked(settings: Settings, ask: Callable[[Any], Awaitable[T]]) -> T:
    from services.projector import connector

    connection = await connector(settings)([])
    try:
        return await ask(connection)
    finally:
        await connection.close()


def _named(name: str) -> Projection:
    from services.cli.declared import PROJECTIONS, projection_named

    try:
        return projection_named(name)
    except KeyError:
        known = ", ".join(each.name for each in PROJECTIONS)
        raise click.BadParameter(f"there is no read model {name}; there are {known}") from None


@click.command()
@click.argument("name")
def rebuild(name: str) -> None:
    """Build a read model anew from the log beside the live one, then swap: no downtime, no side effect.

    \b
    Example:  support rebuild tickets
    """
    settings, projection = load_settings(), _named(name)

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
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...], as_json: bool) -> None:
    """Prove that all read models, or those named, say what the log says, while everything runs. Exit code 0 only when all is equal.

    Rebuilds every read model in a scratch schema up to its live checkpoint, inside one snapshot that is rolled back, and compares row
    by row; look-ups and erasures are checked too. Differences name table, key and column, never content.

    \b
    Example:  support verify && echo sound
    """
    settings = load_settings()

    async def work() -> Any:
        from services.cli.declared import PROJECTIONS
        from services.projector import connector, progress, reader
        from services.projector.expected import DomainLookups
        from services.projector.verify import NoGoodMoment, verify

        chosen = [_named(name) for name in names] or PROJECTIONS

        try:
            with progress.shown("verifying") as report:
                return await verify(connector(settings), chosen, reader(settings), report=report, expected=DomainLookups())
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
