"""What may happen to a ticket (texts/*.toml), and how it is put into words that no other ticket has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from domain.tickets.vocabulary import EscalationTarget, HoldReason, Priority, Severity, TicketKind
from services.demo.customers import AGENTS, Customer, data

ACTS = "assigned notes answers asks solves writes calls tagged held snoozed escalated raised redacted spam"


@dataclass(frozen=True)
class Step:
    """`after` is in hours since the step before. Not every ticket has it (`chance`); where it `goes_on`, without it the story ends."""

    after: float
    act: str
    text: tuple[str, ...] = ()
    chance: float = 1.0
    goes_on: bool = False
    hold: HoldReason = HoldReason.SUPPLIER
    priority: Priority = Priority.URGENT
    target: EscalationTarget = EscalationTarget.TEAM_LEAD
    score: int = 5


@dataclass(frozen=True)
class Story:
    subject: tuple[str, ...]
    body: tuple[str, ...]
    kind: TicketKind
    priority: Priority
    severity: Severity | None
    queue: str
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    weight: float = 1.0
    region: bool = False
    language: str = "en"
    spam: bool = False


@cache
def stories() -> tuple[Story, ...]:
    folder = files("services.demo").joinpath("texts")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return tuple(_story(each) for name in names for each in data(f"texts/{name}")["story"])


@cache
def phrases() -> dict[str, Any]:
    return data("phrases.toml")


def _story(given: dict[str, Any]) -> Story:
    return Story(
        tuple(given["subject"]),
        tuple(given["body"]),
        TicketKind(given.get("kind", "REQUEST")),
        Priority(given.get("priority", "NORMAL")),
        Severity(given["severity"]) if "severity" in given else None,
        given.get("queue", "support"),
        tuple(given.get("services", ())),
        tuple(_step(each) for each in given["steps"]),
        given.get("weight", 1.0),
        given.get("region", False),
        given.get("language", "en"),
        given.get("spam", False),
    )


def _step(given: dict[str, Any]) -> Step:
    kinds = {"hold": HoldReason, "priority": Priority, "target": EscalationTarget}
    named: dict[str, Any] = {name: kind(given[name]) for name, kind in kinds.items() if name in given}
    assert given["act"] in ACTS.split(), given["act"]
    return Step(
        given["after"],
        given["act"],
        tuple(given.get("text", ())),
        given.get("chance", 1.0),
        given.get("goes_on", False),
        **named,
    )


class Voice:
    """One ticket's words: drawn once, so that a machine keeps its name throughout the thread."""

    def __init__(self, chance: Random, customer: Customer, person: str, agent: str, language: str) -> None:
        self._chance = chance
        self._letters = phrases()["letters"][language]
        self.words = _words(chance, customer, person, agent, self._letters["days"])

    def say(self, texts: Sequence[str]) -> str:
        """One of the texts, filled in."""
        return self._chance.choice(texts).format_map(self.words)

    def letter(self, texts: Sequence[str]) -> str:
        """As the customer writes it."""
        return self._between(self._letters, self.say(texts))

    def answer(self, texts: Sequence[str]) -> str:
        """As staff write it."""
        return self._between(phrases()["staff"], self.say(texts))

    def _between(self, letters: Mapping[str, Any], text: str) -> str:
        parts = (self.say(letters["greets"]), text, self.say(letters["ends"]))
        return "\n\n".join(part for part in parts if part)


def _words(chance: Random, customer: Customer, person: str, agent: str, days: Sequence[str]) -> dict[str, str]:
    words = {name: chance.choice(known) for name, known in phrases()["words"].items()}
    regions = [each for each in phrases()["words"]["region"] if each != words["region"]]
    colleagues = [each for each in customer.people if each != person] or [AGENTS[0].name]
    return {
        **words,
        "host": f"{words['host']}-{chance.randrange(1, 60):02}",
        "cluster": f"{words['cluster']}-{chance.randrange(1, 9)}",
        "bucket": f"{customer.ref[:6].strip('-')}-{words['bucket']}",
        "node": f"cn-{chance.randrange(100, 480)}",
        "volume": f"vol-{chance.randrange(16**6):06x}",
        "lb": f"lb-{chance.randrange(1, 40)}",
        "ip": f"192.0.2.{chance.randrange(1, 255)}",
        "peer": f"198.51.100.{chance.randrange(1, 255)}",
        "other": chance.choice(regions),
        "few": str(chance.randrange(2, 5)),
        "n": str(chance.choice((6, 8, 10, 12, 16, 20, 24, 32, 40, 64))),
        "percent": str(chance.randrange(2, 30)),
        "gb": str(chance.choice((40, 64, 120, 180, 250, 400, 640, 900))),
        "tb": str(chance.choice((2, 4, 6, 10, 12, 20, 40, 80, 120))),
        "ms": str(chance.randrange(40, 900)),
        "port": str(chance.choice((443, 5432, 8443, 6379, 9200, 5671, 1883))),
        "clock": f"{chance.randrange(0, 24):02}:{chance.randrange(0, 60):02}",
        "day": chance.choice(days),
        "invoice": f"{chance.randrange(40000, 99999)}",
        "service": chance.choice(("volumes", "the backbone", "sign-in", "backups", "load balancers")),
        "domain": customer.domain,
        "org": customer.name,
        "colleague": chance.choice(colleagues).split()[0],
        "first": person.split()[0],
        "name": person,
        "agent": agent.split()[0],
    }
