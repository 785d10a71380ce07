"""The policy file: what it may say, and how it says what is wrong."""

from __future__ import annotations

import re
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


WRONG = [
    ('close_after = "P7D"', "close_after = 7", "close_after"),
    ('within = "PT4H"', 'within = "4 hours"', "sla_policies[0].targets[1].within"),
    ('name = "Storage engineering"', 'nam = "x"', "queues[2].nam: is not a key"),
    ('day = "TUESDAY"', 'day = "TUE"', "calendars[1].opens[1].day"),
    ('calendar = "24/7"', 'calendar = "nights"', "sla_policies[0].calendar: 'nights' is not among"),
    ('default_queue = "support"', 'default_queue = "nobody"', "default_queue: 'nobody' is not among"),
    ('reminders = ["P1D", "PT1H"]', 'reminders = ["1 day"]', "engagements.reminders[0]"),
    ('reminders = ["P1D", "PT1H"]', 'reminders = ["PT0S"]', "engagements.reminders: each is positive"),
    ('reminders = ["P1D", "PT1H"]', 'reminders = ["P1D", "PT24H"]', "engagements.reminders: one stands twice"),
    ("week = 12", "week = 14", "operations_meetings.week: is 1 to 13"),
    ('weekday = "TUESDAY"', 'weekday = "TUE"', "operations_meetings.weekday"),
    ('at = "10:00"', 'at = "25:00"', "operations_meetings.at: is a time of day"),
    ('notice = "P7D"', 'notice = "P61D"', "operations_meetings.notice: lies"),
    ('minutes_open = "P30D"', 'minutes_open = "PT0S"', "operations_meetings.minutes_open: is positive"),
    ('duration = "PT1H"', 'duration = "PT1M"', "operations_meetings.duration: lies"),
    (
        "https://meet.example.org/{ref}",
        "https://meet.example.org/",
        "operations_meetings.join_url: begins with https:// and has {ref}",
    ),
    ('ref = "network"', 'ref = "support"', "queues[1].ref: 'support' stands twice"),
    ('ref = "network"', 'ref = ""', "queues[1].ref: is empty"),
    ('queue = "on-call"', 'queue = "on-cal"', "routes[0].queue: 'on-cal' is not among"),
    ('name = "office hours"', 'name = "24/7"', "calendars[1].name: '24/7' stands twice"),
    ('time_zone = "Europe/Copenhagen"', 'time_zone = "Europe/Oresund"', "calendars[1].time_zone: "),
    ('from = "08:00", to = "15:00"', 'from = "16:00", to = "15:00"', "calendars[1].opens: "),
    ('product = "SUPPORT-standard"', 'product = "SUPPORT-gold"', "sla_policies[1].product: 'SUPPORT-gold' is not among"),
    ('product = "SUPPORT-standard"', 'product = "SUPPORT-premium"', "sla_policies[2].product: 'SUPPORT-premium' stands twice"),
    ("imminent_share = 0.75", "imminent_share = 1.5", "sla_policies[0].imminent_share: lies between 0 and 1"),
    (
        'priority = "HIGH", within = "PT4H"',
        'priority = "URGENT", within = "PT4H"',
        "sla_policies[0].targets[1]: FIRST_RESPONSE URGENT",
    ),
    ('within = "PT8H"', 'within = "PT0S"', "sla_policies[0].targets[2]: is positive"),
    ('snooze_limit = "P366D"', 'snooze_limit = "P999999D"', "snooze_limit: is positive and at most"),
    ('reopen_window = "P14D"', 'reopen_window = "-P1D"', "reopen_window"),
    ('options = ["eu-north", "eu-central", "eu-west"]', "options = []", "fields[0].type: field 'region': options"),
    ('visibility = "STAFF"', 'visibility = "STAFF"\nset_by = "CONTACT"', "fields[2].visibility: field 'root_cause': customers"),
    ("https://chat.example.org/rooms/{ref}", "http://chat.example.org/rooms/{ref}", "chat.join_url: begins with https://"),
    ('"backchannel-{organisation}"', '"backchannel"', "chat.backchannel_ref: has {organisation} in it"),
    ('community_ref = "community"', 'community_ref = " "', "chat.community_ref: is empty"),
]


@pytest.mark.parametrize(("before", "after", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_line_and_its_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    changed = _changed(tmp_path, before, after)
    with pytest.raises(PolicyFileInvalid) as refusal:
        read(changed)
    assert f": {said}" in str(refusal.value)
    place = re.search(r", line (\d+): ", str(refusal.value))
    assert place is not None, refusal.value
    # The line of the change, or that of the key beside it that cannot stand with it; a line is wrong that is in another table.
    there = changed.read_text().splitlines()
    line = int(place[1])
    changes = [number for number, text in enumerate(there, 1) if after.splitlines()[0] in text]
    assert any(abs(line - number) <= 12 for number in changes), (line, changes)
    name = re.split(r"[\[.:]", said.split(":")[0].rpartition(".")[2])[0]
    assert name in there[line - 1] or line in changes, there[line - 1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [("[[queues]]", "[[queues", "is not TOML"), ('key = "region"', "", "fields[0]: Object missing required field `key`")],
)
def test_what_has_no_key_is_said_with_the_nearest_place(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(PolicyFileInvalid) as refusal:
        read(_changed(tmp_path, before, after))
    assert said in str(refusal.value)
    assert "line" in str(refusal.value)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"queues = 5\n", b"queues = []\ndefault_queue = 'x'\n", b"[a]\n" * 3, b"\0"])
def test_no_file_is_too_broken_for_a_sentence(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "policies.toml"
    file.write_bytes(raw)
    with pytest.raises(PolicyFileInvalid, match=str(file)):
        read(file)


def test_a_catalogue_of_ones_own_is_taken_and_judged(tmp_path: Path) -> None:
    own = """
[[products]]
code = "SUPPORT-iaas.base"
name = "Base"
capabilities = ["TICKETING"]

[[products]]
code = "SUPPORT-gold"
name = "Gold"
capabilities = ["TICKETING", "ENGAGEMENTS"]
"""
    file = tmp_path / "policies.toml"
    text = DEFAULT.read_text().replace("SUPPORT-standard", "SUPPORT-gold")
    start = text.index('[[sla_policies]]\nname = "Premium')
    text = text[:start] + text[text.index("# ---- Custom fields") :]
    file.write_text(text + own)
    assert [product.code for product in read(file).policies.products] == ["SUPPORT-iaas.base", "SUPPORT-gold"]
    for before, after, said in (
        ('code = "SUPPORT-iaas.base"', 'code = "SUPPORT-base"', "products: SUPPORT-iaas.base is missing"),
        (
            'capabilities = ["TICKETING"]',
            'capabilities = ["TICKETS"]',
            "products[0].capabilities[0]: Invalid enum value 'TICKETS'",
        ),
    ):
        assert before in own
        file.write_text(text + own.replace(before, after))
        with pytest.raises(PolicyFileInvalid) as refusal:
            read(file)
        assert said in str(refusal.value)
        assert ", line " in str(refusal.value)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid, match="SUPPORT_POLICIES"):
        read(tmp_path / "none.toml")


def _changed(folder: Path, before: str, after: str) -> Path:
    file = folder / "policies.toml"
    text = DEFAULT.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    return file
