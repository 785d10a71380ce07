"""Every rule the domain refuses by has its name in the schema, so that no refusal turns into an internal error."""

from __future__ import annotations

from collections.abc import Iterator

import domain.chat.refusals
import domain.engagements.refusals
import domain.organisations.refusals
import domain.status.refusals
import domain.subscriptions.refusals
import domain.tickets.refusals  # noqa: F401 - their classes are found through their base
from domain.errors import RuleViolated
from services.gateway.refusals import DomainRule


def rules(kind: type[RuleViolated] = RuleViolated) -> Iterator[str]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("domain."):
            yield each.rule
        yield from rules(each)


def test_every_rule_of_the_domain_is_in_the_schema() -> None:
    assert set(rules()) <= set(DomainRule.__members__)
