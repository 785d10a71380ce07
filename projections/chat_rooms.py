"""Which organisation does a backchannel belong to, and may the viewer know of it?

The community's room is everybody's and stands in no row. What rooms are called is the operator's policy, not the log's.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from domain.chat.rooms import Room
from domain.organisations.events import OrganisationRegistered
from projections.arguments import Arguments
from projections.database import Database, Statement
from projections.organisations import short_name
from projections.projection import Envelope, Projection
from projections.viewer import Role, Viewer

chat_rooms = Projection(
    "chat_rooms",
    version=1,
    tables="""
    CREATE TABLE chat_rooms(id uuid PRIMARY KEY, organisation uuid NOT NULL);
    CREATE INDEX chat_rooms_of_organisation ON chat_rooms(organisation);
    """,
)

REGISTER = "INSERT INTO chat_rooms(id, organisation) VALUES ($1, $2)"


@chat_rooms.on(OrganisationRegistered)
def registered(_: OrganisationRegistered, envelope: Envelope) -> Statement:
    return REGISTER, (Room.backchannel(envelope.stream).id, envelope.stream)


class Backchannel(Struct, frozen=True, kw_only=True):
    """`ref` and `name` are the organisation's; `name` is None once it is erased."""

    id: UUID
    organisation: UUID
    ref: str
    name: str | None = None


def organisations_seen(viewer: Viewer) -> tuple[UUID, ...] | None:
    """Whose rooms are seen; None means everybody's. A program sees rooms by a scope of their own."""
    if viewer.role is Role.SERVICE:
        return None if "CHAT" in viewer.scopes else ()
    return viewer.audiences


async def backchannels(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Backchannel]:
    """These rooms, as far as the viewer may know of them."""
    arguments = Arguments()
    mine = organisations_seen(viewer)
    sees = "TRUE" if mine is None else f"r.organisation = ANY({arguments(list(mine), 'uuid[]')})"
    sql = f"""SELECT r.id, r.organisation, {short_name("o")} AS ref, o.name FROM chat_rooms r JOIN organisations o ON o.id = r.organisation
      WHERE r.id = ANY({arguments(list(ids), "uuid[]")}) AND {sees}"""
    rows = await db.fetch(sql, *arguments.values)
    return [Backchannel(id=row["id"], organisation=row["organisation"], ref=row["ref"], name=row["name"]) for row in rows]
