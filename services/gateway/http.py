"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): POST and GET /graphql.

`application/graphql-response+json` gets true status codes, `application/json` 200 for whatever was a GraphQL request. A mutation by GET
is refused, and a POST needs `Content-Type: application/json`, which no form of another site can send; nothing rests on cookies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

import orjson
from graphql import GraphQLError, OperationType
from starlette.requests import Request
from starlette.responses import Response
from uuid_utils.compat import uuid7

from services.gateway import body, events, explorer
from services.gateway.context import Context
from services.gateway.execution import Answer, Asked, Engine, Unfit, is_subscription, refused
from services.gateway.failures import Code, RequestFailed
from services.gateway.patience import within_patience
from services.gateway.people.standing import standing
from services.gateway.services import Services
from services.gateway.telling import observed

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
STREAM = "text/event-stream"
_TRACEPARENT = re.compile(r"\A[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


class Door:
    """Takes HTTP requests to the engine."""

    def __init__(self, engine: Engine, services: Services) -> None:
        self._engine = engine
        self._services = services

    async def graphql(self, request: Request) -> Response:
        """Everything under /graphql."""
        headers, address = request.headers, request.client.host if request.client else ""
        context = Context(self._services, None, correlation_of(headers), traceparent_of(headers), address)
        try:
            return await within_patience(self._graphql(request, context))
        except RequestFailed as late:
            return written(refused([late], context), accepted(request.headers.get("accept")) or JSON, context, always=True)

    async def _graphql(self, request: Request, context: Context) -> Response:
        accepts = accepted(request.headers.get("accept"))
        if request.method == "GET" and "query" not in request.query_params and explorer.wanted(request.headers.get("accept")):
            return explorer.page()
        if accepts is None:
            return written(
                Answer(problem("Accept application/graphql-response+json, application/json or text/event-stream."), 406),
                JSON,
                context,
            )
        try:
            asked = await self._asked(request)
            context.identity = await standing(
                self._services, self._services.verifier.bearer(request.headers.get("authorization"))
            )
            operation = self._engine.choose(asked)
            if request.method == "GET" and operation.kind is not OperationType.QUERY:
                response = written(Answer(problem("GET is for queries alone; send this by POST."), 405), accepts, context)
                response.headers["allow"] = "POST"
                return response
            if operation.kind is not OperationType.MUTATION:
                self._services.rates.request(context.identity, context.address)
            if is_subscription(operation) or accepts == STREAM:
                if accepts != STREAM:
                    raise body.BadRequest(406, "Subscriptions come over WebSocket (graphql-transport-ws) or text/event-stream.")
                return events.response(self._engine, operation, asked, context)
            with observed(operation.kind.value) as note:
                answer = await self._engine.run(operation, asked, context)
                note(answer)
            return written(answer, accepts, context)
        except body.BadRequest as bad:
            return written(Answer(refused([bad], context).body, bad.status), accepts, context, always=True)
        except Unfit as unfit:
            return written(unfit.answer(context), accepts, context)
        except RequestFailed as failed:
            always = failed.code in (Code.UNAUTHENTICATED, Code.RATE_LIMITED)
            return written(refused([failed], context), accepts, context, always=always)
        except Exception as error:
            return written(refused([wrapped(error)], context), accepts, context, always=True)

    async def _asked(self, request: Request) -> Asked:
        if request.method == "GET":
            return _from_query(request)
        kind = request.headers.get("content-type", "").partition(";")
        if kind[0].strip().lower() != JSON or ("charset" in kind[2].lower() and "utf-8" not in kind[2].lower()):
            raise body.BadRequest(415, "Send Content-Type: application/json (UTF-8).")
        return body.parse(await body.read(request))


def _from_query(request: Request) -> Asked:
    given = request.query_params
    if len(str(request.url.query)) > body.LIMIT:
        raise body.too_large()
    try:
        variables = orjson.loads(given["variables"]) if given.get("variables") else None
    except orjson.JSONDecodeError:
        raise body.BadRequest(400, "variables is an object in JSON.") from None
    return body.asked(
        {"query": given.get("query"), "variables": variables, "operationName": given.get("operationName") or None}
    )


def accepted(header: str | None) -> str | None:
    """The media type to answer in; None when the client takes none of ours."""
    if header is None or not header.strip():
        return JSON
    best: tuple[float, str] | None = None
    for part in header.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            continue
        kind = {"*/*": JSON, "application/*": RESPONSE}.get(name, name)
        if kind in (RESPONSE, JSON, STREAM) and weight > 0 and (best is None or weight > best[0]):
            best = (weight, kind)
    return best[1] if best else None


def correlation_of(headers: Mapping[str, str]) -> UUID:
    """The affair a client says it belongs to, or a new one."""
    try:
        return UUID(headers["x-correlation-id"])
    except (KeyError, ValueError):
        return uuid7()


def traceparent_of(headers: Mapping[str, str]) -> str | None:
    given = headers.get("traceparent", "")
    return given if _TRACEPARENT.match(given) else None


def problem(message: str) -> dict[str, object]:
    return {"errors": [{"message": message, "extensions": {"code": Code.BAD_INPUT.value}}]}


def wrapped(error: Exception) -> GraphQLError:
    return GraphQLError("", original_error=error)


def written(answer: Answer, media: str, context: Context, *, always: bool = False) -> Response:
    """The response. `always`: this status whatever the media type, for it was no GraphQL request."""
    if media == STREAM:
        media = JSON
    status = answer.status if media == RESPONSE or always or answer.status in (405, 406) else 200
    headers = {"x-correlation-id": str(context.correlation), "cache-control": "no-store", "vary": "accept, authorization"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="support"'
    if status == 503:
        headers["retry-after"] = "1"
    if status == 429:
        headers["retry-after"] = str(answer.body["errors"][0]["extensions"].get("seconds", 1))
    return Response(orjson.dumps(answer.body), status, headers, f"{media}; charset=utf-8")
