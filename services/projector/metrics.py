"""What the projector counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("support_projector_events", "Events of the log that were gone through.")
BATCHES = Counter("support_projector_batches", "Batches, by where they came from.", ["source"])
BATCH_SECONDS = Histogram(
    "support_projector_batch_seconds",
    "From the first statement of a batch to its commit.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
LAG_EVENTS = Gauge("support_projector_lag_events", "Positions between a read model and the head of the store.", ["projection"])
LAG_SECONDS = Gauge("support_projector_lag_seconds", "Age of the oldest event that a read model lacks.", ["projection"])
PARKED = Gauge(
    "support_projector_parked_events", "Events set aside because they or an earlier one of their stream failed.", ["projection"]
)
REBUILDS = Counter("support_projector_rebuilds", "Rebuilds that took the place of the live tables.", ["projection"])
