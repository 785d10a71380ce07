"""dev and seed: everything on this machine, with something to look at."""

from __future__ import annotations

import click

from services.cli.running import imported, run_once
from services.runtime.settings import Settings, load_settings


@click.command()
@click.option("--no-demo", is_flag=True, help="Start with an empty log instead of the demo data.")
@click.option("--external", is_flag=True, help="Start no server: SUPPORT_POSTGRES_DSN and SUPPORT_NATS_URL name them.")
@click.option("--logs", is_flag=True, help="Let the processes write to this terminal instead of SUPPORT_HOME/logs.")
def dev(no_demo: bool, external: bool, logs: bool) -> None:
    """Run everything on this machine: PostgreSQL, NATS, gateway, relay, projector, scheduler, notifier, with demo data.

    Data stays in SUPPORT_HOME (./.support): stop with Ctrl-C, start again, and all is as it was. A process that is killed is
    started again. A server that the settings name (SUPPORT_POSTGRES_DSN with SUPPORT_POSTGRES_OWNER_DSN, SUPPORT_NATS_URL) is used
    instead of the embedded one.

    \b
    Examples:  support dev
               SUPPORT_HTTP_PORT=8080 SUPPORT_NATS_PORT=4333 support dev --no-demo
    """
    course = imported("services.dev.run:run")
    describe = imported("services.cli.summary:describe")
    run_once(course(load_settings(), demo=not no_demo, external=external, logs=logs, describe=describe))


@click.command()
def seed() -> None:
    """Record the demo organisations, people and tickets: three weeks of a support desk's life, up to now.

    The same seed gives the same stories. Seeding that was interrupted goes on where it was; a second time it records nothing.

    \b
    Example:  support seed
    """
    settings = load_settings()
    if settings.production:
        raise click.ClickException("demo data is for development: SUPPORT_ENVIRONMENT is production")
    tickets = run_once(_seed(settings))
    click.echo(f"{tickets} tickets of 8 organisations are there; `support token --role AGENT` lets you look at them")


async def _seed(settings: Settings) -> int:
    from services.cli.wiring import writing
    from services.commands.desk import Desk
    from services.demo.people import Member
    from services.demo.seed import Seed, is_demo_staff
    from services.gateway.people.standing import SEEN
    from services.policies.in_force import PoliciesInForce
    from services.projector.progress import shown
    from services.runtime.clock import Clock

    async with writing(settings) as (store, writer, codec, _):

        async def remember(member: Member) -> None:
            await store.pool.execute(SEEN, member.id, member.name, member.role.value, list(member.queues))

        desk = Desk(writer, PoliciesInForce(store, codec), is_demo_staff)
        with shown("demo data") as report:
            return await Seed(desk, remember, Clock(settings.clock_file).now()).run(report)
