"""The policy file: what it may say, and how it says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.catalogue import BASE_PRODUCT
from domain.policies import queue_id
from domain.tickets.vocabulary import Channel, Priority, SlaMetric, TicketKind
from services.policies.file import DEFAULT, PolicyFileInvalid, read


def test_the_shipped_file_is_in_order() -> None:
    policies = read(DEFAULT).policies
    assert policies.route(TicketKind.INCIDENT, Channel.PHONE) == queue_id("on-call")
    assert policies.route(TicketKind.REQUEST, Channel.PORTAL) == queue_id("support")
    terms = policies.terms(BASE_PRODUCT)
    assert terms is not None
    assert terms.within(SlaMetric.FIRST_RESPONSE, Priority.URGENT, None) is not None


def test_the_same_text_has_the_same_hash(tmp_path: Path) -> None:
    copy = tmp_path / "policies.toml"
    copy.write_bytes(DEFAULT.read_bytes())
    assert read(copy).sha256 == read(DEFAULT).sha256
    copy.write_text(DEFAULT.read_text() + "\n# seen\n")
    assert read(copy).sha256 != read(DEFAULT).sha256


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('close_after = "P7D"', "close_after = 7", "close_after"),
        ('within = "PT4H"', 'within = "4 hours"', "sla_policies[0].targets[1].within"),
        ('name = "Storage engineering"', 'nam = "x"', "queues[2].nam: is not a key"),
        ('day = "TUESDAY"', 'day = "TUE"', "calendars[1].opens[1].day"),
        ('calendar = "24/7"', 'calendar = "nights"', "'nights' is not among"),
        ('default_queue = "support"', 'default_queue = "nobody"', "'nobody' is not among"),
        ("[[queues]]", "[[queues", "is not TOML"),
        ('key = "region"', "", "required field `key`"),
        ('reminders = ["P1D", "PT1H"]', 'reminders = ["1 day"]', "engagements.reminders[0]"),
        ('reminders = ["P1D", "PT1H"]', 'reminders = ["PT0S"]', "each is positive"),
        ('reminders = ["P1D", "PT1H"]', 'reminders = ["P1D", "PT24H"]', "stands twice"),
        ("week = 12", "week = 14", "operations_meetings.week is 1 to 13"),
        ('at = "10:00"', 'at = "25:00"', "operations_meetings.at is a time of day"),
        ('notice = "P7D"', 'notice = "P61D"', "operations_meetings.notice lies"),
        ('minutes_open = "P30D"', 'minutes_open = "PT0S"', "operations_meetings.minutes_open is positive"),
        ('duration = "PT1H"', 'duration = "PT1M"', "operations_meetings.duration lies"),
        ("https://meet.example.org/{ref}", "https://meet.example.org/", "has {ref} in it"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(PolicyFileInvalid) as refusal:
        read(_changed(tmp_path, before, after))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('close_after = "P7D"', "close_after = 7"),
        ('within = "PT4H"', 'within = "4 hours"'),
        ('name = "Storage engineering"', 'nam = "x"'),
        ('day = "TUESDAY"', 'day = "TUE"'),
        ('weekday = "TUESDAY"', 'weekday = "TUE"'),
        ("week = 12", "week = 14"),
        ('minutes_open = "P30D"', 'minutes_open = "PT0S"'),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, before: str, after: str) -> None:
    changed = _changed(tmp_path, before, after)
    line = next(number for number, text in enumerate(changed.read_text().splitlines(), 1) if after in text)
    with pytest.raises(PolicyFileInvalid, match=f", line {line}: "):
        read(changed)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid, match="SUPPORT_POLICIES"):
        read(tmp_path / "none.toml")


def _changed(folder: Path, before: str, after: str) -> Path:
    file = folder / "policies.toml"
    text = DEFAULT.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    return file
