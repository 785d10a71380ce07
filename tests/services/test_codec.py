"""Events as JSON and back."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import EventStore
from eventsourcing.popo import POPOAggregateRecorder

from domain.errors import ValidationFailed
from domain.event import DomainEvent, Personal
from services.runtime.codec import Codec, Undecodable, UnknownTopic
from services.runtime.sealing import NoKey, Opened, SealBroken, Sealed, new_key
from tests.services.parcel import NOON, Box, Label, Parcel, ParcelDelivered, ParcelMessageLeft, ParcelScanned, ParcelSent, Size

STREAM = UUID("0199a1de-7c10-7b5e-8d0e-6a1f3c2b4d55")
ANNA = UUID("0199a1de-0001-7000-8000-000000000001")
ENTRY = UUID("0199a1f0-2222-7000-8000-0000000000aa")
MARKER = "Zebra-9417"


def keys_of(person: UUID = ANNA, entry: UUID = ENTRY) -> Opened:
    return Opened({person: AESGCM(new_key())}, {entry: (person, AESGCM(new_key()))})


def sent(**more: object) -> ParcelSent:
    fields = {"size": Size.SMALL, "recipient": ANNA, "name": Personal("Anna Ås", ANNA), **more}
    return ParcelSent(STREAM, 1, NOON, originator_topic="parcel", **fields)  # type: ignore[arg-type]


def scanned(**more: object) -> ParcelScanned:
    return ParcelScanned(STREAM, 2, NOON, place="Ribe", **more)  # type: ignore[arg-type]


def message(text: str | None = "ring twice") -> ParcelMessageLeft:
    return ParcelMessageLeft(STREAM, 3, NOON, entry=ENTRY, text=Personal(text, ANNA, ENTRY))


def again(event: DomainEvent, keys: Opened) -> DomainEvent:
    codec = Codec()
    return codec.decode(event.TOPIC, codec.encode(event, keys), event.originator_id, event.originator_version, keys)


def test_an_event_comes_back_as_it_went() -> None:
    keys = keys_of()
    label = Label(uuid4(), Personal("to Anna", ANNA, ENTRY), NOON + timedelta(microseconds=5), "Århus")
    for event in (
        sent(),
        sent(phone=Personal("+45 20", ANNA), box=Box(3), owner=uuid4(), labels=(label, label)),
        scanned(lasted=timedelta(days=2, hours=3, microseconds=7), from_=NOON),
        message(),
    ):
        assert again(event, keys) == event
        assert vars(again(event, keys)) == vars(event)


def test_the_json_has_the_fields_and_when_it_happened_and_nothing_of_the_envelope() -> None:
    assert json.loads(Codec().encode(scanned(lasted=timedelta(hours=25), from_=NOON))) == {
        "at": "2026-07-01T12:00:00Z",
        "place": "Ribe",
        "lasted": "P1DT3600S",
        "from": "2026-07-01T12:00:00Z",
    }


def test_a_personal_value_is_sealed_beside_the_ids_of_person_and_entry() -> None:
    keys = keys_of()
    written = Codec().encode(message(MARKER), keys)
    assert MARKER.encode() not in written
    value = json.loads(written)["text"]
    assert value.keys() == {"sealed", "of", "key"}
    assert value["of"] == str(ANNA)
    assert value["key"] == str(ENTRY)
    assert set(value["sealed"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert json.loads(Codec().encode(sent(), keys))["name"].keys() == {"sealed", "of"}


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    keys = keys_of()
    assert Codec().encode(message(), keys) != Codec().encode(message(), keys)


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert json.loads(Codec().encode(scanned(from_=NOON.astimezone(east))))["from"] == "2026-07-01T12:00:00Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="without a time zone"):
        Codec().encode(scanned(from_=datetime(2026, 7, 1)))  # noqa: DTZ001 - that is the point
    with pytest.raises(Undecodable):
        Codec().decode("parcel.scanned.v1", b'{"at":"2026-07-01T12:00:00","place":"Ribe"}', STREAM, 2)


def test_what_an_older_event_lacks_has_its_default_and_what_a_newer_one_adds_is_dropped() -> None:
    stored = b'{"at":"2026-07-01T12:00:00Z","place":"Ribe","weather":{"wind":[1,2]}}'
    assert Codec().decode("parcel.scanned.v1", stored, STREAM, 2) == scanned()


def test_a_missing_field_without_a_default_is_no_such_event() -> None:
    with pytest.raises(Undecodable):
        Codec().decode("parcel.scanned.v1", b'{"at":"2026-07-01T12:00:00Z"}', STREAM, 2)


def test_an_unknown_topic_is_named_and_nothing_is_imported_for_it() -> None:
    codec = Codec()
    with pytest.raises(UnknownTopic, match="antigravity"):
        codec.decode("antigravity:fly", b"{}", STREAM, 1)
    assert not codec.knows("antigravity:fly")
    assert codec.knows("parcel.delivered.v1")


def test_a_historical_event_reads_as_its_newest_successor() -> None:
    """Bytes as release 0.0.1 would have stored them, with the key it would have had."""
    cipher = AESGCM(bytes(range(32)))
    keys = Opened({ANNA: cipher}, {})
    nonce = bytes(12)
    sealed = cipher.encrypt(nonce, b'"left with the neighbour"', f"{STREAM}/4/remark".encode())
    text = msgspec.json.encode(Sealed(_base64url(nonce + sealed), ANNA)).decode()
    stored = f'{{"at":"2024-02-29T23:59:59.5Z","receiver":"{ANNA}","remark":{text}}}'.encode()
    expected = ParcelDelivered(
        STREAM,
        4,
        datetime(2024, 2, 29, 23, 59, 59, 500_000, tzinfo=UTC),
        handed_to=ANNA,
        words=Personal("left with the neighbour", ANNA),
        attempts=1,
    )
    assert Codec().decode("parcel.delivered.v1", stored, STREAM, 4, keys) == expected
    assert Codec().decode("parcel.delivered.v1", stored, STREAM, 4).words == Personal(None, ANNA)  # type: ignore[attr-defined]


def test_an_upcast_begins_at_the_version_that_was_stored() -> None:
    stored = f'{{"at":"2025-02-28T00:00:00Z","to":{{"whom":"{ANNA}","text":null}}}}'.encode()
    event = Codec().decode("parcel.delivered.v2", stored, STREAM, 4)
    assert event == ParcelDelivered(STREAM, 4, datetime(2025, 2, 28, tzinfo=UTC), handed_to=ANNA, words=None, attempts=1)


def test_a_personal_value_reads_none_without_its_key() -> None:
    codec = Codec()
    stored = codec.encode(message(), keys_of())
    event = codec.decode("parcel.message_left.v1", stored, STREAM, 3)
    assert isinstance(event, ParcelMessageLeft)
    assert event.text == Personal(None, ANNA, ENTRY)


def test_what_cannot_be_read_any_more_can_be_recorded_again_without_a_key() -> None:
    written = Codec().encode(message(None))
    assert json.loads(written)["text"]["sealed"] == ""
    assert again(message(None), keys_of()) == message(None)


@pytest.mark.parametrize(("stream", "version"), [(STREAM, 4), (UUID(int=1), 3)])
def test_a_sealed_value_opens_at_its_own_place_only(stream: UUID, version: int) -> None:
    keys, codec = keys_of(), Codec()
    stored = codec.encode(message(), keys)
    with pytest.raises(SealBroken):
        codec.decode("parcel.message_left.v1", stored, stream, version, keys)


def test_a_sealed_value_cannot_be_moved_to_another_field() -> None:
    keys, codec = keys_of(), Codec()
    fields = json.loads(codec.encode(sent(phone=Personal("+45 20", ANNA)), keys))
    fields["name"], fields["phone"] = fields["phone"], fields["name"]
    with pytest.raises(SealBroken):
        codec.decode("parcel.sent.v1", json.dumps(fields).encode(), STREAM, 1, keys)


def test_an_altered_sealed_value_does_not_open() -> None:
    keys, codec = keys_of(), Codec()
    for broken in ("AAAA", "?", "A" * 80):
        fields = json.loads(codec.encode(message(), keys))
        fields["text"]["sealed"] = broken
        with pytest.raises(SealBroken):
            codec.decode("parcel.message_left.v1", json.dumps(fields).encode(), STREAM, 3, keys)


def test_an_entry_key_seals_for_its_own_person_only() -> None:
    keys = keys_of(person=uuid4())
    with pytest.raises(NoKey):
        Codec().encode(message(), keys)


def test_nothing_is_sealed_without_a_key() -> None:
    with pytest.raises(NoKey):
        Codec().encode(message())


def test_text_that_is_no_unicode_is_refused_and_not_quoted() -> None:
    broken = MARKER + "\ud800"
    for event in (sent(name=Personal(broken, ANNA)), ParcelScanned(STREAM, 2, NOON, place=broken)):
        with pytest.raises(ValidationFailed) as caught:
            Codec().encode(event, keys_of())
        assert MARKER not in everything_said(caught.value)


def test_no_repr_and_no_error_quotes_a_personal_value() -> None:
    keys, codec = keys_of(), Codec()
    event = message(MARKER)
    assert MARKER not in repr(event)
    assert MARKER not in repr(keys)
    parcel = Parcel.send(at=NOON, recipient=ANNA, name=MARKER)
    assert MARKER not in repr(parcel)
    number = codec.encode(ParcelMessageLeft(STREAM, 3, NOON, entry=ENTRY, text=Personal(94179417, ANNA, ENTRY)), keys)  # type: ignore[arg-type]
    with pytest.raises(SealBroken) as caught:
        codec.decode("parcel.message_left.v1", number, STREAM, 3, keys)
    assert "94179417" not in everything_said(caught.value)


def test_a_creation_event_must_carry_the_aggregate_that_its_topic_names() -> None:
    with pytest.raises(TypeError, match="does not create"):
        Codec().encode(
            ParcelSent(STREAM, 1, NOON, originator_topic="letter", size=Size.SMALL, recipient=ANNA, name=Personal(None, ANNA))
        )


def test_the_librarys_own_event_store_takes_the_codec_as_its_mapper() -> None:
    store = EventStore(mapper=Codec(keys_of()), recorder=POPOAggregateRecorder())
    parcel = Parcel.send(at=NOON, recipient=ANNA, name="Anna", id=STREAM)
    parcel.scan(at=NOON, place="Ribe")
    recorded = parcel.collect_events()
    store.put(recorded)
    assert list(store.get(STREAM)) == list(recorded)


def test_a_value_class_is_written_by_its_fields() -> None:
    keys = keys_of()
    label = Label(ENTRY, Personal("to Anna", ANNA, ENTRY), NOON)
    written = json.loads(Codec().encode(sent(labels=(label,), box=Box(2, 3)), keys))
    assert written["box"] == {"width": 2, "height": 3}
    (one,) = written["labels"]
    assert (one["id"], one["printed_at"], one["from"]) == (str(ENTRY), "2026-07-01T12:00:00Z", "depot")
    assert one["text"].keys() == {"sealed", "of", "key"}


def everything_said(error: BaseException) -> str:
    """What a careless logger could print of an error: its chain, contexts that are hidden from tracebacks included."""
    said = "".join(traceback.format_exception(error))
    following: BaseException | None = error
    while following is not None:
        said += repr(following) + str(following.args)
        following = following.__context__ or following.__cause__
    return said


def _base64url(raw: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(raw).rstrip(b"=").decode()
