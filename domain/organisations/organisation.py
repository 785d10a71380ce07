"""An organisation: a customer. It always resolves to at least the base product, so a ticket never asks whether it may be one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import text
from domain.event import Aggregate, DomainEvent
from domain.organisations import addresses
from domain.organisations.events import OrganisationErased, OrganisationRegistered
from domain.organisations.refusals import ContractInForce, OrganisationIsErased


class Organisation(Aggregate):
    TOPIC = "organisation"
    Event = DomainEvent
    Created = OrganisationRegistered  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def register(cls, *, id: UUID, at: datetime, ref: str, name: str, email_domains: Sequence[str] = ()) -> Organisation:
        """That its ref is nobody else's is reserved by a look-up in the same append. Raises ValidationFailed."""
        return cls._create(
            OrganisationRegistered,
            id=id,
            timestamp=at,
            ref=addresses.ref(ref, path=("input", "ref")),
            name=text.line(name, path=("input", "name"), what="The name"),
            email_domains=tuple(
                dict.fromkeys(
                    addresses.domain(each, path=("input", "emailDomains", str(index)))
                    for index, each in enumerate(email_domains)
                )
            ),
        )

    def erase(self, *, at: datetime, contract_in_force: bool = False) -> None:
        """Its key and its contacts' keys are destroyed in the same append. Erasing again records nothing."""
        if self.erased:
            return
        if contract_in_force:
            raise ContractInForce
        self.trigger_event(OrganisationErased, timestamp=at)

    def must_exist(self) -> None:
        """For who is about to tie something to it. Raises OrganisationIsErased."""
        if self.erased:
            raise OrganisationIsErased

    @property
    def organisation(self) -> UUID | None:
        return self.id

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case OrganisationRegistered():
                self.ref = event.ref
                self.name = event.name
                self.email_domains = event.email_domains
                self.erased = False
            case OrganisationErased():
                self.erased = True
