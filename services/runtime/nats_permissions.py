"""Who may do what on NATS: the same map for the embedded server, the chart and an operator's own cluster.

Allow-lists by the class token of the subject, so a new restricted event is closed to others until somebody opens it. Nobody but the
relay publishes facts. Readers get NEXT and ACK on durables that were provisioned for them: the right to create consumers, or to
read single messages (STREAM.MSG.GET, DIRECT.GET), would open every class.

Every user has an inbox prefix of its own, `_INBOX_<user>` (give it to the client as `inbox_prefix`): a shared `_INBOX.>` would
let one user read what is delivered to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STREAM = "SUPPORT"
SUBSCRIBER_DURABLE = "subscriber"
"""The durable of the newcomer's example consumer: another team's service, cleared for public and confidential facts."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the broker and what it may do."""

    user: str
    password: str
    publish: Sequence[str]
    subscribe: Sequence[str]


def inbox_prefix(user: str) -> str:
    """Where replies to this user go; the only inbox it may read."""
    return f"_INBOX_{user}"


def admin(user: str, password: str) -> Login:
    """Provisioning and inspection: streams, durables. No process runs with it, and even it may not publish facts."""
    return Login(user, password, publish=["$JS.API.>", "$JS.ACK.>"], subscribe=[f"{inbox_prefix(user)}.>"])


def relay(user: str, password: str) -> Login:
    """The only one who publishes facts. It also rebuilds a lost or diverged stream with its durables, so it may make both."""
    stream = [f"$JS.API.STREAM.{call}.{STREAM}" for call in ("INFO", "CREATE", "UPDATE", "DELETE", "MSG.GET")]
    durables = [f"$JS.API.CONSUMER.{call}.{STREAM}.>" for call in ("CREATE", "DURABLE.CREATE", "INFO")]
    return Login(
        user,
        password,
        publish=["support.>", "$JS.API.INFO", f"$JS.API.CONSUMER.LIST.{STREAM}", *stream, *durables],
        subscribe=[f"{inbox_prefix(user)}.>"],
    )


def consumer(user: str, password: str) -> Login:
    """Our own readers, cleared for every class: NEXT and ACK on durables, which they never make."""
    return Login(user, password, publish=_reads("*"), subscribe=[f"{inbox_prefix(user)}.>"])


def subscriber(user: str, password: str, durable: str = SUBSCRIBER_DURABLE) -> Login:
    """Another team: watches public and confidential facts as they pass, and reads the one durable that was provisioned for it."""
    return Login(
        user,
        password,
        publish=_reads(durable),
        subscribe=["support.public.>", "support.confidential.>", f"{inbox_prefix(user)}.>"],
    )


def _reads(durable: str) -> list[str]:
    return [
        f"$JS.API.CONSUMER.INFO.{STREAM}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{durable}",
        f"$JS.ACK.{STREAM}.{durable}.>",
        f"$JS.ACK.*.*.{STREAM}.{durable}.>",  # the form with domain and account
    ]


def authorization(logins: Sequence[Login]) -> Mapping[str, object]:
    """The server's `authorization` block; its configuration format reads JSON."""
    return {
        "users": [
            {
                "user": login.user,
                "password": login.password,
                "permissions": {"publish": list(login.publish), "subscribe": list(login.subscribe)},
            }
            for login in logins
        ]
    }
