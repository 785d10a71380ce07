"""Cursors of live feeds: a place in the log, bound to what was watched. Kept for a day: then the client reads anew and begins from now."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

from projections.database import Database
from services.gateway.failures import Code, RequestFailed
from services.gateway.scalars import Cursor
from services.runtime.position import Position

KEPT = timedelta(hours=24)
WHEN = "SELECT t.recorded_at, t.epoch FROM store.tail t WHERE t.position = $1"


def binding(*watched: object) -> str:
    """What a cursor is bound to: the arguments of its subscription."""
    return hashlib.blake2b(repr(watched).encode(), digest_size=6).hexdigest()


def write(position: Position, bound: str) -> Cursor:
    return Cursor(base64.urlsafe_b64encode(f"{bound}/{position}".encode()).decode().rstrip("="))


def read(cursor: str, bound: str) -> Position:
    """The place. BAD_CURSOR for another subscription's."""
    try:
        mark, _, text = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode().partition("/")
        )
        if mark != bound:
            raise ValueError
        return Position.parse(text)
    except (binascii.Error, ValueError):
        raise RequestFailed(Code.BAD_CURSOR, "This cursor is not one of this subscription; begin without one.") from None


async def must_be_kept(database: Database, position: Position, mark: Position) -> None:
    """CURSOR_EXPIRED once its event is a day old or the log was restored since; BAD_CURSOR beyond the end."""
    if position.epoch != mark.epoch:
        raise expired()
    if position.number > mark.number:
        raise RequestFailed(Code.BAD_CURSOR, "This cursor lies beyond the end of the log.")
    row = await database.fetchrow(WHEN, position.number)
    if row is None or row["recorded_at"] < datetime.now(UTC) - KEPT:
        raise expired()


def expired() -> RequestFailed:
    return RequestFailed(
        Code.CURSOR_EXPIRED, "Too long ago to go on from: read what you show anew, then subscribe without a cursor."
    )
