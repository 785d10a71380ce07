"""How far the rows of a statement go, and what of them cannot be relied on: fragments for the very statement that reads them.

So rows and checkpoint come from one snapshot, and a ticket whose events a projection could not take is never shown as it once was.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from projections.arguments import Arguments
from projections.projection import Projection
from projections.viewer import Viewer


class ReadBlocked(Exception):
    """An event of this stream is set aside in a projection that was read; what it says now may be wrong. `kind` is that of their ids."""

    def __init__(self, streams: Sequence[UUID], kind: str = "ticket") -> None:
        super().__init__("an event could not be taken by the read models; an operator has to look at it")
        self.streams = tuple(streams)
        self.kind = kind


def reached(projections: Sequence[Projection]) -> str:
    """The position up to which all of these go, as text `<epoch>.<number>`; null while one was never begun."""
    return f"""(SELECT CASE WHEN count(*) = {len(projections)} THEN min(c.epoch) || '.' || min(c.position) END
      FROM projector.checkpoints c WHERE (c.projection, c.version) IN ({_named(projections)}))"""


def parked(viewer: Viewer | None, projections: Sequence[Projection], stream: str) -> str:
    """Whether events of the stream in this SQL expression are set aside that change what the viewer sees.

    To customers, and to who is not signed in (None), a restricted event set aside shows in nothing: what they see is as it was
    without it.
    """
    seen = "" if viewer is not None and viewer.sees_staff else f" AND ({_CLASS}) <> 'restricted'"
    return f"""EXISTS (SELECT FROM projector.parked p
      WHERE (p.projection, p.version) IN ({_named(projections)}) AND p.stream = {stream}{seen})"""


_CLASS = "SELECT l.class FROM store.tail l WHERE l.position = p.position"


def parked_seen(arguments: Arguments, viewer: Viewer, projections: Sequence[Projection], stream: str = "p.stream") -> str:
    """Streams set aside that the viewer may see, at most 100, as an array.

    Judged by the organisation that the log names for the event, since the ticket's row may not be there at all; and by the row where
    there is one, since nobody may have placed the ticket yet.
    """
    audiences = viewer.audiences
    sight = "TRUE"
    if audiences is not None:
        own = f"ANY({arguments(list(audiences), 'uuid[]')})"
        sight = f"(l.organisation = {own} OR EXISTS (SELECT FROM tickets w WHERE w.id = p.stream AND w.audience = {own}))"
    seen = "" if viewer.sees_staff else " AND l.class <> 'restricted'"
    return f"""ARRAY(SELECT DISTINCT p.stream FROM projector.parked p JOIN store.tail l ON l.position = p.position
      WHERE (p.projection, p.version) IN ({_named(projections)}) AND p.stream = {stream} AND {sight}{seen} LIMIT 100)"""


def _named(projections: Sequence[Projection]) -> str:
    return ", ".join(f"('{each.name}', {each.version})" for each in projections)
