"""The words of a timeline: kinds of entry, who sees them, which way, what changed."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Who sees an entry.")
class Visibility(Enum):
    EVERYONE = said("EVERYONE", "The customer too.")
    STAFF = said("STAFF", "Staff only; never sent to a customer.")


@strawberry.enum(description="Which way.")
class Direction(Enum):
    INBOUND = said("INBOUND", "To us.")
    OUTBOUND = said("OUTBOUND", "From us.")


@strawberry.enum(description="What changed.")
class ClassificationKind(Enum):
    PRIORITY = said("PRIORITY", "Priority.")
    SEVERITY = said("SEVERITY", "Severity.")
    TAG = said("TAG", "A tag.")
    FIELD = said("FIELD", "A field.")


@strawberry.enum(description="What happened between tickets.")
class RelationChange(Enum):
    MERGED_INTO = said("MERGED_INTO", "This into the other.")
    MERGED_FROM = said("MERGED_FROM", "The other into this.")
    UNMERGED = said("UNMERGED", "Undone.")
    SPLIT_TO = said("SPLIT_TO", "The other was taken out.")
    SPLIT_FROM = said("SPLIT_FROM", "Taken out of the other.")
    LINKED = said("LINKED", "Linked.")
    UNLINKED = said("UNLINKED", "Unlinked.")
    INCIDENT_LINKED = said("INCIDENT_LINKED", "Linked to an incident.")
    MAINTENANCE_LINKED = said("MAINTENANCE_LINKED", "Linked to planned work.")


@strawberry.enum(description="Turn of a promise.")
class SlaChange(Enum):
    APPLIED = said("APPLIED", "Made.")
    IMMINENT = said("IMMINENT", "Near its end.")
    MET = said("MET", "Kept.")
    BREACHED = said("BREACHED", "Broken.")


@strawberry.enum(description="Kinds of entry, for filtering.")
class TimelineKind(Enum):
    MESSAGE = said("MESSAGE", "Messages.")
    NOTE = said("NOTE", "Internal notes; nothing for customers.")
    CALL = said("CALL", "Calls.")
    FILE = said("FILE", "Files.")
    STATE = said("STATE", "States.")
    PEOPLE = said("PEOPLE", "Assignments, transfers, escalations.")
    CLASSIFICATION = said("CLASSIFICATION", "Priority, severity, tags, fields.")
    RELATION = said("RELATION", "Merges, splits, links.")
    SLA = said("SLA", "Promises.")
    RATING = said("RATING", "Ratings.")
