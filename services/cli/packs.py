"""pack: the review packs of operations meetings, shown, and proved to be what the log said when they were frozen."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import click

from services.cli.running import run_once
from services.runtime.settings import load_settings


@click.group()
def pack() -> None:
    """Show the review packs of operations meetings, and reproduce them from the log.

    A meeting is named as people name it (C-1042-2026-Q3), or by its id.

    \b
    Examples:  support pack show C-1042-2026-Q3
               support pack reproduce C-1042-2026-Q3
               support pack reproduce --json
    """


@pack.command()
@click.argument("meeting")
def show(meeting: str) -> None:
    """Print a pack exactly as it was frozen: its canonical JSON, whose SHA-256 stands in the event."""
    found = run_once(_frozen((meeting,)))
    click.echo(found[0].text, nl=False)


@pack.command()
@click.option("--json", "as_json", is_flag=True, help="The result as JSON, for other programs.")
@click.argument("meetings", nargs=-1)
def reproduce(meetings: tuple[str, ...], as_json: bool) -> None:
    """Count packs again from the events up to their positions, all or those named, and compare. Exit code 0 only when all are equal.

    What was recorded after a pack was frozen does not count: late and backdated events, reopenings, merges, erasures. Everything happens in
    a scratch schema that is thrown away.

    \b
    Example:  support pack reproduce C-1042-2026-Q3 && echo sound
    """
    from services.projector import connector, packs, progress, reader

    settings = load_settings()

    async def work() -> list[packs.Reproduced]:
        frozen = await _frozen(meetings)
        with progress.shown("reproducing") as report:
            return await packs.reproduce(connector(settings), reader(settings), frozen, report=report)

    done = run_once(work())
    equal = all(each.equal for each in done)
    if as_json:
        click.echo(packs.as_json(done))
        sys.exit(0 if equal else 1)
    for each in done:
        aside = f", {each.aside} events could not be read" if each.aside else ""
        click.echo(f"{each.ref}  at position {each.position}  frozen {each.frozen[:16]}…  now {each.sha256[:16]}…{aside}")
    if not done:
        click.echo("no pack is frozen yet")
    else:
        wrong = [each.ref for each in done if not each.equal]
        click.echo("equal" if equal else f"NOT equal: {', '.join(wrong)}")
    sys.exit(0 if equal else 1)


async def _frozen(meetings: tuple[str, ...]) -> list[Any]:
    import services.cli.declared  # noqa: F401 - every topic
    from services.projector import connector, packs, reader

    settings = load_settings()
    connect = connector(settings)
    ids: dict[UUID, str] = {}
    for name in meetings:
        ids[await _id(connect, name)] = name
    found = await packs.frozen_packs(connect, reader(settings), list(ids) if meetings else None)
    missing = [name for id, name in ids.items() if id not in {each.subject.meeting for each in found}]
    if missing:
        raise click.ClickException(f"{', '.join(missing)}: no pack is frozen for this meeting")
    return found


async def _id(connect: Any, name: str) -> UUID:
    """By uuid, global id or name, which is looked up in the read model."""
    from projections.meetings import meetings
    from services.gateway.ids import read

    try:
        return UUID(name)
    except ValueError:
        pass
    known = read(name)
    if known is not None and known[0] == "meeting":
        return known[1]
    connection = await connect([meetings.schema])
    try:
        rows = await connection.fetch("SELECT id FROM meetings WHERE ref = $1", name)
    finally:
        await connection.close()
    if not rows:
        raise click.ClickException(f"there is no operations meeting {name}; its name is like C-1042-2026-Q3")
    if len(rows) > 1:
        both = ", ".join(str(row["id"]) for row in rows)
        raise click.ClickException(f"{name} is the name of several meetings; give the id: {both}")
    id: UUID = rows[0]["id"]
    return id
