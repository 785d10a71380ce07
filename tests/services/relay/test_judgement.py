"""What the relay does about the stream that it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.relay.judgement import GoOn, MakeAnew, Stopped, StreamState, judge
from services.relay.log import LogState
from services.runtime.cloudevents import Identity

A, B = UUID(int=1), UUID(int=2)
AT = datetime(2026, 7, 1, tzinfo=UTC)


def fact(epoch: int, stream: UUID, version: int, recorded_at: datetime = AT) -> Identity:
    return Identity(epoch, stream, version, recorded_at)


def stream(last: int, there: Identity | None, *, first: int = 1, lost: int = 0) -> StreamState:
    return StreamState(None, first, last, last - first + 1 - lost, there, "https://support.example.eu/log/1")


def test_a_stream_that_ends_with_a_fact_of_the_store_goes_on() -> None:
    assert judge(stream(90, fact(1, A, 3)), LogState(1, 1, 100), fact(1, A, 3)) == GoOn(90)


def test_a_missing_stream_is_made() -> None:
    assert isinstance(judge(None, LogState(1, 1, 100), None), MakeAnew)


def test_an_empty_stream_at_the_beginning_of_the_log_goes_on() -> None:
    assert judge(stream(0, None), LogState(1, 1, 100), None) == GoOn(0)
    assert judge(stream(41, None, first=42), LogState(2, 42, 41), None) == GoOn(41)


def test_an_emptied_stream_is_made_anew() -> None:
    assert isinstance(judge(StreamState(None, 91, 90, 0, None), LogState(1, 1, 100), None), MakeAnew)


def test_a_stream_with_a_hole_or_another_beginning_is_made_anew() -> None:
    there = fact(1, A, 3)
    assert isinstance(judge(stream(90, there, lost=1), LogState(1, 1, 100), there), MakeAnew)
    assert isinstance(judge(stream(90, there, first=5), LogState(1, 1, 100), there), MakeAnew)


def test_a_stream_ahead_of_the_store_stops_the_relay() -> None:
    with pytest.raises(Stopped, match="support restore"):
        judge(stream(101, fact(1, A, 3)), LogState(1, 1, 100), None)


def test_a_stream_that_ends_with_another_fact_stops_the_relay() -> None:
    with pytest.raises(Stopped, match="support restore"):
        judge(stream(90, fact(1, A, 3)), LogState(1, 1, 100), fact(1, B, 3))


def test_the_same_version_recorded_at_another_time_is_another_fact() -> None:
    with pytest.raises(Stopped, match="support restore"):
        judge(stream(90, fact(1, A, 3)), LogState(1, 1, 100), fact(1, A, 3, AT + timedelta(microseconds=1)))


def test_after_a_restore_what_the_store_gave_up_is_replaced() -> None:
    assert isinstance(judge(stream(101, fact(1, A, 3)), LogState(2, 1, 91), None), MakeAnew)
    assert isinstance(judge(stream(91, fact(1, A, 3)), LogState(2, 1, 91), fact(2, B, 1)), MakeAnew)


def test_after_a_restore_a_stream_within_what_was_kept_goes_on() -> None:
    assert judge(stream(90, fact(1, A, 3)), LogState(2, 1, 91), fact(1, A, 3)) == GoOn(90)


def test_a_stream_of_a_later_epoch_stops_the_relay() -> None:
    with pytest.raises(Stopped):
        judge(stream(90, fact(3, A, 3)), LogState(2, 1, 91), fact(2, A, 3))


def test_a_foreign_message_stops_the_relay_instead_of_costing_its_owner_a_stream() -> None:
    with pytest.raises(Stopped, match="SUPPORT_NATS_URL"):
        judge(stream(90, None), LogState(2, 1, 91), fact(2, A, 3))
