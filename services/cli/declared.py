"""The read models of this release. Importing them, and the aggregates, also makes every event's topic known to the codec."""

from __future__ import annotations

import domain.chat.access
import domain.contracts.contract
import domain.contracts.ledgers
import domain.deliveries.delivery
import domain.engagements.engagement
import domain.knowledge.resource
import domain.knowledge.topic
import domain.log.events
import domain.meetings.meeting
import domain.organisations.contact
import domain.organisations.organisation
import domain.policy.policy
import domain.status.component
import domain.status.incident
import domain.status.maintenance
import domain.subscriptions.digest
import domain.subscriptions.subscription
import domain.tickets.ticket  # noqa: F401 - for their topics
from projections.all import ALL
from projections.projection import Projection

PROJECTIONS: tuple[Projection, ...] = ALL
"""In the order of the search path."""


def projection_named(name: str) -> Projection:
    """The read model of that name. KeyError when there is none."""
    return {each.name: each for each in PROJECTIONS}[name]
