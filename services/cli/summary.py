"""What `support dev` says once everything runs: where it is, a token for each role, and how to watch."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import click

from projections.viewer import Role
from services.cli.tokens import Token, issued
from services.runtime.embedded.postgres import binary
from services.runtime.settings import Settings


async def describe(settings: Settings) -> str:
    """The text for the terminal."""
    host = settings.http_host if settings.http_host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    base = f"http://{host}:{settings.http_port}"
    user, password = settings.nats("subscriber")
    nats = urlsplit(str(settings.nats_url))
    subscriber = f"{nats.scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{nats.netloc}"
    tokens = [made for role in Role if (made := await _token(settings, role)) is not None]
    lines = [
        "",
        click.style("Support Desk runs. Ctrl-C stops it; data stays in " + str(settings.home), bold=True),
        "",
        f"  GraphQL     {base}/graphql   (in a browser: the explorer; schema at {base}/schema.graphql)",
        f"  Health      {base}/readyz   figures at {base}/metrics",
        f"  NATS        {subscriber}",
        f"  PostgreSQL  {binary('psql')} '{settings.postgres('read')}'   (read models: \\dt *_v*.*)",
        f"  Logs        {settings.home}/logs",
        "",
        click.style("A token for each role", bold=True)
        + "  (send it as `Authorization: Bearer …`; `support token --help` makes others)",
        "",
        *(f"  {made.role:<15} {made.who}\n  {made.token}\n" for made in tokens),
        click.style("Watch events arrive", bold=True) + " with any NATS client, such as the nats command line:",
        "",
        f"  nats --server '{subscriber}' --inbox-prefix _INBOX_{user} sub 'support.confidential.>'",
        "",
    ]
    return "\n".join(lines)


async def _token(settings: Settings, role: Role) -> Token | None:
    """None where nobody has the role yet: without the demo data there are no customers."""
    try:
        return await issued(settings, role)
    except click.ClickException:
        return None
