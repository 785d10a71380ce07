"""What the operator decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from domain.calendars import Calendar, ServiceHours
from domain.catalogue import BASE_PRODUCT, PRODUCTS, Capability, product, smallest_with
from domain.errors import ValidationFailed
from domain.policies import (
    FieldDefinition,
    FieldSetter,
    FieldType,
    Queue,
    Route,
    SlaPolicy,
    SlaPolicyTarget,
    queue_id,
)
from domain.policy.check import check
from domain.policy.events import POLICY_STREAM
from domain.policy.policy import Policy
from domain.tickets.vocabulary import Channel, Priority, Severity, SlaMetric, TicketKind, Visibility
from tests.domain.tickets.builders import DAY, HOUR, MONDAY, POLICIES, recorded, replayed, terms

TARGET = SlaPolicyTarget(SlaMetric.RESOLUTION, Priority.NORMAL, HOUR)


def test_the_three_products_are_called_as_in_the_catalogue() -> None:
    assert [each.code for each in PRODUCTS] == ["SUPPORT-iaas.base", "SUPPORT-standard", "SUPPORT-premium"]


def test_a_product_gives_all_that_the_smaller_one_gives() -> None:
    for smaller, larger in pairwise(PRODUCTS):
        assert set(smaller.capabilities) < set(larger.capabilities)


@pytest.mark.parametrize(
    ("capability", "code"),
    [
        (Capability.TICKETING, "SUPPORT-iaas.base"),
        (Capability.COMMUNITY_CHAT, "SUPPORT-iaas.base"),
        (Capability.STATUS_NOTIFICATIONS, "SUPPORT-iaas.base"),
        (Capability.BACKCHANNEL_CHAT, "SUPPORT-standard"),
        (Capability.SERVICE_MANAGER, "SUPPORT-premium"),
        (Capability.OPERATIONS_MEETINGS, "SUPPORT-premium"),
        (Capability.ENGAGEMENTS, "SUPPORT-premium"),
    ],
)
def test_the_smallest_product_with_a_capability_is_named(capability: Capability, code: str) -> None:
    assert smallest_with(capability) == product(code)


def test_what_nobody_gives_has_no_product() -> None:
    assert (smallest_with(Capability.ENGAGEMENTS, PRODUCTS[:1]), product("SUPPORT-gold")) == (None, None)


def test_a_queue_is_known_by_the_id_that_follows_from_its_ref() -> None:
    assert POLICIES.queue(queue_id("network")) == Queue("network", "Network")
    assert POLICIES.queue(queue_id("gone")) is None


def test_the_first_route_that_fits_is_taken() -> None:
    routed = replace(
        POLICIES,
        routes=(Route("network", kind=TicketKind.INCIDENT, channel=Channel.PHONE), Route("support", channel=Channel.PHONE)),
    )
    assert routed.route(TicketKind.INCIDENT, Channel.PHONE) == queue_id("network")
    assert routed.route(TicketKind.INCIDENT, Channel.EMAIL) == queue_id(POLICIES.default_queue)


def test_a_product_without_promises_of_its_own_has_those_of_the_base() -> None:
    premium = SlaPolicy("Premium", "SUPPORT-premium", "office", (TARGET,))
    both = replace(POLICIES, sla_policies=(*POLICIES.sla_policies, premium))
    assert [found.policy.name for found in map(both.terms, ("SUPPORT-premium", "SUPPORT-standard", "gone")) if found] == [
        "Premium",
        "Base",
        "Base",
    ]
    assert both.terms("SUPPORT-premium").calendar.name == "office"  # type: ignore[union-attr]
    assert replace(POLICIES, sla_policies=()).terms() is None


def test_a_figure_for_the_very_severity_goes_before_one_for_any() -> None:
    found = terms()
    assert found.within(SlaMetric.RESOLUTION, Priority.URGENT, Severity.CRITICAL) == 4 * HOUR
    assert found.within(SlaMetric.RESOLUTION, Priority.URGENT, Severity.MINOR) == 8 * HOUR
    assert found.within(SlaMetric.RESOLUTION, Priority.URGENT, None) == 8 * HOUR
    assert found.within(SlaMetric.RESOLUTION, Priority.LOW, None) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"default_queue": "gone"},
        {"queues": (Queue("support", "A"), Queue("support", "B"))},
        {"routes": (Route("gone"),)},
        {"products": PRODUCTS[1:]},
        {"calendars": (Calendar("c", "Nowhere", ServiceHours.ALWAYS),)},
        {"sla_policies": (SlaPolicy("P", "SUPPORT-gold", "24/7", (TARGET,)),)},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "gone", (TARGET,)),)},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "24/7", (TARGET, TARGET)),)},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "24/7", (replace(TARGET, within=timedelta()),)),)},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "24/7", (TARGET,), imminent_share=1.0),)},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "24/7", ()), SlaPolicy("Q", BASE_PRODUCT, "24/7", ()))},
        {"fields": (FieldDefinition("k", "K", FieldType.OPTIONS),)},
        {"fields": (FieldDefinition("k", "K", FieldType.TEXT, options=("a",)),)},
        {"fields": (FieldDefinition("k", "K", FieldType.TEXT, set_by=FieldSetter.CONTACT, visibility=Visibility.STAFF),)},
        {"fields": (FieldDefinition("k", "K", FieldType.TEXT), FieldDefinition("k", "L", FieldType.TEXT))},
        {"reopen_window": -DAY},
        {"close_after": -DAY},
        {"snooze_limit": timedelta()},
        {"reopen_window": timedelta(days=3661)},
        {"close_after": timedelta.max},
        {"snooze_limit": timedelta.max},
        {"queues": (Queue(" ", "A"), Queue("support", "B"))},
        {"sla_policies": (SlaPolicy("P", BASE_PRODUCT, "24/7", (replace(TARGET, within=timedelta.max),)),)},
    ],
)
def test_policies_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        check(replace(POLICIES, **changes))
    assert refused.value.path


def test_policies_that_hold_together_are_applied_once_for_the_same_file() -> None:
    check(POLICIES)
    policy = Policy.begin(at=MONDAY, sha256="a", policies=POLICIES)
    policy.apply(at=MONDAY, sha256="a", policies=POLICIES)
    policy.apply(at=MONDAY + DAY, sha256="b", policies=replace(POLICIES, reopen_window=DAY))
    events = recorded(policy)
    assert (policy.id, len(events), policy.policies.reopen_window) == (POLICY_STREAM, 2, DAY)
    assert replayed(events) == policy


def test_a_set_that_is_refused_leaves_the_one_in_force() -> None:
    policy = Policy.begin(at=MONDAY, sha256="a", policies=POLICIES)
    recorded(policy)
    with pytest.raises(ValidationFailed):
        policy.apply(at=MONDAY, sha256="b", policies=replace(POLICIES, default_queue="gone"))
    assert (policy.policies, recorded(policy)) == (POLICIES, [])
