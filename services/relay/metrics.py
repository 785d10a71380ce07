"""What the relay says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

PUBLISHED = Counter("support_relay_published", "Events published to the stream by this process.")
REFUSED = Counter("support_relay_refused", "Batches that the stream refused because it was not where this relay thought.")
REBUILDS = Counter("support_relay_rebuilds", "Times the stream was made anew from the store.")
LAG = Gauge("support_relay_lag_events", "The store's head less the last position known to be in the stream; of the leader.")
LEADER = Gauge("support_relay_leader", "1 where this process leads, 0 where it stands by.")
STOPPED = Gauge("support_relay_stopped", "1 where nothing may be published until somebody acts; the log says what.")


@dataclass
class Status:
    """What readiness rests on: a standby that reaches store and NATS is ready, a stopped relay is not."""

    connected: bool = False
    stopped: str = ""
    last: int | None = None
    """The last position that this process, leading, knows to be in the stream."""

    @property
    def ready(self) -> bool:
        return self.connected and not self.stopped

    def reached(self, last: int | None, head: int = 0) -> None:
        """The stream is at `last` of `head`; None: this process does not lead and knows nothing of it."""
        self.last = last
        LAG.set(0 if last is None else max(0, head - last))

    def stop(self, why: str) -> None:
        self.stopped = why
        STOPPED.set(1 if why else 0)
