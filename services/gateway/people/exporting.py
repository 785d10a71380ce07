"""Asking for a copy of a person's data, and fetching it.

A copy is fetched with the bearer token of its person or of an administrator, so no link by itself opens anything, however far it is
forwarded. To everybody else, another's copy, one that has expired and one that never was are the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from uuid import UUID

import strawberry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from projections.data_exports import exports_by_id, may_see
from services.commands.exports import request_export
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.acting import by
from services.gateway.context import Info
from services.gateway.failures import STATUS, RequestFailed
from services.gateway.ids import of_kind, read
from services.gateway.patience import within_patience
from services.gateway.payload import PATIENCE, Payload, position_of
from services.gateway.people.data_exports import DataExport
from services.gateway.people.standing import standing
from services.gateway.read_models import EXPORTS
from services.gateway.scalars import IdempotencyKey
from services.gateway.services import Services
from services.gateway.tickets.changing import What
from services.runtime.sealing import SealBroken

log = logging.getLogger("support.gateway")
ALWAYS = {"cache-control": "no-store", "vary": "authorization", "x-content-type-options": "nosniff"}


@strawberry.input(description="For requestDataExport.")
class RequestDataExportInput:
    contact_id: strawberry.ID = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(description="Version seen.", default=None)
    idempotency_key: IdempotencyKey = strawberry.field(description="Retry key.")


@strawberry.type(description="Result of a command on a data export.")
class DataExportPayload(Payload):
    id: strawberry.Private[UUID | None] = None

    @strawberry.field(description="It; null when refused.")
    async def export(self, info: Info) -> DataExport | None:
        position = await position_of(info, self.receipt)
        if position is None or self.id is None:
            return None
        database = await info.context.after(position, EXPORTS, PATIENCE)
        rows = await exports_by_id(database, info.context.viewer, [self.id])
        return DataExport.of(rows[0], info.context) if rows else None


@strawberry.type
class ExportMutations:
    @strawberry.mutation(
        description="Collects a person's data for them: asked for by themselves, or by an administrator. While a copy is being made,"
        " asking again gives that one.",
        directives=[Access(level=AccessLevel.CONTACT, scope=Scope.PEOPLE_WRITE)],
    )
    async def request_data_export(self, info: Info, input: What[RequestDataExportInput]) -> DataExportPayload:
        contact = of_kind("contact", input.contact_id, "input", "contactId")
        receipt = await request_export(info.context.services.desk, by(info.context, input), contact)
        return DataExportPayload(receipt=receipt, subject=contact, id=UUID(receipt.ids["export"]))


class Downloads:
    """GET /exports/{id}."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def answer(self, request: Request) -> Response:
        try:
            return await within_patience(self._answer(request))
        except RequestFailed as failed:
            headers = ALWAYS | ({"www-authenticate": 'Bearer realm="support"'} if STATUS.get(failed.code) == 401 else {})
            told = {"error": failed.code.value, "message": failed.message}
            return JSONResponse(told, STATUS.get(failed.code, 503), headers)

    async def _answer(self, request: Request) -> Response:
        services = self._services
        identity = await standing(services, services.verifier.bearer(request.headers.get("authorization")))
        services.rates.request(identity, request.client.host if request.client else "")
        if identity is None:
            return _refused(401, "UNAUTHENTICATED", "Sign in: send a bearer token.")
        kind, wanted = read(request.path_params["id"]) or ("", None)
        copy = await services.copies.find(wanted, services.clock.now()) if wanted and kind == "data_export" else None
        if copy is None or not may_see(identity.viewer, copy.contact):
            return _refused(404, "NOT_FOUND", "There is no such copy, or it has expired; ask for a new one.")
        try:
            parts = await services.copies.read(copy)
        except SealBroken:
            return _refused(404, "NOT_FOUND", "There is no such copy, or it has expired; ask for a new one.")
        headers = ALWAYS | {
            "content-length": str(copy.bytes),
            "content-disposition": 'attachment; filename="support-desk-data-export.json"',
        }
        return StreamingResponse(_told(parts), headers=headers, media_type="application/json")


async def _told(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The parts; one that is deleted meanwhile ends the answer too early, which its length gives away."""
    try:
        async for part in parts:
            yield part
    except SealBroken:
        log.warning("a data export went while it was being fetched")
        raise


def _refused(status: int, code: str, message: str) -> Response:
    headers = ALWAYS | ({"www-authenticate": 'Bearer realm="support"'} if status == 401 else {})
    return JSONResponse({"error": code, "message": message}, status, headers)
