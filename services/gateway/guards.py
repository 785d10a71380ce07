"""What happens before and after every root field: rights, clean text, and refusals as typed errors. The one place for all three."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLResolveInfo

from domain.catalogue import PRODUCTS
from domain.errors import AlreadyExists, EntitlementRequired, Refused, ValidationFailed
from projections.status_components import components_by_id
from projections.subscriptions import subscriptions_by_id
from services.gateway import acting
from services.gateway.access import Access, AccessLevel, admits
from services.gateway.chat import loading as chat_loading
from services.gateway.chat.types import ChatRoomAccess
from services.gateway.context import Context
from services.gateway.contracts import loading as contract_loading
from services.gateway.contracts.types import Contract
from services.gateway.failures import Code, RequestFailed
from services.gateway.meetings import loading as meeting_loading
from services.gateway.meetings.types import OperationsMeeting
from services.gateway.payload import Payload
from services.gateway.people import loading
from services.gateway.people.parties import Contact, Organisation
from services.gateway.refusals import forbidden, told
from services.gateway.shapes import Node
from services.gateway.status.components import ServiceComponent
from services.gateway.subscriptions.types import StatusSubscription

Resolve = Callable[..., Any]


class NoAccessDeclared(Exception):
    """A root field without @access: the schema is not built."""


def access_of(field: GraphQLField) -> Access:
    """The declared right to call a root field."""
    definition = field.extensions["strawberry-definition"]
    found = [each for each in definition.directives if isinstance(each, Access)]
    if len(found) != 1:
        raise NoAccessDeclared(definition.python_name)
    return found[0]


def query(field: GraphQLField) -> Resolve:
    """A query's resolver behind its rights."""
    access, resolve = access_of(field), field.resolve
    assert resolve is not None

    def guarded(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        _must_be_admitted(access, info.context, reading=True)
        _must_be_clean(arguments)
        return resolve(source, info, **arguments)

    return guarded


def subscription(field: GraphQLField) -> Resolve:
    """A subscription's source behind its rights."""
    access, follow = access_of(field), field.subscribe
    assert follow is not None

    async def guarded(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        _must_be_admitted(access, info.context, reading=True)
        _must_be_clean(arguments)
        feed: Any = follow(source, info, **arguments)
        return await feed if inspect.isawaitable(feed) else feed

    return guarded


def mutation(field: GraphQLField) -> Resolve:
    """A mutation's resolver: a refusal, wherever it comes from, becomes an error in the payload."""
    access, resolve = access_of(field), field.resolve
    assert resolve is not None
    definition = field.extensions["strawberry-definition"]
    payload: type[Payload] = definition.type
    name = definition.python_name

    async def guarded(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        context: Context = info.context
        viewer = context.anybody if access.level is AccessLevel.PUBLIC else context.viewer
        if not admits(access.level, access.scope or None, viewer, reading=False):
            return payload(errors=list(forbidden(access.level)))
        context.asked = acting.canonical(name, arguments)
        context.began = context.now
        context.loaders.clear()
        try:
            context.services.rates.command(context.identity, context.address)
            for path in unclean(arguments):
                raise ValidationFailed("This text contains control characters that no text has.", problem="UNSAFE", path=path)
            answer = resolve(source, info, **arguments)
            return await answer if inspect.isawaitable(answer) else answer
        except Refused as refused:
            existing = await _existing(refused, context, payload.__name__)
            lacking = isinstance(refused, EntitlementRequired)
            catalogue = (await context.policies()).products if lacking else PRODUCTS
            return payload(errors=[told(refused, existing, catalogue=catalogue)])

    return guarded


def _must_be_admitted(access: Access, context: Context, *, reading: bool) -> None:
    viewer = context.identity.viewer if context.identity else None
    if not admits(access.level, access.scope or None, viewer, reading=reading):
        if viewer is None:
            raise RequestFailed(Code.UNAUTHENTICATED, "Sign in: send a bearer token.")
        raise RequestFailed(Code.FORBIDDEN, f"This needs {access.level.name} access.", needs=access.level.name)


def _must_be_clean(arguments: Mapping[str, Any]) -> None:
    for path in unclean(arguments):
        raise RequestFailed(Code.BAD_INPUT, f"{'.'.join(path)} contains control characters that no text has.")


def unclean(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths to texts with control characters other than tab and line ends. Inputs are as deep as their types, so this ends."""
    if isinstance(value, str):
        if not value.isprintable() and any(_is_control(each) for each in value):
            yield path
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from unclean(each, (*path, str(name)))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from unclean(each, (*path, str(place)))


def _is_control(mark: str) -> bool:
    code = ord(mark)
    return (code < 0x20 and mark not in "\t\n\r") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000


async def _existing(refused: Refused, context: Context, payload: str) -> Node | None:
    """What was there already, if it is of the payload's kind and the viewer may see it."""
    if not isinstance(refused, AlreadyExists) or refused.existing is None:
        return None
    existing: UUID = refused.existing
    if payload == "OrganisationPayload":
        organisation = await loading.organisations(context).load(existing)
        return Organisation.of(organisation) if organisation else None
    if payload == "ContactPayload":
        contact = await loading.contacts(context).load(existing)
        return Contact.of(contact) if contact else None
    if payload == "ContractPayload":
        contract = await contract_loading.contracts(context).load(existing)
        return Contract.of(contract) if contract else None
    if payload == "ChatRoomAccessPayload":
        access = await chat_loading.accesses(context).load(existing)
        return ChatRoomAccess.of(access) if access else None
    if payload == "StatusSubscriptionPayload":
        subscribed = await subscriptions_by_id(context.database, context.viewer, [existing], context.now)
        return StatusSubscription.of(subscribed[0]) if subscribed else None
    if payload == "OperationsMeetingPayload":
        meeting = await meeting_loading.meetings(context).load(existing)
        return OperationsMeeting.of(meeting) if meeting else None
    if payload == "ServiceComponentPayload":
        rows = await components_by_id(context.public, [existing])
        return ServiceComponent.of(rows[0]) if rows else None
    return None
