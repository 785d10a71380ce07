"""The request's body: read no further than the limit, and judged before anything looks at it."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from services.gateway.execution import Asked
from services.gateway.failures import Code, RequestFailed

LIMIT = 1024 * 1024
"""Bytes of a request."""
_FIELDS = {"query", "variables", "operationName", "extensions"}


class BadRequest(RequestFailed):
    """The HTTP request is not one that carries a GraphQL operation; `status` is the answer's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(Code.BAD_INPUT, message)
        self.status = status


def too_large() -> BadRequest:
    return BadRequest(413, f"A request has at most {LIMIT} bytes; files go beside GraphQL.")


async def read(request: Request) -> bytes:
    """The body. A declared length above the limit is refused unread, an undeclared one as soon as it is crossed.

    The server drops what is still coming and keeps the connection: closing it at once would reset it, and the client, still sending,
    would never read why.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LIMIT:
        raise too_large()
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LIMIT:
                raise too_large()
            parts.append(part)
    except ClientDisconnect:
        raise BadRequest(400, "The request ended before its body did.") from None
    return b"".join(parts)


def parse(body: bytes) -> Asked:
    """A GraphQL request in JSON. What is not one gets a sentence, never a stack."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(400, "The body is not JSON in UTF-8.") from None
    return asked(value)


def asked(value: Any) -> Asked:
    """A decoded request, judged."""
    if isinstance(value, list):
        raise BadRequest(400, "Batches are not taken: send one operation a request.")
    if not isinstance(value, dict):
        raise BadRequest(400, "The body is a JSON object with query, variables and operationName.")
    query, variables, name = value.get("query"), value.get("variables"), value.get("operationName")
    if not isinstance(query, str):
        raise BadRequest(400, "query is a string and required.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "variables is an object.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "operationName is a string.")
    if not isinstance(value.get("extensions", {}), dict | None):
        raise BadRequest(400, "extensions is an object.")
    if _unclean(query) or _unclean(name or ""):
        raise BadRequest(400, "The document contains characters that no document has.")
    _judge(variables)
    return Asked(query, variables or {}, name or None)


def _judge(value: Any) -> None:
    """NUL and lone surrogates can be neither stored nor sent on. Without recursion: depth is the client's choice."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if _unclean(each):
                raise BadRequest(400, "A value contains NUL or half a surrogate pair, which no text has.")
        elif isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _unclean(text: str) -> bool:
    if "\0" in text:
        return True
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
