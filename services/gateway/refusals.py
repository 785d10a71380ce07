"""Why a command was refused, as its client reads it: `errors` in the payload, typed. Refusals become these in one place, here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

import strawberry

from domain import errors as domain
from domain.catalogue import PRODUCTS
from domain.catalogue import Product as Sold
from services.gateway.access import AccessLevel
from services.gateway.catalogue.products import Capability, Product, products
from services.gateway.described import said
from services.gateway.scalars import ProductCode
from services.gateway.shapes import Node, member


@strawberry.enum(description="Every reason for which a command is refused. Stable: clients branch on it.")
class ErrorCode(Enum):
    VALIDATION_FAILED = said("VALIDATION_FAILED", "An input value is unusable.")
    NOT_FOUND = said("NOT_FOUND", "It does not exist, or not for you.")
    FORBIDDEN = said("FORBIDDEN", "You can see it but may not do this.")
    CONFLICT = said("CONFLICT", "It changed since you looked.")
    INVALID_TRANSITION = said("INVALID_TRANSITION", "Its state does not allow this.")
    RULE_VIOLATED = said("RULE_VIOLATED", "A rule of the domain forbids it; see the rule.")
    ENTITLEMENT_REQUIRED = said("ENTITLEMENT_REQUIRED", "The organisation lacks a capability.")
    ALREADY_EXISTS = said("ALREADY_EXISTS", "There is one already.")
    TOKEN_INVALID = said("TOKEN_INVALID", "The token is wrong, used or expired.")
    IDEMPOTENCY_KEY_REUSED = said("IDEMPOTENCY_KEY_REUSED", "The key was used with another input.")
    RATE_LIMITED = said("RATE_LIMITED", "Too many; come back later.")


@strawberry.enum(description="What is wrong with a value.")
class ValidationProblem(Enum):
    REQUIRED = said("REQUIRED", "Missing or blank.")
    TOO_LONG = said("TOO_LONG", "Above the limit.")
    TOO_SHORT = said("TOO_SHORT", "Below the limit.")
    OUT_OF_RANGE = said("OUT_OF_RANGE", "Outside its bounds.")
    BAD_FORMAT = said("BAD_FORMAT", "Not of the form asked for.")
    NOT_ALLOWED = said("NOT_ALLOWED", "Not among the allowed values.")
    UNSAFE = said("UNSAFE", "Points where it must not, or is unclean.")


@strawberry.enum(description="Rules that are not about a state.")
class DomainRule(Enum):
    TICKET_IS_MERGED = said("TICKET_IS_MERGED", "A merged ticket takes nothing.")
    REOPEN_WINDOW_PASSED = said("REOPEN_WINDOW_PASSED", "Too late to reopen; a reply opens a follow-up.")
    MERGE_ACROSS_ORGANISATIONS = said("MERGE_ACROSS_ORGANISATIONS", "Merging stays inside one organisation.")
    MERGE_CYCLE = said("MERGE_CYCLE", "A ticket cannot be merged into itself or its own descendants.")
    ALREADY_RATED = said("ALREADY_RATED", "This resolution was rated.")
    ONLY_REQUESTER_RATES = said("ONLY_REQUESTER_RATES", "Only the requester rates.")
    NOTHING_TO_RATE = said("NOTHING_TO_RATE", "There is no resolution now.")
    HAS_MERGED_TICKETS = said("HAS_MERGED_TICKETS", "What took in others stays in its organisation.")
    LINK_ACROSS_ORGANISATIONS = said("LINK_ACROSS_ORGANISATIONS", "Links and splits stay inside one organisation.")
    LINKED_ELSEWHERE = said("LINKED_ELSEWHERE", "A person belongs to one organisation at a time.")
    NOT_LINKED = said("NOT_LINKED", "Who belongs nowhere has no role.")
    PERIODS_OVERLAP = said("PERIODS_OVERLAP", "The same product twice at one time.")
    MANAGER_RESERVED = said("MANAGER_RESERVED", "A dedicated manager serves another organisation.")
    MANAGER_ASSIGNED = said("MANAGER_ASSIGNED", "A contract has one service manager at a time.")
    NO_MANAGER = said("NO_MANAGER", "There is no service manager to replace or release.")
    NOT_A_SERVICE_MANAGER = said("NOT_A_SERVICE_MANAGER", "Only a service manager is assigned to a contract.")
    COMPONENT_IS_IMPAIRED = said("COMPONENT_IS_IMPAIRED", "A service that a notice holds is not retired.")
    OWN_REQUEST = said("OWN_REQUEST", "Nobody approves their own.")
    EMAIL_NOT_VERIFIED = said("EMAIL_NOT_VERIFIED", "The community room is for people whose e-mail is verified.")
    ROOM_CLOSED = said("ROOM_CLOSED", "The room takes nobody new at present.")
    ENGAGEMENT_HAS_NOT_BEGUN = said("ENGAGEMENT_HAS_NOT_BEGUN", "What has not begun is not done.")
    AGENDA_IS_FIXED = said("AGENDA_IS_FIXED", "The four standing items stay.")
    PACK_IS_FROZEN = said("PACK_IS_FROZEN", "A frozen pack does not change.")
    QUARTER_HAS_NOT_BEGUN = said("QUARTER_HAS_NOT_BEGUN", "There is nothing to report on yet.")
    MEETING_HAS_NOT_BEGUN = said("MEETING_HAS_NOT_BEGUN", "What has not begun is not held.")
    MINUTES_ARE_CLOSED = said("MINUTES_ARE_CLOSED", "Minutes are written for a time after the meeting.")
    NOT_CONFIRMED = said("NOT_CONFIRMED", "Before confirmation nothing else is sent.")
    NOT_A_WEBHOOK = said("NOT_A_WEBHOOK", "Only webhooks have a signing secret.")
    DESTINATION_ERASED = said("DESTINATION_ERASED", "Where it sent to was erased.")
    CONTRACT_IN_FORCE = said("CONTRACT_IN_FORCE", "An organisation with a contract in force is not erased.")


@strawberry.interface(
    description="An expected refusal. Nothing was changed. Ask for the concrete type where you can use its details."
)
class UserError:
    code: ErrorCode = strawberry.field(description="Stable reason.")
    message: str = strawberry.field(description="An English sentence that may be shown to a person.")
    path: list[str] = strawberry.field(
        description='Where in the input, ["input", "attachmentIds", "0"]; empty when it is about the whole.'
    )


@strawberry.type(description="An input value is unusable.")
class ValidationError(UserError):
    problem: ValidationProblem = strawberry.field(description="What is wrong.")
    limit: str | None = strawberry.field(description="The bound that was crossed, as text; null where there is none.")


@strawberry.type(description="It does not exist, or not for you; the two cannot be told apart.")
class NotFound(UserError):
    """Says nothing more, on purpose."""


@strawberry.type(description="You can see it but may not do this.")
class Forbidden(UserError):
    needs: AccessLevel = strawberry.field(description="Who could.")


@strawberry.type(description="Somebody changed it since you looked. Read it again and decide anew.")
class Conflict(UserError):
    current_version: int = strawberry.field(description="The version now.")


@strawberry.type(description="Its state does not allow this. States are the names in the enum of that aggregate.")
class InvalidTransition(UserError):
    current: str = strawberry.field(description="Its state.")
    allowed: list[str] = strawberry.field(description="The states it may go to.")


@strawberry.type(description="A rule of the domain forbids it.")
class RuleViolated(UserError):
    rule: DomainRule = strawberry.field(description="Which.")


@strawberry.type(description="The organisation lacks a capability. A ticket is never refused for this.")
class EntitlementRequired(UserError):
    capability: Capability = strawberry.field(description="What is lacking.")
    required_product: Product = strawberry.field(description="The smallest product that has it.")


@strawberry.type(description="There is one already.")
class AlreadyExists(UserError):
    existing: Node | None = strawberry.field(description="It; null where you may not see it.")


@strawberry.type(description="The token is wrong, used or expired; which of them is not told.")
class TokenInvalid(UserError):
    """Says nothing more, on purpose."""


@strawberry.type(description="The key was used with another input. Nothing was done this time.")
class IdempotencyKeyReused(UserError):
    """The path leads to the key."""


@strawberry.type(description="Too many. Wait and repeat with the same key.")
class RateLimited(UserError):
    retry_after: timedelta = strawberry.field(description="How long to wait.")


TYPES = (
    ValidationError, NotFound, Forbidden, Conflict, InvalidTransition, RuleViolated, EntitlementRequired, AlreadyExists, TokenInvalid,
    IdempotencyKeyReused, RateLimited,
)  # fmt: skip


def told(refused: domain.Refused, existing: Node | None = None, *, catalogue: Sequence[Sold] = PRODUCTS) -> UserError:
    """A refusal of the domain as a typed error.

    `existing` is what was there already, where the viewer may see it; `catalogue` the one in force, from which a product is named.
    """
    message, path = refused.message, list(refused.path)

    def code(name: str) -> ErrorCode:
        return ErrorCode[name]

    match refused:
        case domain.ValidationFailed():
            problem = member(ValidationProblem, refused.problem)
            return ValidationError(
                code=code("VALIDATION_FAILED"), message=message, path=path, problem=problem, limit=refused.limit
            )
        case domain.Forbidden():
            return Forbidden(code=code("FORBIDDEN"), message=message, path=path, needs=member(AccessLevel, refused.needs))
        case domain.Conflict():
            return Conflict(code=code("CONFLICT"), message=message, path=path, current_version=refused.current_version)
        case domain.InvalidTransition():
            return InvalidTransition(
                code=code("INVALID_TRANSITION"),
                message=message,
                path=path,
                current=refused.current,
                allowed=list(refused.allowed),
            )
        case domain.RuleViolated():
            return RuleViolated(code=code("RULE_VIOLATED"), message=message, path=path, rule=member(DomainRule, refused.rule))
        case domain.EntitlementRequired():
            return EntitlementRequired(
                code=code("ENTITLEMENT_REQUIRED"),
                message=message,
                path=path,
                capability=member(Capability, refused.capability),
                required_product=_product(refused.product, catalogue),
            )
        case domain.AlreadyExists():
            return AlreadyExists(code=code("ALREADY_EXISTS"), message=message, path=path, existing=existing)
        case domain.TokenInvalid():
            return TokenInvalid(code=code("TOKEN_INVALID"), message=message, path=path)
        case domain.IdempotencyKeyReused():
            return IdempotencyKeyReused(
                code=code("IDEMPOTENCY_KEY_REUSED"), message=message, path=path or ["input", "idempotencyKey"]
            )
        case domain.RateLimited():
            wait = timedelta(seconds=refused.retry_after)
            return RateLimited(code=code("RATE_LIMITED"), message=message, path=path, retry_after=wait)
        case _:
            return NotFound(code=code("NOT_FOUND"), message=message, path=path)


def forbidden(level: AccessLevel) -> Sequence[UserError]:
    """For a party whose role alone rules the command out."""
    message = f"This is for {level.name.replace('_', ' ').lower()} access; ask somebody who has it."
    return (Forbidden(code=ErrorCode["FORBIDDEN"], message=message, path=[], needs=level),)


def _product(code: str, known: Sequence[Sold]) -> Product:
    found = next((product for product in products(known) if product.code == code), None)
    return found or Product(code=ProductCode(code), name=code, capabilities=[], upgrades_to=None)
