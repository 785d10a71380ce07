"""What a projection declares, and in which order its statements run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projections.database import Statement
from projections.projection import listed
from services.projector.statements import grouped

_STREAMS = st.lists(st.lists(st.sampled_from(["insert", "update", "delete"]), max_size=12), max_size=12)


def _statements(streams: list[list[str]]) -> list[list[Statement]]:
    return [[(sql, (number, place)) for place, sql in enumerate(stream)] for number, stream in enumerate(streams)]


@given(_STREAMS)
def test_every_statement_runs_once_and_each_stream_in_its_own_order(streams: list[list[str]]) -> None:
    ran: dict[int, list[tuple[str, object]]] = {number: [] for number in range(len(streams))}
    for sql, arguments in grouped(_statements(streams)):
        assert arguments
        for number, place in arguments:
            assert isinstance(number, int)
            ran[number].append((sql, place))
    assert ran == {number: [(sql, place) for place, sql in enumerate(stream)] for number, stream in enumerate(streams)}


@given(_STREAMS)
def test_grouping_never_takes_more_round_trips_than_one_a_statement(streams: list[list[str]]) -> None:
    assert len(list(grouped(_statements(streams)))) <= sum(map(len, streams))


def test_the_same_kind_of_change_of_many_streams_is_one_round_trip() -> None:
    streams = [["insert", "update", "update"] for _ in range(500)]
    assert [(sql, len(arguments)) for sql, arguments in grouped(_statements(streams))] == [("insert", 500), ("update", 1000)]


def test_a_handler_may_answer_with_nothing_one_statement_or_several() -> None:
    one: Statement = ("SELECT 1", ())
    assert list(listed(None)) == []
    assert list(listed(one)) == [one]
    assert list(listed([one, one])) == [one, one]
    assert list(listed((one, one))) == [one, one]  # a tuple of two statements is not one statement
