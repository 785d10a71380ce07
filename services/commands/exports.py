"""Copies of a person's data: asked for, completed, and the sealed parts they lie in until they expire or the person is erased.

Decision: the parts lie in a table beside the log, sealed with the person's own key and bound to their place, so a copy dies with the key
whatever becomes of the row. Each attempt to make a copy writes parts of its own, and one attempt becomes the copy, so a process that is
killed, or two that make the same, leave nothing torn. Object storage would reverse it, once attachments have one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from domain.errors import Forbidden
from domain.organisations.contact import Contact
from projections.viewer import Role
from services.commands.desk import By, Desk
from services.commands.people import contact_for
from services.runtime.command import Receipt
from services.runtime.decision import Decision
from services.runtime.keys import Keyring
from services.runtime.sealing import NONCE, SealBroken

PART = 256 * 1024
"""Bytes of a copy in one row."""

# Not for whom was erased meanwhile: their key is gone, and nothing would delete the row with it.
BEGIN = """INSERT INTO store.exports (id, contact)
  SELECT $1, $2 WHERE EXISTS (SELECT FROM store.person_keys WHERE person = $2 AND wrapped IS NOT NULL) ON CONFLICT (id) DO NOTHING"""
MADE = "SELECT expires_at FROM store.exports WHERE id = $1 AND attempt IS NOT NULL"
WRITE = """INSERT INTO store.export_parts (export, attempt, part, sealed)
  SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT FROM store.exports WHERE id = $1 FOR KEY SHARE)"""
CHOOSE = """UPDATE store.exports SET attempt = $2, bytes = $3, parts = $4, expires_at = $5 WHERE id = $1 AND attempt IS NULL
  RETURNING id"""
DROP_OTHERS = (
    "DELETE FROM store.export_parts p USING store.exports x WHERE p.export = $1 AND x.id = $1 AND p.attempt <> x.attempt"
)
FIND = "SELECT id, contact, attempt, bytes, parts, expires_at FROM store.exports WHERE id = $1 AND attempt IS NOT NULL AND expires_at > $2"
READ = "SELECT sealed FROM store.export_parts WHERE export = $1 AND attempt = $2 AND part = $3"
EXPIRE = """DELETE FROM store.exports x WHERE expires_at <= $1
  OR EXISTS (SELECT FROM store.person_keys k WHERE k.person = x.contact AND k.wrapped IS NULL) RETURNING id"""


async def request_export(desk: Desk, by: By, contact: UUID) -> Receipt:
    """Have a copy made of all that is about a person; while one is being made, it is that one. The receipt's ids: contact, export.

    They ask themselves, or an administrator does for them. Nobody else: colleagues and other staff have no business with all of it.
    """

    async def decide(decision: Decision) -> None:
        found = await contact_for(decision, by, contact)
        if not (by.viewer.role in (Role.ADMIN, Role.SERVICE) or (by.viewer.is_customer and by.viewer.id == found.id)):
            raise Forbidden(
                "A copy of a person's data is asked for by themselves, or by an administrator.",
                needs="ADMIN",
                path=("input", "contactId"),
            )
        export = found.request_export(decision.new_id(), at=by.act.at)
        decision.remember(contact=found.id, export=export)

    return await desk.writer.decide(by.act, decide)


async def complete(decision: Decision, contact: UUID, export: UUID, *, at: datetime, expires_at: datetime) -> None:
    """Say that it is made, once."""
    (await decision.load(Contact, contact)).complete_export(export, at=at, expires_at=expires_at)


class Copy(Struct, frozen=True, kw_only=True):
    """A copy that is made and can be fetched."""

    id: UUID
    contact: UUID
    attempt: UUID
    bytes: int
    parts: int
    expires_at: datetime


class Copies:
    """The table of copies. `pool` is of the append login."""

    def __init__(self, pool: Any, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def expiry(self, export: UUID) -> datetime | None:
        """Until when a copy that is made can be fetched; None where it is still to be made."""
        found: datetime | None = await self._pool.fetchval(MADE, export)
        return found

    async def write(
        self, export: UUID, contact: UUID, attempt: UUID, pieces: AsyncIterator[bytes], *, expires_at: datetime
    ) -> bool:
        """Seal and keep the pieces, as they come. False where the person was erased, or somebody else was first."""
        cipher = await self._keyring.of_person(contact)
        if cipher is None:
            return False
        await self._pool.execute(BEGIN, export, contact)
        waiting, size, part = bytearray(), 0, 0
        async for piece in pieces:
            waiting += piece
            size += len(piece)
            while len(waiting) >= PART:
                await self._keep(cipher, export, attempt, part, bytes(waiting[:PART]))
                del waiting[:PART]
                part += 1
        await self._keep(cipher, export, attempt, part, bytes(waiting))
        chosen = await self._pool.fetchval(CHOOSE, export, attempt, size, part + 1, expires_at)
        await self._pool.execute(DROP_OTHERS, export)
        return chosen is not None

    async def find(self, export: UUID, now: datetime) -> Copy | None:
        """A copy that can be fetched now."""
        row = await self._pool.fetchrow(FIND, export, now)
        return None if row is None else Copy(**dict(row.items()))

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        """Its parts in order; the key is fetched first, so that nothing is begun that cannot be finished. Raises SealBroken."""
        cipher = await self._keyring.of_person(copy.contact)
        if cipher is None:
            raise SealBroken("the key of this copy is gone")
        return self._parts(cipher, copy)

    async def _parts(self, cipher: AESGCM, copy: Copy) -> AsyncIterator[bytes]:
        for part in range(copy.parts):
            sealed = await self._pool.fetchval(READ, copy.id, copy.attempt, part)
            if sealed is None:
                raise SealBroken("a part of this copy is gone")
            try:
                yield cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _place(copy.id, copy.attempt, part))
            except InvalidTag:
                raise SealBroken("a part of this copy does not open") from None

    async def expire(self, now: datetime) -> int:
        """Delete what nobody may fetch any more; how many."""
        return len(await self._pool.fetch(EXPIRE, now))

    async def _keep(self, cipher: AESGCM, export: UUID, attempt: UUID, part: int, plain: bytes) -> None:
        nonce = os.urandom(NONCE)
        sealed = nonce + cipher.encrypt(nonce, plain, _place(export, attempt, part))
        await self._pool.execute(WRITE, export, attempt, part, sealed)


def _place(export: UUID, attempt: UUID, part: int) -> bytes:
    return f"export/{export}/{attempt}/{part}".encode()
