"""A copy of a person's data: asked for by those who may, made by the exporter, fetched by those who may, and gone in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from projections import personal_data
from services.cli.declared import PROJECTIONS
from services.commands import exports
from services.commands.exports import Copies
from services.gateway.ids import global_id
from services.projector.schemas import path
from services.runtime.codec import Codec
from services.runtime.digests import Digests
from services.runtime.event_store import open_store
from services.runtime.keys import Keyring, Vault
from services.runtime.postgres import Login
from services.runtime.sealing import SealBroken
from services.runtime.writer import Writer
from services.scheduler.exporter import Exporter
from tests.services.gateway.world import World, raw

pytestmark = pytest.mark.anyio
EXPORTS = "query E($id: ID!) { contact(by: {id: $id}) { version dataExports { id requestedAt downloadUrl expiresAt } } }"
NODE = "query N($id: ID!) { node(id: $id) { id __typename } }"
MARK = "zanzibar-5512"


class At:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def exporter(world: World, at: At | None = None) -> AsyncIterator[Exporter]:
    """As services/cli/wiring.py puts it together."""
    settings = world.settings
    secret = settings.lookup_secret.get_secret_value()
    async with open_store(settings.postgres("append"), secret=secret.encode()) as store:
        codec, keyring = Codec(), Keyring(store, Vault(settings.key_encryption))
        search = {"search_path": path([each.schema for each in PROJECTIONS])}
        yield Exporter(
            connect=Login(settings.postgres("customer"), settings=search).connect,
            store=store,
            writer=Writer(store, codec, keyring, Digests(secret)),
            codec=codec,
            keyring=keyring,
            clock=at or At(),  # type: ignore[arg-type]  # the two methods that are asked
            projections=PROJECTIONS,
            kept=timedelta(days=7),
        )


async def asked(world: World, who: str, contact: str) -> dict[str, Any]:
    payload = await world.did(who, "requestDataExport", {"contactId": contact}, "export { id downloadUrl expiresAt }")
    made: dict[str, Any] = payload["export"]
    return made


async def made(world: World, *exporters: Exporter) -> int:
    """Let them look until one has made something."""
    async with asyncio.timeout(20):
        while True:
            if count := sum(await asyncio.gather(*(each.look() for each in exporters))):
                return count
            await asyncio.sleep(0.05)


async def there(world: World, who: str, contact: str) -> dict[str, Any]:
    """The newest copy, once its link is there."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await world.say(who, EXPORTS, id=contact))["contact"]["dataExports"][0]
            if found["downloadUrl"]:
                return found
            await asyncio.sleep(0.05)


async def fetched(world: World, who: str | None, id: str) -> Any:
    return await world.client.get(f"http://127.0.0.1:{world.port}/exports/{id}", headers=world.headers(who))


async def a_person(world: World, name: str) -> str:
    from projections.viewer import Role

    who = {
        "email": f"{name}@acme.example",
        "name": f"{name.title()} {MARK}",
        "phone": "+4570123456",
        "organisationId": world.ids["acme"],
    }
    contact: str = (await world.did("admin", "registerContact", who, "contact { id }"))["contact"]["id"]
    world.token(name, Role.CUSTOMER, raw(contact), organisation=raw(world.ids["acme"]))
    return contact


async def test_a_copy_holds_all_that_is_the_persons_and_nothing_of_staff_or_others(world: World) -> None:
    me = await a_person(world, "petra")
    mine = await world.open("petra", f"My disk {MARK}", body="Hej, min disk er fuld og jeg kan ikke gemme noget mere.")
    version = (await world.did("agnes", "replyToTicket", {"ticketId": mine["id"], "body": "We look into it."}))["version"]
    await world.did(
        "agnes", "addInternalNote", {"ticketId": mine["id"], "body": "SECRETNOTE she is angry", "expectedVersion": version}
    )
    await world.did("agnes", "tagTicket", {"ticketId": mine["id"], "tag": "secrettag", "expectedVersion": version + 1})
    others = await world.open("anna", "Annas own secret matter", body="Only Anna wrote this.")
    await world.did("petra", "replyToTicket", {"ticketId": others["id"], "body": "I see it, too."})
    await world.did("petra", "requestTopic", {"title": "How to count disks"})
    call = {"direction": "INBOUND", "startedAt": "2026-01-05T10:00:00Z", "duration": "PT1M", "summary": "Petra told us more."}
    await world.did("agnes", "logPhoneCall", {"target": {"ticketId": others["id"]}, "contactId": me, **call})

    export = await asked(world, "petra", me)
    assert export["downloadUrl"] is None
    assert (await asked(world, "petra", me))["id"] == export["id"]  # while it is being made
    assert (await fetched(world, "petra", export["id"])).status_code == 404
    async with exporter(world) as one, exporter(world) as other, exporter(world) as third:
        assert await made(world, one, other, third) == 1
        assert await one.look() == 0
    found = await there(world, "petra", me)
    assert found["downloadUrl"] == f"{world.settings.source}/exports/{export['id']}"
    answer = await fetched(world, "petra", export["id"])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    copy = answer.json()

    assert (copy["format"], copy["version"]) == ("support-desk.data-export", 1)
    assert copy["contact"]["name"] == f"Petra {MARK}"
    assert (copy["contact"]["email"], copy["contact"]["phone"]) == ("petra@acme.example", "+4570123456")
    assert [each["what"] for each in copy["history"]] == ["REGISTERED", "LINKED", "EXPORT_REQUESTED"]
    assert copy["history"][1]["role"] == "CUSTOMER"
    (ticket,) = copy["tickets"]
    assert (ticket["subject"], ticket["ref"]) == (f"My disk {MARK}", mine["ref"])
    said = [(each["byYou"], each["language"], each["text"]) for each in ticket["timeline"] if each["type"] == "MessageEntry"]
    assert said == [(True, "da", "Hej, min disk er fuld og jeg kan ikke gemme noget mere."), (False, None, "We look into it.")]
    assert [each["text"] for each in copy["messagesElsewhere"]] == ["I see it, too.", "Petra told us more."]
    assert [each["title"] for each in copy["knowledgeWishes"]] == ["How to count disks"]
    for section, form in (("tickets", personal_data.Ticket), ("messagesElsewhere", personal_data.Entry)):
        msgspec.convert(copy[section], list[form])  # type: ignore[valid-type]
    for secret in (
        "SECRETNOTE",
        "secrettag",
        "Annas own",
        "Only Anna",
        "Agnes",
        "anna@acme.example",
        "tokenHash",
        "token_hash",
    ):
        assert secret not in answer.text

    # Nobody else: not a colleague, not an administrator of theirs, not an agent; and none can tell it from what is not there.
    nothing = await fetched(world, "anna", global_id("data_export", uuid4()))
    assert nothing.status_code == 404
    for who in ("anna", "boss", "zoe", "agnes", "program", "auditor", "manager"):
        refused = await fetched(world, who, export["id"])
        assert (refused.status_code, refused.text, dict(refused.headers).keys()) == (404, nothing.text, nothing.headers.keys())
        assert (await world.say(who, NODE, id=export["id"]))["node"] is None
    assert (await world.say("boss", EXPORTS, id=me))["contact"]["dataExports"] == []
    assert (await fetched(world, "admin", export["id"])).text == answer.text
    assert (await world.say("petra", NODE, id=export["id"]))["node"] == {"id": export["id"], "__typename": "DataExport"}
    for whom, id, status in (
        (None, export["id"], 401),
        ("stale", export["id"], 401),
        ("petra", "x" * 300, 404),
        ("petra", mine["id"], 404),
    ):
        assert (await fetched(world, whom, id)).status_code == status


async def test_only_the_person_and_administrators_ask(world: World) -> None:
    for who, contact, code in (
        ("boss", world.ids["anna"], "FORBIDDEN"),
        ("agnes", world.ids["anna"], "FORBIDDEN"),
        ("zoe", world.ids["anna"], "NOT_FOUND"),
        ("program", world.ids["anna"], "FORBIDDEN"),
        ("auditor", world.ids["anna"], "FORBIDDEN"),
        ("anna", global_id("contact", uuid4()), "NOT_FOUND"),
        ("anna", world.ids["acme"], "NOT_FOUND"),
        ("anna", "ct_" + "x" * 22, "NOT_FOUND"),
    ):
        refused = await world.do(who, "requestDataExport", {"contactId": contact})
        assert refused["errors"][0]["code"] == code, (who, contact)
    export = await asked(world, "admin", world.ids["zoe"])
    async with exporter(world) as one:
        await made(world, one)
    await there(world, "zoe", world.ids["zoe"])
    assert (await fetched(world, "zoe", export["id"])).status_code == 200


async def test_a_copy_that_was_interrupted_is_made_anew_and_completed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await a_person(world, "kim")
    await world.open("kim", "Much text", body="word " * 4000)
    monkeypatch.setattr(exports, "PART", 1000)
    export = await asked(world, "kim", me)

    class Killed(BaseException):
        """The process ends here."""

    async with exporter(world) as one:
        for place in ("_keep", "write", "expiry"):
            real = getattr(Copies, place)

            async def killed(self: Copies, *args: Any, real: Any = real, place: str = place, **more: Any) -> Any:
                done = await real(self, *args, **more)
                if place != "expiry" or done is not None:  # after a part, after the last, before the completion is recorded
                    raise Killed
                return done

            monkeypatch.setattr(Copies, place, killed)
            with pytest.raises(Killed):
                await made(world, one)
            monkeypatch.setattr(Copies, place, real)
        assert await made(world, one) == 1
        await there(world, "kim", me)
        topics = [row.topic for row in await one.store.stream(raw(me))]
        assert topics.count("contact.export_completed.v1") == 1
        rows = await one.store.pool.fetch(
            "SELECT DISTINCT attempt FROM store.export_parts WHERE export = $1", raw(export["id"])
        )
        assert len(rows) == 1  # nothing of the attempts that came to nothing
        copy = (await fetched(world, "kim", export["id"])).json()
        assert [each["text"] for each in copy["tickets"][0]["timeline"] if each["text"]] == ["word " * 4000]
        parts = await one.store.pool.fetch("SELECT sealed FROM store.export_parts WHERE export = $1", raw(export["id"]))
        assert len(parts) > 20
        assert not any(b"word word" in row["sealed"] for row in parts)
        # A part that is moved to another place does not open.
        await one.store.pool.execute(
            "UPDATE store.export_parts SET part = -1 WHERE export = $1 AND part = 0", raw(export["id"])
        )
        await one.store.pool.execute("UPDATE store.export_parts SET part = 0 WHERE export = $1 AND part = 1", raw(export["id"]))
        found = await one.copies.find(raw(export["id"]), datetime.now(UTC))
        assert found is not None
        with pytest.raises(SealBroken):
            async for _ in await one.copies.read(found):
                pass


async def test_a_copy_expires_and_dies_with_the_persons_key(world: World) -> None:
    me, other = await a_person(world, "ole"), await a_person(world, "per")
    first, second = await asked(world, "ole", me), await asked(world, "per", other)
    at = At()
    async with exporter(world, at) as one:
        count = 0
        while count < 2:
            count += await made(world, one)
        await there(world, "ole", me)
        version = (await world.say("admin", EXPORTS, id=me))["contact"]["version"]
        await there(world, "per", other)
        erase = {"contactId": me, "confirmation": "ole@acme.example", "expectedVersion": version}
        await world.did("admin", "eraseContact", erase)
        rows = await one.store.pool.fetch("SELECT id FROM store.exports WHERE contact = ANY($1)", [raw(me), raw(other)])
        assert [row["id"] for row in rows] == [raw(second["id"])]
        assert (await fetched(world, "admin", first["id"])).status_code == 404
        (certificate,) = (
            await world.say("admin", "query C($id: ID!) { erasureCertificate(id: $id) { exportsDeleted } }", id=me)
        ).values()
        assert certificate == {"exportsDeleted": 1}
        refused = await world.do("admin", "requestDataExport", {"contactId": me})
        assert refused["errors"][0]["code"] == "INVALID_TRANSITION"
        at.ahead = timedelta(days=7, minutes=1)
        await one.look()
        assert await one.store.pool.fetch("SELECT FROM store.exports WHERE contact = $1", raw(other)) == []
        assert (await fetched(world, "per", second["id"])).status_code == 404


async def test_of_a_person_who_is_erased_while_it_is_made_no_copy_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await a_person(world, "rie")
    export = await asked(world, "rie", me)
    version = (await world.say("admin", EXPORTS, id=me))["contact"]["version"]
    real = Copies._keep

    async def erased_meanwhile(self: Copies, *args: Any) -> None:
        erase = {"contactId": me, "confirmation": "rie@acme.example", "expectedVersion": version}
        await world.did("admin", "eraseContact", erase)
        await real(self, *args)

    async with exporter(world) as one:
        monkeypatch.setattr(Copies, "_keep", erased_meanwhile)
        for _ in range(40):
            await one.look()
            await asyncio.sleep(0.05)
        assert await one.store.pool.fetch("SELECT FROM store.exports WHERE contact = $1", raw(me)) == []
        assert await one.store.pool.fetch("SELECT FROM store.export_parts WHERE export = $1", raw(export["id"])) == []
        assert "contact.export_completed.v1" not in [row.topic for row in await one.store.stream(raw(me))]


def test_ids_of_copies_are_of_their_own_kind() -> None:
    assert global_id("data_export", UUID(int=1)).startswith("dx_")
