"""What can happen to an organisation and to a contact, as far as tickets need them.

A public contract: see domain/tickets/events/lifecycle.py for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.event import Aggregate, DomainEvent, Personal


class ContactRole(StrEnum):
    """A person's part in their organisation."""

    CUSTOMER = "CUSTOMER"
    CUSTOMER_ADMIN = "CUSTOMER_ADMIN"


@dataclass(frozen=True)
class OrganisationRegistered(DomainEvent, Aggregate.Created):
    """What tells who the customer is is sealed with the organisation's own key: a sole trader's firm is a person, too."""

    TOPIC = "organisation.registered.v1"
    ref: Personal[str]
    name: Personal[str]
    email_domains: Personal[tuple[str, ...]]


@dataclass(frozen=True)
class OrganisationErasureBegun(DomainEvent):
    """From now on nobody is tied to it any more; its people are erased next, and then it is."""

    TOPIC = "organisation.erasure_begun.v1"


@dataclass(frozen=True)
class OrganisationErased(DomainEvent):
    """Its key was destroyed in the same append; those of the last of its people too, the others' before."""

    TOPIC = "organisation.erased.v1"


@dataclass(frozen=True)
class ContactRegistered(DomainEvent, Aggregate.Created):
    TOPIC = "contact.registered.v1"
    name: Personal[str]
    email: Personal[str]
    phone: Personal[str] | None = None


@dataclass(frozen=True)
class ContactVerificationRequested(DomainEvent):
    """The link holds a token of which only the hash is here."""

    TOPIC = "contact.verification_requested.v1"
    token_hash: str
    expires_at: datetime


@dataclass(frozen=True)
class ContactEmailVerified(DomainEvent):
    TOPIC = "contact.email_verified.v1"


@dataclass(frozen=True)
class ContactLinked(DomainEvent):
    TOPIC = "contact.linked.v1"
    organisation: UUID
    role: ContactRole


@dataclass(frozen=True)
class ContactUnlinked(DomainEvent):
    """Travels on the subject of the organisation that is left."""

    TOPIC = "contact.unlinked.v1"
    organisation: UUID


@dataclass(frozen=True)
class ContactRoleChanged(DomainEvent):
    TOPIC = "contact.role_changed.v1"
    role: ContactRole


@dataclass(frozen=True)
class ContactExportRequested(DomainEvent):
    """A copy of all that is about the person is to be made for them; without what is staff's alone."""

    TOPIC = "contact.export_requested.v1"
    export: UUID


@dataclass(frozen=True)
class ContactExportCompleted(DomainEvent):
    """It lies there, sealed with the person's key, until it expires."""

    TOPIC = "contact.export_completed.v1"
    export: UUID
    expires_at: datetime


@dataclass(frozen=True)
class ContactErased(DomainEvent):
    """The person's key was destroyed in the same append; what was sealed with it cannot be read any more."""

    TOPIC = "contact.erased.v1"
