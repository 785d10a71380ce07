"""Organisations and contacts, as far as tickets need them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from uuid_utils.compat import uuid7

from domain.errors import Refused, ValidationFailed
from domain.event import DomainEvent, Personal
from domain.organisations.contact import Contact
from domain.organisations.events import ContactRegistered, ContactRole, OrganisationRegistered
from domain.organisations.organisation import Organisation
from domain.organisations.refusals import (
    ContactIsErased,
    ContractInForce,
    LinkedElsewhere,
    NotLinked,
    OrganisationIsBeingErased,
    OrganisationIsErased,
    VerificationInvalid,
)
from tests.domain.tickets.builders import ACME, DAY, GLOBEX, HOUR, MONDAY, names, recorded, replayed


def organisation(**more: Any) -> Organisation:
    values = {"ref": "acme", "name": "Acme A/S", "email_domains": ("acme.example",)} | more
    return Organisation.register(id=uuid7(), at=MONDAY, **values)


def contact(**more: Any) -> Contact:
    values = {"name": "Ada Byron", "email": "ada@Acme.example", "phone": "+4570123456"} | more
    return Contact.register(id=uuid7(), at=MONDAY, **values)


def test_what_is_about_a_person_is_sealed_with_their_own_key() -> None:
    person = contact()
    (event,) = recorded(person)
    assert isinstance(event, ContactRegistered)
    assert event.email == Personal("ada@acme.example", of=person.id)
    assert event.name.of == person.id
    assert event.phone == Personal("+4570123456", of=person.id)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"email": "ada"}, "email"),
        ({"email": "ada@acme"}, "email"),
        ({"email": "a b@acme.example"}, "email"),
        ({"email": "ada@acme..example"}, "email"),
        ({"email": f"{'a' * 250}@acme.example"}, "email"),
        ({"email": "Ada <ada@acme.example>"}, "email"),
        ({"email": "a\u200bda@acme.example"}, "email"),
        ({"email": "ada\u202e@acme.example"}, "email"),
        ({"email": "ada@127.0.0.1"}, "email"),
        ({"phone": "70123456"}, "phone"),
        ({"phone": "+45 70 12 34 56"}, "phone"),
    ],
)
def test_an_unusable_name_or_address_is_refused(values: dict[str, str], path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        contact(**values)
    assert refused.value.path == ("input", path)


@pytest.mark.parametrize(
    "values",
    [
        {"ref": "Acme"},
        {"ref": "-acme"},
        {"ref": ""},
        {"name": ""},
        {"email_domains": ("acme",)},
        {"email_domains": ("a b.example",)},
    ],
)
def test_an_unusable_organisation_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        organisation(**values)


def test_an_organisation_is_its_own_audience_and_is_erased_once() -> None:
    acme = organisation(email_domains=("ACME.example", "acme.example"))
    assert acme.email_domains == ("acme.example",)
    acme.must_exist()
    acme.erase(at=MONDAY)  # not before its door was shut
    with pytest.raises(ContractInForce):
        acme.begin_erasure(at=MONDAY, contract_in_force=True)
    for _ in range(2):
        acme.begin_erasure(at=MONDAY, contract_in_force=False)
    with pytest.raises(OrganisationIsBeingErased):
        acme.must_exist()
    for _ in range(2):
        acme.erase(at=MONDAY)
        acme.begin_erasure(at=MONDAY, contract_in_force=True)
    events = recorded(acme)
    assert [event.TOPIC.split(".")[1] for event in events] == ["registered", "erasure_begun", "erased"]
    assert {acme.audience(event) for event in events} == {acme.id}
    assert not acme.ref
    assert acme.name is None
    assert not acme.email_domains
    with pytest.raises(OrganisationIsErased):
        acme.must_exist()


def test_what_tells_who_an_organisation_is_is_sealed_with_its_own_key() -> None:
    acme = organisation()
    (event,) = recorded(acme)
    assert isinstance(event, OrganisationRegistered)
    assert (event.ref, event.name) == (Personal("acme", of=acme.id), Personal("Acme A/S", of=acme.id))
    assert event.email_domains == Personal(("acme.example",), of=acme.id)


def test_a_person_belongs_to_one_organisation_at_a_time() -> None:
    person = contact()
    person.link(ACME, ContactRole.CUSTOMER, at=MONDAY)
    with pytest.raises(LinkedElsewhere):
        person.link(GLOBEX, ContactRole.CUSTOMER, at=MONDAY)
    person.link(ACME, ContactRole.CUSTOMER, at=MONDAY)
    person.link(ACME, ContactRole.CUSTOMER_ADMIN, at=MONDAY)
    for _ in range(2):
        person.unlink(at=MONDAY)
    person.link(GLOBEX, ContactRole.CUSTOMER, at=MONDAY)
    events = recorded(person)
    assert [event.TOPIC.split(".")[1] for event in events] == ["registered", "linked", "role_changed", "unlinked", "linked"]
    assert [person.audience(event) for event in events] == [None, ACME, ACME, ACME, GLOBEX]


def test_who_belongs_nowhere_has_no_role() -> None:
    with pytest.raises(NotLinked):
        contact().change_role(ContactRole.CUSTOMER_ADMIN, at=MONDAY)


def test_an_address_is_proven_by_the_latest_link_in_time_and_once() -> None:
    person = contact()
    with pytest.raises(VerificationInvalid):
        person.verify_email(at=MONDAY, token_hash="h1")
    person.request_verification(at=MONDAY, token_hash="h1", expires_at=MONDAY + DAY)
    person.request_verification(at=MONDAY, token_hash="h2", expires_at=MONDAY + DAY)
    for at, token_hash in ((MONDAY, "h1"), (MONDAY + DAY, "h2")):
        with pytest.raises(VerificationInvalid):
            person.verify_email(at=at, token_hash=token_hash)
    person.verify_email(at=MONDAY + HOUR, token_hash="h2")
    with pytest.raises(VerificationInvalid):
        person.verify_email(at=MONDAY + HOUR, token_hash="h2")
    recorded(person)
    person.request_verification(at=MONDAY + DAY, token_hash="h3", expires_at=MONDAY + 2 * DAY)
    assert (person.verified, names(person)) == (True, [])


def test_a_link_that_has_expired_is_not_sent() -> None:
    with pytest.raises(ValidationFailed):
        contact().request_verification(at=MONDAY, token_hash="h", expires_at=MONDAY)


def test_an_erased_person_takes_nothing_and_is_erased_once() -> None:
    person = contact()
    for _ in range(2):
        person.erase(at=MONDAY)
    assert names(person) == ["registered", "erased"]
    assert (person.name, person.email, person.phone) == (None, None, None)
    with pytest.raises(ContactIsErased):
        person.link(ACME, ContactRole.CUSTOMER, at=MONDAY)
    with pytest.raises(ContactIsErased):
        person.request_verification(at=MONDAY, token_hash="h", expires_at=MONDAY + DAY)
    assert names(person) == []


def test_one_copy_of_a_persons_data_is_made_at_a_time_and_completed_once() -> None:
    person = contact()
    assert person.request_export(ACME, at=MONDAY) == ACME
    assert person.request_export(GLOBEX, at=MONDAY) == ACME
    for export in (GLOBEX, ACME, ACME):
        person.complete_export(export, at=MONDAY, expires_at=MONDAY + DAY)
    assert person.request_export(GLOBEX, at=MONDAY) == GLOBEX
    person.erase(at=MONDAY)
    person.complete_export(GLOBEX, at=MONDAY, expires_at=MONDAY + DAY)
    assert names(person) == ["registered", "export_requested", "export_completed", "export_requested", "erased"]
    with pytest.raises(ContactIsErased):
        person.request_export(ACME, at=MONDAY)


class ContactMachine(RuleBasedStateMachine):
    """Any commands in any order on one contact."""

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = MONDAY
        self.contact = contact()
        self.history: list[DomainEvent] = []

    def attempt(self, command: Any, **arguments: Any) -> None:
        before = self.contact.version
        try:
            command(at=self.at, **arguments)
        except Refused:
            assert self.contact.version == before
        self.at += HOUR

    @rule(organisation=st.sampled_from([ACME, GLOBEX]), role=st.sampled_from(ContactRole))
    def link(self, organisation: Any, role: ContactRole) -> None:
        self.attempt(self.contact.link, organisation=organisation, role=role)

    @rule()
    def unlink(self) -> None:
        self.attempt(self.contact.unlink)

    @rule(role=st.sampled_from(ContactRole))
    def change_role(self, role: ContactRole) -> None:
        self.attempt(self.contact.change_role, role=role)

    @rule(token=st.sampled_from(["a", "b"]), hours=st.integers(-1, 5))
    def request(self, token: str, hours: int) -> None:
        self.attempt(self.contact.request_verification, token_hash=token, expires_at=self.at + timedelta(hours=hours))

    @rule(token=st.sampled_from(["a", "b"]))
    def verify(self, token: str) -> None:
        self.attempt(self.contact.verify_email, token_hash=token)

    @rule(export=st.sampled_from([ACME, GLOBEX]))
    def request_export(self, export: Any) -> None:
        self.attempt(self.contact.request_export, export=export)

    @rule(export=st.sampled_from([ACME, GLOBEX]))
    def complete_export(self, export: Any) -> None:
        self.attempt(self.contact.complete_export, export=export, expires_at=self.at + DAY)

    @rule()
    def erase(self) -> None:
        self.attempt(self.contact.erase)

    @invariant()
    def the_history_replays_to_the_same_state(self) -> None:
        self.history.extend(recorded(self.contact))
        assert replayed(self.history) == self.contact
        assert (self.contact.role is None) == (self.contact.organisation is None)


class OrganisationMachine(RuleBasedStateMachine):
    """Any commands in any order on one organisation."""

    def __init__(self) -> None:
        super().__init__()
        self.acme = organisation()
        self.history: list[DomainEvent] = []

    @rule(in_force=st.booleans())
    def begin(self, in_force: bool) -> None:
        before = self.acme.version
        try:
            self.acme.begin_erasure(at=MONDAY, contract_in_force=in_force)
        except Refused:
            assert self.acme.version == before

    @rule()
    def erase(self) -> None:
        self.acme.erase(at=MONDAY)

    @invariant()
    def the_history_replays_to_the_same_state(self) -> None:
        self.history.extend(recorded(self.acme))
        assert replayed(self.history) == self.acme
        assert len(self.history) <= 3
        assert not (self.acme.erasing and self.acme.erased)


TestContact = ContactMachine.TestCase
TestContact.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestOrganisation = OrganisationMachine.TestCase
TestOrganisation.settings = settings(max_examples=10, stateful_step_count=5, deadline=None)
