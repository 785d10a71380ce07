"""What operators see of the notifier."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

RECORDED = Counter("support_notifier_recorded_total", "Messages queued or collected, and messages suppressed", ["rule"])
MOOT = Counter(
    "support_notifier_moot_total", "Candidates with nothing to record: told before, or not wanted any more", ["rule"]
)
STALE = Counter("support_notifier_stale_total", "Events that nobody is told of because they happened too long ago", ["topic"])
PARKED = Counter("support_notifier_parked_total", "Events passed over because they could not be dealt with", ["topic", "error"])
LAG = Gauge("support_notifier_lag_events", "Events between its place and the head of the log; of the one that leads")
LEADER = Gauge("support_notifier_leader", "1 where this process leads, 0 where it stands by")
