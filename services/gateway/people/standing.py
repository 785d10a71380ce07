"""Where somebody stands now. A token says where they stood when it was made; the directory and the contracts know better.

Looked up once in a few seconds for each person. A customer erased or unlinked since is nobody here any more; one so new that the view has
not heard of them is taken by their token. A service manager serves the organisations assigned to them now. In development alone, where
there may be no contracts yet, one who was never assigned any is taken by their token.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from uuid import UUID

from projections.service_managers import served_by
from projections.viewer import Role, Viewer
from services.gateway.auth import Identity
from services.gateway.failures import Code, RequestFailed
from services.gateway.services import Services

SECONDS = 2.0
KEPT = 20_000
STANDING = "SELECT organisation, role, erased FROM contacts WHERE id = $1"
SEEN = """INSERT INTO store.staff(id, name, role, queues, seen_at) VALUES ($1, $2, $3, $4, now())
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, queues = excluded.queues, seen_at = excluded.seen_at"""
SEEN_AGAIN = 300.0


async def standing(services: Services, identity: Identity | None) -> Identity | None:
    """The identity as it is now. UNAUTHENTICATED when the person is not there any more."""
    if identity is None:
        return None
    if identity.is_staff:
        await _note_staff(services, identity)
        if identity.viewer.role is not Role.SERVICE_MANAGER:
            return identity
        served = await _served(services, identity.viewer)
        return replace(identity, viewer=replace(identity.viewer, organisations=served))
    if not identity.viewer.is_customer:
        return identity
    found = await _look(services, identity.viewer.id)
    if found is None:
        return identity
    organisation, role, erased = found
    if erased:
        raise RequestFailed(Code.UNAUTHENTICATED, "This account does not exist any more.")
    viewer: Viewer = replace(identity.viewer, organisation=organisation, role=Role(role))
    return replace(identity, viewer=viewer)


async def _look(services: Services, person: UUID) -> tuple[UUID | None, str, bool] | None:
    kept = services.remembered.customers
    known = kept.get(person)
    if known is not None and monotonic() - known[0] < SECONDS:
        return known[1]
    row = await services.customers.fetchrow(STANDING, person)
    found = (row["organisation"], row["role"], row["erased"]) if row is not None else None
    kept[person] = (monotonic(), found)
    kept.move_to_end(person)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return found


async def _served(services: Services, manager: Viewer) -> frozenset[UUID]:
    kept = services.remembered.managers
    known = kept.get(manager.id)
    if known is None or monotonic() - known[0] >= SECONDS:
        known = kept[manager.id] = (monotonic(), await served_by(services.readers, manager.id, services.clock.now()))
    if known[1] is None:
        return manager.organisations if services.settings.environment == "development" else frozenset()
    return known[1]


async def _note_staff(services: Services, identity: Identity) -> None:
    """Keep the name and teams of staff as their token tells them, so that tickets can name them. Every few minutes is enough."""
    kept = services.remembered.staff
    known = kept.get(identity.viewer.id)
    told = (identity.name, identity.viewer.role, identity.queues)
    if known is not None and monotonic() - known[0] < SEEN_AGAIN:
        before = known[1]
        if (before.name, before.viewer.role, before.queues) == told:
            return
    kept[identity.viewer.id] = (monotonic(), identity)
    await services.store.pool.execute(
        SEEN, identity.viewer.id, identity.name, identity.viewer.role.value, list(identity.queues)
    )
