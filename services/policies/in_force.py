"""The policies in force: read from the log, so that all replicas judge alike and history knows which were in force when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.errors import NotFound
from domain.policies import Policies
from domain.policy.events import POLICY_STREAM, PolicyApplied
from domain.policy.policy import Policy
from services.policies.file import PolicyFile
from services.runtime.act import Act
from services.runtime.codec import Codec
from services.runtime.command import RecordedEvent
from services.runtime.writer import Writer

FRESH = 5.0
"""Seconds that policies once read are taken for those in force."""


class Streams(Protocol):
    async def stream(self, id: UUID, after: int = 0) -> list[RecordedEvent]: ...


class NoPolicies(LookupError):
    """No policies were ever applied."""

    def __init__(self) -> None:
        super().__init__("no policies are in force yet: run `support policies apply` (SUPPORT_POLICIES names the file)")


class PoliciesInForce:
    """Reads them anew every few seconds at most; a change needs no restart. Raises NoPolicies before the first are applied."""

    def __init__(self, log: Streams, codec: Codec, monotonic: Callable[[], float] | None = None) -> None:
        self._log = log
        self._codec = codec
        self._monotonic = monotonic or asyncio.get_running_loop().time
        self._last: RecordedEvent | None = None
        self._policies: Policies | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def now(self) -> Policies:
        if self._policies is None or self._monotonic() - self._read_at > FRESH:
            async with self._reading:
                if self._policies is None or self._monotonic() - self._read_at > FRESH:
                    await self._read()
        if self._policies is None:
            raise NoPolicies
        return self._policies

    async def _read(self) -> None:
        # From the last one that is known on: where another stands in its place, or none, the log was restored to an earlier point.
        rows = await self._log.stream(POLICY_STREAM, max(self._last.version - 1, 0)) if self._last else []
        if not rows or rows[0] != self._last:
            rows = await self._log.stream(POLICY_STREAM)
            self._policies, self._last = None, None
        for row in rows:
            event = self._codec.event(row)
            if isinstance(event, PolicyApplied):
                self._policies = event.policies
            self._last = row
        self._read_at = self._monotonic()


async def apply(writer: Writer, act: Act, file: PolicyFile, at: datetime) -> bool:
    """Bring a set into force. False when the same file is in force already. Raises what domain.policies.check refuses."""
    try:
        receipt = await writer.change(
            act, Policy, POLICY_STREAM, Policy.apply, at=at, sha256=file.sha256, policies=file.policies
        )
    except NotFound:
        receipt = await writer.add(act, Policy.begin(at=at, sha256=file.sha256, policies=file.policies))
    return receipt.position is not None
