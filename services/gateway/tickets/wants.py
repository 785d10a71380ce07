"""From a client's selection to what one statement shall fetch of a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.paging import BadCursor, BadPage, Page
from projections.ticket_rows import TicketWant, TimelineWant
from services.gateway.failures import Code, RequestFailed
from services.gateway.selection import Selection

_PLAIN = {
    "organisation": "organisation", "requester": "requester", "assignee": "assignee", "queue": "queue", "slaTargets": "sla",
    "fields": "fields", "ratings": "ratings", "externalRefs": "external", "staff": "staff",
    "services": "services", "incidents": "incidents", "maintenance": "maintenance",
}  # fmt: skip


def page_of(first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """A page of a list. BAD_INPUT for both directions at once or a number of rows out of bounds."""
    try:
        return Page(first, after, last, before)
    except BadPage as wrong:
        raise RequestFailed(Code.BAD_INPUT, f"{str(wrong)[0].upper()}{str(wrong)[1:]}.") from None


def bad_cursor(_: BadCursor) -> RequestFailed:
    return RequestFailed(Code.BAD_CURSOR, "This cursor does not belong to this list with these arguments; begin without one.")


def ticket_want(selection: Selection, depth: int = 0) -> TicketWant:
    """What of a ticket is selected here. Documents are at most twelve deep, so this ends."""
    selected = selection.of("Ticket")
    names = {each.name for each in selected.values()}
    branches: dict[str, Any] = {_PLAIN[name]: True for name in names if name in _PLAIN}
    if "viewerCan" in names:
        branches["ratings"] = True
    if "entry" in selection.below("Ticket", "slaTargets").below("SlaTarget", "ledger").names("SlaInterval"):
        branches["sla_entries"] = True
    if "fields" in names:
        branches["staff"] = True
    if "links" in names:
        branches["links"] = ticket_want(selection.below("Ticket", "links").below("TicketLink", "ticket"), depth + 1)
    if "mergedInto" in names:
        branches["merged_into"] = ticket_want(selection.below("Ticket", "mergedInto"), depth + 1)
    timelines = {}
    for each in selected.values():
        if each.name == "timeline":
            rows = selection.under(each)
            timelines[each.key] = timeline_want(
                selection.arguments("Ticket", each), rows_of(rows, "TimelineEntryConnection"), depth
            )
    return TicketWant(**branches, timelines=timelines)


def timeline_want(arguments: Mapping[str, Any], entries: Selection | None = None, depth: int = 0) -> TimelineWant:
    """A page of a timeline by its arguments."""
    kinds = arguments.get("kinds")
    page = page_of(arguments.get("first"), arguments.get("after"), arguments.get("last"), arguments.get("before"))
    other = entries.below("RelationEntry", "other") if entries else None
    return TimelineWant(
        page=page,
        kinds=None if kinds is None else frozenset(getattr(kind, "name", kind) for kind in kinds),
        other=ticket_want(other, depth + 1) if other else None,
    )


def rows_of(connection: Selection, type_name: str) -> Selection:
    """The rows selected below a connection of this name."""
    edge = type_name.replace("Connection", "Edge")
    return connection.below(type_name, "nodes").joined(connection.below(type_name, "edges").below(edge, "node"))
