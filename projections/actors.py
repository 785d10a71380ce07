"""Who did something, as far as it can be told: the SQL of an actor's document and what it is decoded into."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from projections.arguments import document
from projections.viewer import Viewer


class Actor(Struct, frozen=True, kw_only=True):
    """`kind` is the envelope's: app_user, user, service_account, system. `name` is None when erased, unknown or not for the viewer."""

    kind: str
    id: UUID
    name: str | None = None


def actor(viewer: Viewer, kind: str, who: str) -> str:
    """The document of the actor in these two SQL expressions."""
    contact = f"(SELECT person.name FROM contacts person WHERE person.id = {who})" if viewer.sees_people else "NULL"
    member = f"(SELECT member.name FROM store.staff member WHERE member.id = {who})"
    name = f"CASE {kind} WHEN 'app_user' THEN {contact} WHEN 'user' THEN {member} END"
    return document({"kind": kind, "id": who, "name": name})
