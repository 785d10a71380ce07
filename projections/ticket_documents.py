"""The SQL of a ticket as one JSON document, with just the branches that are wanted, at any depth, in any statement."""

from __future__ import annotations

from projections.actors import actor
from projections.agents import agent
from projections.arguments import Arguments, document
from projections.contacts import contact, sees
from projections.entry_documents import entry_document, timeline
from projections.organisations import organisation
from projections.projection import Projection
from projections.queues import queue
from projections.snapshot import parked
from projections.status_tickets import incidents_of, maintenance_of, services_of, ticket_services
from projections.ticket_rows import TicketWant, TimelineWant
from projections.ticket_sla import clocks_of, target, ticket_sla
from projections.ticket_tables import tickets
from projections.timeline_entries import PUBLIC, ticket_timeline
from projections.viewer import Viewer

_SAME = (
    "id",
    "ref",
    "kind",
    "subject",
    "status",
    "priority",
    "severity",
    "channel",
    "created_at",
    "first_responded_at",
    "episode",
)
_ENDED = "'RESOLVED', 'CLOSED'"
_WHILE = {
    "resolved_at": _ENDED,
    "reopenable_until": _ENDED,
    "resolution": _ENDED,
    "hold_reason": "'ON_HOLD'",
    "snoozed_until": "'SNOOZED'",
}
"""Columns that mean something in these states only; the row keeps them, for a merge may be undone."""
_IDS = ("organisation", "requester", "assignee", "queue", "merged_into")


def own_projections(want: TicketWant) -> list[Projection]:
    """Those behind one ticket, without the tickets it leads to, whose streams are tickets: set aside there, an event makes it wrong."""
    needed = (
        (tickets, True),
        (ticket_timeline, bool(want.timelines) or want.sla_entries),
        (ticket_sla, want.sla or want.sla_entries),
        (ticket_services, want.services or want.incidents or want.maintenance),
    )
    return [projection for projection, is_needed in needed if is_needed]


def audience(arguments: Arguments, viewer: Viewer, column: str) -> str:
    """The viewer's predicate over an audience column."""
    sql, values = viewer.may_see(column, len(arguments.values) + 1)
    arguments.values.extend(values)
    return sql


def ticket_where(arguments: Arguments, viewer: Viewer, id: str, want: TicketWant) -> str:
    """The document of the ticket whose id is this SQL expression; null where there is none that the viewer may see."""
    alias = arguments.alias("t")
    sight = audience(arguments, viewer, f"{alias}.audience")
    return (
        f"(SELECT {ticket_document(arguments, viewer, alias, want, reached_by_another=True)} FROM tickets {alias}"
        f" WHERE {alias}.id = {id} AND {sight})"
    )


def ticket_document(
    arguments: Arguments, viewer: Viewer, alias: str, want: TicketWant, *, reached_by_another: bool = False
) -> str:
    """The document of a row of tickets under this alias, whom the viewer is known to see.

    One that is `reached_by_another` says itself whether it is blocked: whoever reads the other has judged that one alone.
    """
    t = alias
    fields = {name: f"{t}.{name}" for name in _SAME} | {f"{name}_id": f"{t}.{name}" for name in _IDS}
    me = arguments(viewer.id, "uuid")
    watching = f"{me} = ANY({t}.watchers)"
    if viewer.sees_staff:
        counted = f"(SELECT s.{{}} FROM ticket_staff s WHERE s.ticket = {t}.id)"
        fields |= {"version": counted.format("version"), "updated_at": counted.format("updated_at")}
        # A scalar subquery and no EXISTS, which PostgreSQL may answer by hashing the whole table.
        follows = f"SELECT {me} = ANY(s.watchers) FROM ticket_staff s WHERE s.ticket = {t}.id"
        watching = f"({watching} OR coalesce(({follows}), false))"
    else:
        fields |= {"version": f"{t}.version", "updated_at": f"{t}.updated_at"}
    fields["viewer_is_watching"] = watching
    if reached_by_another:
        fields["blocked"] = parked(viewer, own_projections(want), f"{t}.id")
    for name, status in _WHILE.items():
        fields[name] = f"CASE WHEN {t}.status IN ({status}) THEN {t}.{name} END"
    fields |= _parties(arguments, viewer, t, want) | _parts(viewer, t, want) | _others(arguments, viewer, t, want)
    if want.staff and viewer.sees_staff:
        fields["staff"] = _staff(viewer, t)
    if want.timelines:
        pages = [f"'{name}', {timeline(arguments, viewer, f'{t}.id', each, ticket_where)}" for name, each in _named(want)]
        fields["timelines"] = f"json_build_object({', '.join(pages)})"
    if want.sla_entries:
        named = f"SELECT unnest(c.versions) FROM sla_clocks c WHERE c.ticket = {t}.id"
        began = f"SELECT e.*, false AS staff FROM {PUBLIC} e WHERE e.ticket = {t}.id AND e.version IN ({named})"
        entries = entry_document(arguments, viewer, TimelineWant(), ticket_where)
        fields["sla_entries"] = f"(SELECT coalesce(json_agg({entries} ORDER BY e.position), '[]') FROM ({began}) e)"
    return document(fields)


def _named(want: TicketWant) -> list[tuple[str, TimelineWant]]:
    """Names come from clients (aliases), so only what GraphQL allows in a name may get into SQL."""
    for name in want.timelines:
        if not (name.isascii() and name.isidentifier()):
            raise ValueError("a timeline is named as GraphQL names are")
    return list(want.timelines.items())


def _parties(arguments: Arguments, viewer: Viewer, t: str, want: TicketWant) -> dict[str, str]:
    fields = {}
    if want.organisation:
        sight = sees(arguments, viewer, "o.id")
        fields["organisation"] = f"(SELECT {organisation('o')} FROM organisations o WHERE o.id = {t}.organisation AND {sight})"
    if want.requester:
        fields["requester"] = f"(SELECT {contact(arguments, viewer, 'c')} FROM contacts c WHERE c.id = {t}.requester)"
    if want.assignee:
        known = f"SELECT {agent(viewer, 's')} FROM store.staff s WHERE s.id = {t}.assignee"
        fields["assignee"] = (
            f"CASE WHEN {t}.assignee IS NOT NULL THEN coalesce(({known}), json_build_object('id', {t}.assignee)) END"
        )
    if want.queue:
        fields["queue"] = f"(SELECT {queue(viewer, 'q', agents=True)} FROM queues q WHERE q.id = {t}.queue)"
    return fields


def _list(item: str, table: str, alias: str, ticket: str, order: str, which: str = "TRUE") -> str:
    return f"(SELECT coalesce(json_agg({item} ORDER BY {order}), '[]') FROM {table} {alias} WHERE {alias}.ticket = {ticket} AND {which})"


def _parts(viewer: Viewer, t: str, want: TicketWant) -> dict[str, str]:
    fields = {}
    if want.sla:
        fields["sla"] = _list(target("g"), "sla_targets", "g", f"{t}.id", "(g.state = 'SUPERSEDED'), g.place")
        fields["clocks"] = clocks_of(f"{t}.id")
    if want.fields:
        fields["fields"] = _list(_FIELD, "ticket_fields", "f", f"{t}.id", "f.key", "f.value IS NOT NULL")
    if want.ratings:
        rating = document({name: f"r.{name}" for name in ("episode", "score", "at", "comment")})
        fields["ratings"] = _list(rating, "ticket_ratings", "r", f"{t}.id", "r.episode")
    if want.external:
        reference = document({"system": "x.system", "value": "x.value"})
        fields["external"] = _list(reference, "ticket_externals", "x", f"{t}.id", "x.system, x.value")
    if want.services:
        fields["services"] = services_of(f"{t}.id")
    if want.incidents:
        fields["incidents"] = incidents_of(viewer, f"{t}.id")
    if want.maintenance:
        fields["maintenance"] = maintenance_of(viewer, f"{t}.id")
    return fields


_FIELD = document({"key": "f.key", "value": "f.value"})


def _others(arguments: Arguments, viewer: Viewer, t: str, want: TicketWant) -> dict[str, str]:
    fields = {}
    if want.links is not None:
        other = arguments.alias("t")
        link = document(
            {"kind": "l.kind", "ticket": ticket_document(arguments, viewer, other, want.links, reached_by_another=True)}
        )
        sight = audience(arguments, viewer, f"{other}.audience")
        fields["links"] = f"""(SELECT coalesce(json_agg({link} ORDER BY l.kind, {other}.ref, {other}.id), '[]')
          FROM ticket_links l JOIN tickets {other} ON {other}.id = l.other AND {sight} AND {_tied(t, other)} WHERE l.ticket = {t}.id)"""
    if want.merged_into is not None:
        found = ticket_where(arguments, viewer, f"{t}.merged_into", want.merged_into)
        fields["merged_into"] = f"CASE WHEN {t}.merged_into IS NOT NULL THEN {found} END"
    return fields


def _tied(t: str, other: str) -> str:
    """Whether a link still holds. A ticket that changes its organisation ends its own half alone, so the other half may be left over:
    a link shows while both tell of it (what was split off tells alone) and no two organisations lie between.
    """
    back = f"EXISTS (SELECT FROM ticket_links b WHERE b.ticket = l.other AND b.other = {t}.id)"
    return f"(l.kind = 'SPLIT_FROM' OR {back}) AND coalesce({other}.organisation <> {t}.organisation, false) IS FALSE"


def _staff(viewer: Viewer, t: str) -> str:
    watcher = actor(viewer, "w.kind", "w.id")
    people = f"SELECT 1 AS part, 'app_user' AS kind, u.id, u.place FROM unnest({t}.watchers) WITH ORDINALITY u(id, place)"
    staff = "SELECT 2, 'user', u.id, u.place FROM unnest(s.watchers) WITH ORDINALITY u(id, place)"
    called = document(
        {"target": "s.escalation", "at": "s.escalated_at", "by": actor(viewer, "s.escalated_by_kind", "s.escalated_by")}
    )
    view = document(
        {
            "tags": "s.tags",
            "note_count": "s.note_count",
            "language": "s.language",
            "escalation": f"CASE WHEN s.escalation IS NOT NULL THEN {called} END",
            "watchers": f"(SELECT coalesce(json_agg({watcher} ORDER BY w.part, w.place), '[]') FROM ({people} UNION ALL {staff}) w)",
            "fields": _list(_FIELD, "ticket_staff_fields", "f", "s.ticket", "f.key", "f.value IS NOT NULL"),
        }
    )
    return f"(SELECT {view} FROM ticket_staff s WHERE s.ticket = {t}.id)"
