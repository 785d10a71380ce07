"""Every event there is: it comes back as it went, its JSON is what its schema says, and what breaks consumers is told."""

from __future__ import annotations

import copy
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import jsonschema
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import domain.calendars
import domain.log.events
import domain.organisations.events
import domain.policies
import domain.policy.events
import domain.tickets.events
from domain.event import Aggregate, DomainEvent, Personal
from services.runtime.codec import ENVELOPE, Codec, event_classes
from services.runtime.event_schemas import breaks, event_schemas, write_event_schemas
from services.runtime.sealing import Opened, new_key

PERSONS = [uuid4() for _ in range(2)]
ENTRIES = [uuid4() for _ in range(2)]
KEYS = Opened({person: AESGCM(new_key()) for person in PERSONS}, {entry: (PERSONS[0], AESGCM(new_key())) for entry in ENTRIES})
OURS = sorted((event for event in event_classes() if event.__module__.startswith("domain.")), key=lambda event: event.TOPIC)

times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
text = st.text(st.characters(codec="utf-8"), max_size=20)


def personal(kind: type[Personal[Any]]) -> st.SearchStrategy[Personal[Any]]:
    (inner,) = get_args(kind)
    value = st.none() | st.from_type(inner)
    with_entry = st.builds(Personal, value, st.just(PERSONS[0]), st.sampled_from(ENTRIES))
    return with_entry | st.builds(Personal, value, st.sampled_from(PERSONS), st.none())


st.register_type_strategy(Personal, personal)
st.register_type_strategy(str, text)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(datetime, times)
st.register_type_strategy(timedelta, st.timedeltas(timedelta(days=-1000), timedelta(days=1000)))


def whole(kind: type) -> st.SearchStrategy[Any]:
    """With every field; hypothesis alone leaves out those with a default."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{each.name: st.from_type(hints[each.name]) for each in dataclasses.fields(kind)})


for module in (domain.tickets.vocabulary, domain.calendars, domain.policies):
    for name, each in vars(module).items():
        if isinstance(each, type) and dataclasses.is_dataclass(each) and name != "Personal":
            st.register_type_strategy(each, whole)


def events_of(kind: type[DomainEvent]) -> st.SearchStrategy[DomainEvent]:
    hints = get_type_hints(kind)
    fixed: dict[str, Any] = {
        **{each.name: st.from_type(hints[each.name]) for each in dataclasses.fields(kind) if each.name not in ENVELOPE},
        "originator_id": st.uuids(),
        "originator_version": st.integers(1, 10_000),
        "timestamp": times,
    }
    if issubclass(kind, Aggregate.Created):
        fixed["originator_topic"] = st.just(kind.TOPIC.partition(".")[0])
    return st.builds(kind, **fixed)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.TOPIC)
def test_every_event_comes_back_as_it_went_and_is_what_its_schema_says(kind: type[DomainEvent]) -> None:
    codec = Codec()
    schema = event_schemas()[kind.TOPIC]
    validate = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    sealed_something = False

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(events_of(kind))
    def check(event: DomainEvent) -> None:
        nonlocal sealed_something
        state = codec.encode(event, KEYS)
        assert codec.decode(event.TOPIC, state, event.originator_id, event.originator_version, KEYS) == event
        written = json.loads(state)
        validate.validate(written)
        assert written.keys() == schema["properties"].keys()
        sealed_something = sealed_something or any(codec.personal(event))
        closed = codec.decode(event.TOPIC, state, event.originator_id, event.originator_version)
        assert all(value.value is None for value in codec.personal(closed))

    check()
    assert sealed_something == ("Sealed" in schema.get("$defs", {}))


def test_every_event_of_ours_has_a_schema_that_names_it_and_its_class() -> None:
    schemas = event_schemas("https://support.example.eu")
    assert len(OURS) > 50
    for kind in OURS:
        schema = schemas[kind.TOPIC]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"https://support.example.eu/schemas/{kind.TOPIC}.json"
        assert (schema["title"], schema["x-classification"]) == (kind.__name__, kind.CLASS.value)
        assert next(iter(schema["properties"])) == "at"


def test_schemas_are_written_once_and_those_of_lost_topics_go(tmp_path: Path) -> None:
    schemas = event_schemas()
    changed = write_event_schemas(tmp_path / "events", schemas)
    assert len(changed) == len(schemas)
    assert write_event_schemas(tmp_path / "events", schemas) == []
    gone = schemas.pop("ticket.closed.v1")
    assert [file.name for file in write_event_schemas(tmp_path / "events", schemas)] == ["ticket.closed.v1.json"]
    assert gone["title"] == "TicketClosed"


def opened() -> dict[str, Any]:
    return event_schemas()["ticket.opened.v1"]


def test_new_fields_with_a_default_and_new_values_of_an_enum_break_nobody() -> None:
    after = copy.deepcopy(opened())
    after["properties"]["mood"] = {"type": "string", "default": ""}
    after["$defs"]["Priority"]["enum"].append("SOMETIME")
    assert breaks(opened(), after) == []
    assert breaks(opened(), opened()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda schema: schema["properties"].pop("ref"), "event.ref: is gone"),
        (lambda schema: schema["properties"]["ref"].update(type="integer"), "event.ref: type was string and is integer"),
        (lambda schema: schema["required"].append("severity"), "event.severity: is required and was not"),
        (lambda schema: schema["required"].remove("queue"), "event.queue: was always there"),
        (lambda schema: schema["$defs"]["Priority"]["enum"].remove("LOW"), "event.priority: the values ['LOW'] are gone"),
        (
            lambda schema: schema["properties"].update(severity={"$ref": "#/$defs/Severity"}),
            "event.severity: was null at times",
        ),
        (
            lambda schema: schema["properties"].update(ref={"anyOf": [{"type": "string"}, {"type": "null"}]}),
            "event.ref: may now be null",
        ),
    ],
)
def test_what_consumers_would_not_expect_is_told(change: Any, said: str) -> None:
    after = copy.deepcopy(opened())
    change(after)
    told = breaks(opened(), after)
    assert len(told) == 1
    assert told[0].startswith(said)


def test_a_uuid_is_written_with_dashes_as_the_envelope_does() -> None:
    stream, person = UUID(int=7), PERSONS[0]
    event = domain.organisations.events.ContactLinked(
        stream, 1, datetime(2026, 7, 1, tzinfo=UTC), organisation=person, role=domain.organisations.events.ContactRole.CUSTOMER
    )
    assert json.loads(Codec().encode(event)) == {"at": "2026-07-01T00:00:00Z", "organisation": str(person), "role": "CUSTOMER"}
