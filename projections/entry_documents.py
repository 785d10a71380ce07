"""The SQL of a timeline inside another statement: a page of entries as one JSON array, nearest first in the direction of reading."""

from __future__ import annotations

from collections.abc import Callable

from projections.actors import actor
from projections.agents import agent
from projections.arguments import Arguments, document
from projections.contacts import contact, sees
from projections.order import Order
from projections.organisations import organisation
from projections.queues import queue
from projections.ticket_rows import TicketWant, TimelineWant
from projections.ticket_sla import target
from projections.timeline_entries import FILES, PUBLIC, STAFF
from projections.viewer import Viewer

TicketDocument = Callable[[Arguments, Viewer, str, TicketWant], str]
"""Gives the document of the ticket whose id is an SQL expression; null where the viewer may not see it. See ticket_documents.py."""

ORDER = Order("e.position", "bigint", "e.id", "uuid")


def arms(viewer: Viewer) -> list[tuple[str, bool]]:
    """The tables of entries that may be read, each with whether it is the staff's. Customers' statements never name the latter."""
    return [(PUBLIC, False), (STAFF, True)] if viewer.sees_staff else [(PUBLIC, False)]


def timeline(arguments: Arguments, viewer: Viewer, ticket: str, want: TimelineWant, other: TicketDocument) -> str:
    """A page of the timeline of the ticket in this SQL expression; a split ticket has the entries it took with it, too."""
    kinds = "TRUE" if want.kinds is None else f"e.kind = ANY({arguments(sorted(want.kinds), 'text[]')})"
    which = f"{kinds} AND {ORDER.within(arguments, want.page, want.cursors)}"
    limit, by = ORDER.limit(arguments, want.page), ORDER.by(want.page)
    read = [
        f"(SELECT e.*, {staff} AS staff FROM {table} e{join} WHERE {owner} = {ticket} AND {which} ORDER BY {by} LIMIT {limit})"
        for table, staff in arms(viewer)
        for join, owner in (("", "e.ticket"), (" JOIN ticket_carried k ON k.entry = e.id", "k.ticket"))
    ]
    page = f"SELECT e.* FROM ({' UNION ALL '.join(read)}) e ORDER BY {by} LIMIT {limit}"
    entries = entry_document(arguments, viewer, want, other)
    return f"(SELECT coalesce(json_agg({entries} ORDER BY {by}), '[]') FROM ({page}) e)"


def entry_document(arguments: Arguments, viewer: Viewer, want: TimelineWant, other: TicketDocument) -> str:
    """The document of a row of entries under the alias `e`, which has `staff`. What only some types have is read for these alone."""
    same = ("id", "at", "epoch", "position", "version", "kind", "type", "staff")
    told = ("format", "language", "redacted_at", "before", "after", "detail")
    fields = {name: f"e.{name}" for name in (*same, *told)} | {"ticket_id": "e.ticket", "text": "e.body"}
    fields["actor"] = actor(viewer, "e.actor_kind", "e.actor")
    with_files = "e.type IN ('MessageEntry', 'InternalNoteEntry', 'AttachmentEntry')"
    fields["attachments"] = f"CASE WHEN {with_files} THEN {_files(viewer)} ELSE '[]' END"
    fields["contact"] = _joined("e.contact", f"SELECT {contact(arguments, viewer, 'c')} FROM contacts c WHERE c.id = e.contact")
    for side in ("agent_before", "agent_after"):
        known = f"SELECT {agent(viewer, 's')} FROM store.staff s WHERE s.id = e.{side}"
        fields[side] = f"CASE WHEN e.{side} IS NOT NULL THEN coalesce(({known}), json_build_object('id', e.{side})) END"
    fields["queue"] = _joined("e.queue", f"SELECT {queue(viewer, 'q')} FROM queues q WHERE q.id = e.queue")
    sight = sees(arguments, viewer, "o.id")
    fields["organisation"] = _joined(
        "e.organisation", f"SELECT {organisation('o')} FROM organisations o WHERE o.id = e.organisation AND {sight}"
    )
    fields["sla"] = _joined("e.target", f"SELECT {target('g', alone=True)} FROM sla_targets g WHERE g.id = e.target")
    if want.other is not None:
        fields["other"] = f"CASE WHEN e.other IS NOT NULL THEN {other(arguments, viewer, 'e.other', want.other)} END"
    return document(fields)


def _joined(key: str, select: str) -> str:
    return f"CASE WHEN {key} IS NOT NULL THEN ({select}) END"


def _files(viewer: Viewer) -> str:
    columns = ("id", "content_type", "byte_size", "sha256", "scan", "file_name")
    file = document({column: f"f.{column}" for column in columns})
    public = f"(SELECT coalesce(json_agg({file} ORDER BY f.place), '[]') FROM {{}} f WHERE f.entry = e.id)"
    if not viewer.sees_staff:
        return public.format(FILES[PUBLIC])
    return f"CASE WHEN e.staff THEN {public.format(FILES[STAFF])} ELSE {public.format(FILES[PUBLIC])} END"
