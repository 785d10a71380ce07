"""What a status subscription itself sends, and the tokens in it.

Two kinds of token, each for one purpose: one confirms, holds 256 random bits and is judged by the hash that stands on the subscription;
one unsubscribes and is judged by the HMAC in it, so that nothing is kept of it, however many messages carry one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.deliveries.delivery import Delivery
from domain.deliveries.vocabulary import NotificationChannel
from domain.subscriptions.refusals import TokenRefused
from domain.subscriptions.subscription import StatusSubscription
from services.runtime.decision import Decision

SECRET_BYTES = 32
UNSUBSCRIBE_LASTS = timedelta(days=400)
"""Of a token in a message: people unsubscribe from old ones, too."""


def confirmation_token(subscription: UUID, secret: bytes) -> str:
    return _written(subscription.bytes + secret)


def subscription_of(token: str) -> UUID:
    """Whose a confirmation would be if it were genuine. Raises TokenRefused."""
    raw = _read(token, 16 + SECRET_BYTES)
    return UUID(bytes=raw[:16])


def hashed(token: str) -> str:
    """As it stands in the log. The purpose is part of it."""
    return hashlib.sha256(b"status confirmation\0" + token.encode()).hexdigest()


def unsubscribe_token(decision: Decision, subscription: UUID, at: datetime) -> str:
    """Its expiry stands in it, under the HMAC, so it cannot be altered. It is of no use once the subscription is over."""
    plain = struct.pack(">q", int((at + UNSUBSCRIBE_LASTS).timestamp())) + subscription.bytes
    return _written(plain + _mac(decision, plain))


def to_unsubscribe(decision: Decision, token: str, at: datetime) -> UUID:
    """Whose the token is. Raises TokenRefused for one that we never made, or whose time is over."""
    raw = _read(token, 24 + SECRET_BYTES)
    plain, mac = raw[:24], raw[24:]
    (until,) = struct.unpack(">q", plain[:8])
    if not hmac.compare_digest(mac, _mac(decision, plain)) or at.timestamp() >= until:
        raise TokenRefused
    return UUID(bytes=plain[8:])


def _mac(decision: Decision, plain: bytes) -> bytes:
    return decision.derived("status unsubscribe", plain.hex())


def confirmation(subscription: StatusSubscription, token: str, at: datetime) -> Delivery:
    asked = "Somebody asked that messages about the status of our services be sent here."
    until = f"{subscription.expires_at:%Y-%m-%d %H:%M} UTC"
    match subscription.channel:
        case NotificationChannel.EMAIL:
            text = (
                f"{asked}\nIf that is right, confirm it with this token; if not, do nothing and nothing will be sent.\n\n"
                f"{token}\n\nIt is good once, until {until}."
            )
        case NotificationChannel.SMS:
            text = f"Status messages were asked for to this number. To confirm until {until}: {token} If it was not you, do nothing."
        case NotificationChannel.WEBHOOK:
            data = {"text": asked, "token": token, "expires_at": subscription.expires_at}
            text = _structured(subscription, 1, "confirmation", data, at)
    return _message(subscription, 1, "Confirm your status subscription", text, at)


def test(subscription: StatusSubscription, unsubscribe: str, at: datetime) -> Delivery:
    said, version = (
        "This is the test that was asked for: messages about the status of our services arrive.",
        subscription.tests[-1],
    )
    text = f"{said}\n\nTo unsubscribe: {unsubscribe}"
    if subscription.channel is NotificationChannel.WEBHOOK:
        text = _structured(subscription, version, "test", {"text": said, "unsubscribe": unsubscribe}, at)
    return _message(subscription, version, "Test of your status subscription", text, at)


def _structured(subscription: StatusSubscription, version: int, what: str, data: dict[str, object], at: datetime) -> str:
    """A CloudEvent in JSON, as programs get all else; it is about no fact of the log, so its source is the subscription itself."""
    event = {
        "specversion": "1.0",
        "id": _about(subscription, version),
        "source": f"/subscription/{subscription.id}",
        "type": f"subscription.{what}.v1",
        "time": at,
        "datacontenttype": "application/json",
        "data": data,
    }
    return msgspec.json.encode(event).decode()


def confirmation_id(subscription: StatusSubscription) -> UUID:
    return _id(subscription, 1)


def sent_by(subscription: StatusSubscription) -> Iterator[UUID]:
    """The messages that it itself sent."""
    for version in (1, *subscription.tests):
        yield _id(subscription, version)


def _message(subscription: StatusSubscription, version: int, subject: str, text: str, at: datetime) -> Delivery:
    assert subscription.destination is not None
    return Delivery.queue(
        at=at,
        channel=subscription.channel,
        aggregate=subscription.TOPIC,
        subject_id=subscription.id,
        about=_about(subscription, version),
        recipient=subscription.owner,
        organisation=subscription.organisation,
        to=subscription.destination,
        subject=subject,
        text=text,
    )


def _id(subscription: StatusSubscription, version: int) -> UUID:
    return Delivery.id_of(_about(subscription, version), subscription.id, subscription.owner, subscription.channel)


def _about(subscription: StatusSubscription, version: int) -> str:
    return f"{subscription.id}/{version}"


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(token: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefused from None
    if len(raw) != length or _written(raw) != token:
        raise TokenRefused
    return raw
