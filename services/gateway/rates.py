"""How often somebody may ask, command, or have a confirmation sent; what is above that is refused with the time to wait.

Decision: counted in this process's memory, by sliding windows of the library `limits`. Several gateways allow as many times as much,
which still bounds a flood; a shared count would put a round trip before every request. What would reverse it: a promise of exact quotas.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from prometheus_client import Counter as Count

from domain.errors import RateLimited
from services.gateway.auth import Identity
from services.gateway.failures import Code, RequestFailed
from services.runtime.settings import RATES, Settings

REFUSED = Count("support_gateway_rate_limited", "Requests and commands refused because there were too many", ["rate"])
LEAST_WAIT = 1.0
"""Seconds; whoever is told to wait less asks again too soon."""


class Rates:
    """The counts of one process. A rate that is off counts nothing."""

    def __init__(self, settings: Settings) -> None:
        self._items: dict[str, RateLimitItem] = {}
        for name in RATES:
            rate = settings.rate(name)
            if rate is not None:
                self._items[name] = parse(rate)
        self._most = settings.connections
        self._open: Counter[str] = Counter()
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def request(self, identity: Identity | None, address: str) -> None:
        """One more query or subscription of a party, or of an address that nobody signed in from. Raises RequestFailed."""
        wait = self._wait("requests", _party(identity, address))
        if wait is not None:
            raise RequestFailed(
                Code.RATE_LIMITED,
                f"Too many requests at once; ask again in {wait:.0f} s.",
                retryAfter=f"PT{wait:.0f}S",
                seconds=round(wait),
            )

    def command(self, identity: Identity | None, address: str) -> None:
        """One more command. Raises RateLimited."""
        wait = self._wait("commands" if identity else "anonymous", _party(identity, address))
        if wait is not None:
            raise RateLimited("Too many commands at once; wait, and repeat with the same key.", retry_after=wait)

    def message(self, asker: UUID, where: str) -> None:
        """One more message to a destination that has proved nothing yet. Raises RateLimited."""
        kept = hashlib.blake2b(where.encode(), digest_size=16).hexdigest()  # addresses lie about in no memory of ours
        for rate, key, told in (
            ("destination", kept, "Messages have just gone out to this destination; wait, or look for them there."),
            ("confirmations", str(asker), "Many confirmations were sent at your request already; wait before asking for more."),
        ):
            wait = self._wait(rate, key)
            if wait is not None:
                raise RateLimited(told, retry_after=wait)

    @contextmanager
    def connected(self, identity: Identity | None, address: str) -> Iterator[None]:
        """While a party holds one more live connection open. Raises RequestFailed where it has too many."""
        party = _party(identity, address)
        if self._open[party] >= self._most:
            REFUSED.labels("connections").inc()
            raise RequestFailed(Code.RATE_LIMITED, f"At most {self._most} live connections at once; close one first.")
        self._open[party] += 1
        try:
            yield
        finally:
            self._open[party] -= 1
            if not self._open[party]:
                del self._open[party]

    def _wait(self, rate: str, key: str) -> float | None:
        """Count one. The seconds to wait where there were too many; it does not count then."""
        item = self._items.get(rate)
        if item is None or self._limiter.hit(item, rate, key):
            return None
        REFUSED.labels(rate).inc()
        reset = self._limiter.get_window_stats(item, rate, key).reset_time - time.time()
        return float(-(-max(reset, LEAST_WAIT) // 1))


def _party(identity: Identity | None, address: str) -> str:
    return identity.principal if identity else f"address:{neighbourhood(address)}"


def neighbourhood(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 one, which is what a single customer line has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)
