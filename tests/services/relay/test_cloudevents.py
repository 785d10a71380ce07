"""The envelope, as the event catalogue has it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.cloudevents import Identity, Naming, NotAnEvent, encoded, identity, subject
from services.runtime.command import RecordedEvent

NAMING = Naming("https://support.example.eu", "eu.support-desk")
STREAM = UUID("0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55")
RESOLVED = RecordedEvent(
    stream=STREAM,
    version=14,
    topic="ticket.resolved.v1",
    state=b'{"at":"2026-07-01T08:14:03.12Z"}',
    position=184467,
    epoch=1,
    classification="confidential",
    organisation=UUID("5b1f0c4e-7a3d-4c1f-9e0a-2b6d8c7f1e90"),
    occurred_at=datetime(2026, 7, 1, 8, 14, 3, 120_000, tzinfo=UTC),
    recorded_at=datetime(2026, 7, 1, 8, 14, 4, tzinfo=UTC),
    correlation=UUID("0199c2aa-0b1d-7e6f-9a33-1f2e3d4c5b6a"),
    causation=None,
    actor_kind="user",
    actor=UUID("0198f00d-1111-7222-8333-444455556666"),
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


def changed(**fields: object) -> RecordedEvent:
    return RecordedEvent(**{name: getattr(RESOLVED, name) for name in RESOLVED.__struct_fields__} | fields)


def test_the_headers_are_those_of_the_catalogue() -> None:
    assert NAMING.headers(RESOLVED) == {
        "ce-specversion": "1.0",
        "ce-id": "0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55/14",
        "ce-type": "eu.support-desk.ticket.resolved.v1",
        "ce-source": "https://support.example.eu/log/1",
        "ce-subject": "ticket/0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55",
        "ce-time": "2026-07-01T08:14:03.120000Z",
        "ce-recordedtime": "2026-07-01T08:14:04Z",
        "ce-datacontenttype": "application/json",
        "ce-dataschema": "https://support.example.eu/schemas/ticket.resolved.v1.json",
        "ce-partitionkey": "0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55",
        "ce-sequence": "0000000000000184467",
        "ce-position": "1.184467",
        "ce-streamversion": "14",
        "ce-correlationid": "0199c2aa-0b1d-7e6f-9a33-1f2e3d4c5b6a",
        "ce-authtype": "user",
        "ce-authid": "0198f00d-1111-7222-8333-444455556666",
        "ce-dataclassification": "confidential",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }


def test_a_cause_from_inside_is_named() -> None:
    assert NAMING.headers(changed(causation=f"1/{STREAM}/13"))["ce-causationid"] == f"1/{STREAM}/13"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (RESOLVED, "support.confidential.ticket.resolved.5b1f0c4e7a3d4c1f9e0a2b6d8c7f1e90"),
        (changed(organisation=None), "support.confidential.ticket.resolved.none"),
        (
            changed(organisation=None, classification="public", topic="incident.declared.v1"),
            "support.public.incident.declared.public",
        ),
        (
            changed(organisation=None, classification="restricted", topic="log.restored.v1"),
            "support.restricted.log.restored.none",
        ),
    ],
)
def test_the_class_stands_early_in_the_subject_and_the_organisation_last(event: RecordedEvent, expected: str) -> None:
    assert subject(event) == expected


@given(st.text())
def test_a_header_holds_printable_ascii_only_whatever_was_in_it(value: str) -> None:
    value = value.encode("utf-8", "ignore").decode()
    written = encoded(value)
    assert all(0x21 <= ord(character) <= 0x7E and character != '"' for character in written)


def test_values_outside_printable_ascii_are_percent_encoded_as_utf_8() -> None:
    assert encoded('Å "100 %"\r\nx: y') == "%C3%85%20%22100%20%25%22%0D%0Ax:%20y"


@given(
    organisation=st.none() | st.uuids(),
    causation=st.none() | st.text(min_size=1).map(lambda text: text.encode("utf-8", "ignore").decode() or "x"),
    occurred=st.datetimes(timezones=st.just(UTC)),
    state=st.binary(),
    version=st.integers(1, 2**63 - 1),
    position=st.integers(1, 10**18 - 1),
    epoch=st.integers(1, 10**9 - 1),
)
def test_a_reader_gets_the_row_that_the_store_holds(
    organisation: UUID | None, causation: str | None, occurred: datetime, state: bytes, version: int, position: int, epoch: int
) -> None:
    row = changed(
        organisation=organisation,
        causation=causation,
        occurred_at=occurred,
        state=state,
        version=version,
        position=position,
        epoch=epoch,
    )
    assert NAMING.event(subject(row), NAMING.headers(row), row.state) == row


def test_a_fact_is_told_by_epoch_stream_version_and_when_it_was_recorded() -> None:
    assert identity(NAMING.headers(RESOLVED)) == Identity(1, STREAM, 14, RESOLVED.recorded_at)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"ce-id": "x"},
        {"ce-id": f"{STREAM}/14"},
        {"ce-id": f"{STREAM}/0", "ce-position": "1.1"},
        {"ce-id": f"{STREAM}/1", "ce-position": "1.1"},
    ],
)
def test_a_message_of_somebody_else_is_no_fact(headers: dict[str, str] | None) -> None:
    assert identity(headers) is None
    with pytest.raises(NotAnEvent):
        NAMING.event("support.confidential.ticket.resolved.none", headers or {}, b"")


def test_a_message_that_lacks_an_attribute_is_no_event() -> None:
    headers = NAMING.headers(RESOLVED)
    del headers["ce-authid"]
    with pytest.raises(NotAnEvent):
        NAMING.event(subject(RESOLVED), headers, b"")
