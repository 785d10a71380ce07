"""What operators see of the scheduler."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

RECORDED = Counter("support_scheduler_recorded_total", "Moments recorded", ["kind"])
MOOT = Counter("support_scheduler_moot_total", "Moments with nothing to record: passed, or recorded before", ["kind"])
REFUSED = Counter("support_scheduler_refused_total", "Moments that were refused", ["kind", "code"])
FAILED = Counter(
    "support_scheduler_failed_total", "Moments not recorded because of the store; they are tried again", ["kind", "error"]
)
LATENESS = Gauge(
    "support_scheduler_lateness_seconds", "How late the latest moment now due is; small while it keeps up", ["room"]
)
DROPPED = Counter(
    "support_scheduler_dropped_total", "Reminders whose moment passed unnoticed; nobody is told any more", ["kind"]
)
