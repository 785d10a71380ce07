"""The enums of reports: how long a bucket is, and what to split by."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Length of a bucket, on the wall of the report's time zone.")
class Period(Enum):
    DAY = said("DAY", "Day.")
    WEEK = said("WEEK", "ISO week.")
    MONTH = said("MONTH", "Month.")
    QUARTER = said("QUARTER", "Quarter.")
    YEAR = said("YEAR", "Year.")
    WHOLE = said("WHOLE", "All in one.")


@strawberry.enum(description="What to split by. A ticket is under what it is now: its team, priority, agent and organisation.")
class Dimension(Enum):
    ORGANISATION = said("ORGANISATION", "Customer; only staff see several.")
    QUEUE = said("QUEUE", "Team.")
    KIND = said("KIND", "Request or incident.")
    PRIORITY = said("PRIORITY", "Priority.")
    SEVERITY = said("SEVERITY", "Severity; empty where there is none.")
    CHANNEL = said("CHANNEL", "Channel.")
    SERVICE = said("SERVICE", "Service concerned; a ticket about several counts under each.")
    METRIC = said("METRIC", "SLA metric; for promises alone.")
    AGENT = said("AGENT", "Agent; staff only.")
