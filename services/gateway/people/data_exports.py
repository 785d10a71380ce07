"""A copy of a person's data, as its person and administrators see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from projections import data_exports
from services.gateway.context import Context
from services.gateway.ids import global_id
from services.gateway.people.loading import kept
from services.gateway.scalars import URL
from services.gateway.shapes import Node


@strawberry.type(description="A copy of a person's data, for them.")
class DataExport(Node):
    requested_at: datetime = strawberry.field(description="When asked for.")
    download_url: URL | None = strawberry.field(
        description="Where to fetch it, with the same bearer token; null while being made or gone."
    )
    expires_at: datetime | None = strawberry.field(description="When the link ends; null while being made.")

    @classmethod
    def of(cls, row: data_exports.DataExport, context: Context) -> Self:
        id = global_id("data_export", row.id)
        there = row.expires_at is not None and not row.gone and context.now < row.expires_at
        url = URL(f"{context.services.settings.source.rstrip('/')}/exports/{id}") if there else None
        return cls(id=id, requested_at=row.requested_at, download_url=url, expires_at=row.expires_at)


def exports_of(context: Context) -> DataLoader[UUID, list[data_exports.DataExport]]:
    """Of a person, newest first."""

    async def load(contacts: Sequence[UUID]) -> list[list[data_exports.DataExport]]:
        found = await data_exports.exports_of(context.database, context.viewer, contacts)
        return [[each for each in found if each.contact == contact] for contact in contacts]

    return kept(context, "data exports", load)
