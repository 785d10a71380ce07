"""outbox: the messages that would go out, with their texts, so that a newcomer can follow a link without a mail server."""

from __future__ import annotations

import json
from typing import Any

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, SettingsInvalid, load_settings

PAGE = 1000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One message a line, as JSON.")
@click.option("--last", type=click.IntRange(1, PAGE), default=20, show_default=True, help="How many, the newest.")
def outbox(as_json: bool, last: int) -> None:
    """Show the messages that wait to be sent. Refused outside development.

    A text whose key was destroyed, because its token was used or its recipient was erased, shows as nothing.

    \b
    Example:  support outbox --json | tail -1
    """
    for message in run_once(queued(load_settings(), last)):
        if as_json:
            click.echo(json.dumps(message))
        else:
            click.echo(f"{message['at']}  {message['channel']}  to {message['to'] or '(erased)'}  {message['subject'] or ''}")
            click.echo("".join(f"    {line}\n" for line in (message["text"] or "(unreadable)").splitlines()))


async def queued(settings: Settings, last: int = 20) -> list[dict[str, Any]]:
    """The newest messages, oldest first. SettingsInvalid in production."""
    if settings.production:
        raise SettingsInvalid("SUPPORT_ENVIRONMENT=production: messages are not shown here")
    import services.cli.declared  # noqa: F401 - every topic
    from domain.deliveries.events import DeliveryQueued
    from services.runtime.codec import Codec
    from services.runtime.event_log import EventLog
    from services.runtime.keys import Keyring, Vault
    from services.runtime.postgres import Login

    pool = await Login(settings.postgres("project")).pool(largest=1)
    try:
        rows = await EventLog(pool).newest(DeliveryQueued.TOPIC, last)
        keys = await Keyring(pool, Vault(settings.key_encryption)).open_for(rows)
        events = [Codec().event(row, keys) for row in rows]
    finally:
        await pool.close()
    return [_shown(event) for event in events if isinstance(event, DeliveryQueued)]


def _shown(event: Any) -> dict[str, Any]:
    return {
        "at": event.timestamp.isoformat(),
        "channel": event.channel.value,
        "about": event.about,
        "to": event.to.value,
        "subject": event.subject.value if event.subject else None,
        "text": event.text.value,
    }
