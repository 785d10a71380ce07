"""dev and seed: everything on this machine, with something to look at."""

from __future__ import annotations

import json
import time
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from services.cli.running import imported, run_once
from services.runtime.settings import Settings, load_settings

if TYPE_CHECKING:
    from services.demo.seed import Done


@click.command()
@click.option(
    "--demo",
    type=click.Choice(["full", "small", "none"]),
    help="How much demo data the first start records; SUPPORT_DEMO, or full, if left out.",
)
@click.option("--no-demo", is_flag=True, help="The same as --demo none: start with an empty log.")
@click.option("--external", is_flag=True, help="Start no server: SUPPORT_POSTGRES_DSN and SUPPORT_NATS_URL name them.")
@click.option("--logs", is_flag=True, help="Let the processes write to this terminal instead of SUPPORT_HOME/logs.")
def dev(demo: str | None, no_demo: bool, external: bool, logs: bool) -> None:
    """Run everything on this machine: PostgreSQL, NATS, gateway, relay, projector, scheduler, notifier, with demo data.

    Data stays in SUPPORT_HOME (./.support): stop with Ctrl-C, start again, and all is as it was. A process that is killed is
    started again. A server that the settings name (SUPPORT_POSTGRES_DSN with SUPPORT_POSTGRES_OWNER_DSN, SUPPORT_NATS_URL) is used
    instead of the embedded one.

    The first start records a quarter of a provider's life, which takes half a minute; `support seed --help` tells of it.

    \b
    Examples:  support dev
               support dev --demo small
               SUPPORT_HTTP_PORT=8080 SUPPORT_NATS_PORT=4333 support dev --no-demo
    """
    course = imported("services.dev.run:run")
    catch_up = imported("services.cli.catching_up:catch_up")
    describe = imported("services.cli.summary:describe")
    settings = load_settings()
    size = "none" if no_demo else demo or settings.demo
    run_once(course(settings, demo=size, external=external, logs=logs, catch_up=catch_up, describe=describe))


@click.command()
@click.option("--size", type=click.Choice(["full", "small"]), default="full", show_default=True, help="How much.")
@click.option("--seed", type=int, default=20260701, show_default=True, help="Another number, another quarter.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="When the story ends, UTC; the last full hour if left out.",
)
@click.option("--json", "as_json", is_flag=True, help="What is there then, as JSON.")
def seed(size: str, seed: int, until: datetime | None, as_json: bool) -> None:
    """Record the demo data: a quarter of a provider's life, up to now, by the same commands as anybody's.

    \b
    full    40 organisations on the three products with contracts, service managers, subscriptions, chat rooms and
            engagements, operations meetings with their review packs; 15 services with incidents and planned work;
            2,000 tickets with their threads
    small   8 organisations without contracts, 48 tickets of three weeks, 15 services

    The same seed and end give the same events: names, texts, ids, numbers and times. Seeding that was interrupted goes on
    where it was; a second time it records nothing. Each moment is recorded with the time at which it happened, so seed
    before the scheduler runs: what it finds late it records now. Refused in production.

    \b
    Examples:  support seed
               support seed --until 2026-06-30T12:00:00Z --json
    """
    settings = load_settings()
    if settings.production:
        raise click.ClickException("demo data is for development: SUPPORT_ENVIRONMENT is production")
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    began = time.monotonic()
    done = run_once(_seed(settings, seed, size, until))
    seconds = time.monotonic() - began
    if as_json:
        told = {**asdict(done), "until": done.until.isoformat(), "seconds": round(seconds, 1)}
        click.echo(json.dumps(told))
        return
    what = f"{done.tickets:,} tickets of {done.organisations} organisations, up to {done.until:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{what}: {'nothing was missing' if done.already else f'recorded in {seconds:.0f} s'}")
    click.echo("`support token --role AGENT` lets you look at them")


async def _seed(settings: Settings, seed: int, size: str, until: datetime | None) -> Done:
    from projections.review_pack_subject import Packed, Subject
    from services.cli.wiring import writing
    from services.commands.desk import Desk
    from services.commands.meetings import Packs
    from services.demo.chronicle import Chronicle
    from services.demo.customers import Member, is_demo_staff
    from services.demo.seed import Seed
    from services.gateway.people.standing import SEEN
    from services.policies.in_force import PoliciesInForce
    from services.projector import connector, reader
    from services.projector.packs import packing
    from services.projector.progress import shown
    from services.runtime.clock import Clock

    chronicle = Chronicle(seed)
    async with writing(settings, chronicle.begin) as (store, writer, codec, _):

        async def remember(member: Member) -> None:
            await store.pool.execute(SEEN, member.id, member.name, member.role.value, list(member.queues))

        desk = Desk(writer, PoliciesInForce(store, codec), is_demo_staff)
        now = until or Clock(settings.clock_file).now()
        with shown("demo data", "moments") as report:
            async with AsyncExitStack() as opened:
                begun: list[Packs] = []

                async def packs(subject: Subject) -> Packed:
                    if not begun:  # only now, so that no transaction is open all the time before
                        begun.append(await opened.enter_async_context(packing(connector(settings), reader(settings))))
                    return await begun[0](subject)

                return await Seed(desk, chronicle, remember, now, size, packs=packs).run(report)
