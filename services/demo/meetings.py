"""The operations meetings of the quarter told and the one before: proposed by time, held, minuted, with tasks that came of them.

They are told when all else was: a pack is counted from the log, as it is then, up to the instant at which it is frozen. So its figures and
its position follow from the seed, whatever was recorded beside what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from domain.catalogue import Capability
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter, slot
from domain.meetings.vocabulary import OwnerKind
from projections.viewer import Viewer
from services.commands import meetings
from services.commands.desk import Desk
from services.commands.meetings import Packs
from services.demo.chronicle import Chronicle
from services.demo.contracts import begins, ends, renewal
from services.demo.course import Moment
from services.demo.customers import ADMIN, BY_NAME, Contract, Customer, data
from services.demo.stories import Voice
from services.demo.tickets import as_viewer
from services.runtime.decision import Decision


@dataclass
class Meetings:
    """`contracts` fills with the ids of the customers' contracts. `packs` counts packs; None leaves them out."""

    desk: Desk
    chronicle: Chronicle
    contracts: Mapping[str, UUID]
    viewers: Mapping[str, Viewer]
    until: datetime
    packs: Packs | None = None
    ids: dict[str, UUID] = field(default_factory=dict)

    def moments(self, known: Sequence[Customer]) -> list[Moment]:
        told: list[Moment] = []
        zone = self.chronicle.policies.operations_meetings.time_zone
        now = Quarter.of(self.until, zone)
        before = Quarter.of(now.begins(zone) - timedelta(days=1), zone)
        for customer in known:
            for quarter in (before, now):
                told += self._of(customer, customer.contract, quarter) if customer.contract else ()
        return [moment for moment in told if moment.at <= self.until]

    def _given_since(self, contract: Contract) -> datetime | None:
        """From when on the contract gives such meetings."""
        gives = {each.code: each.gives(Capability.OPERATIONS_MEETINGS) for each in self.chronicle.policies.products}
        if gives[contract.product]:
            return begins(contract, self.until)
        if contract.change is not None and gives[contract.change["product"]]:
            return (self.until - timedelta(days=contract.change["after"])).replace(hour=0)
        return None

    def _of(self, customer: Customer, contract: Contract, quarter: Quarter) -> Iterator[Moment]:
        policy = self.chronicle.policies.operations_meetings
        given = self._given_since(contract)
        if given is None:
            return
        proposed = max(quarter.begins(policy.time_zone), given) + timedelta(hours=12)
        starts = slot(policy, quarter, proposed)
        renewed, first_end = renewal(contract, self.until)
        last = first_end if renewed is None or proposed < renewed else ends(contract, self.until)
        if starts is None or (last is not None and last <= starts):
            return
        key = f"meeting/{customer.ref}/{quarter.name}"
        chance = Random(f"{self.chronicle.seed}/{key}")
        manager = BY_NAME[contract.manager or ADMIN.name]
        voice = Voice(chance, customer, customer.people[0], manager.name, "en")
        texts = data("rooms.toml")["meetings"]
        extra, minutes = voice.say(texts["extras"]), voice.say(texts["minutes"])
        tasks = [each.format_map(voice.words) for each in chance.sample(texts["tasks"], 2)]

        async def propose() -> None:
            async def decide(decision: Decision) -> None:
                await meetings.propose(decision, self.chronicle.policies, self.contracts[customer.ref], quarter, proposed)

            await self.desk.writer.decide(self.chronicle.time(proposed, key), decide)

        async def tell(what: str, at: datetime) -> None:
            by = self.chronicle.by(as_viewer(manager), at, f"{key}/{what}", key)
            id = OperationsMeeting.id_of(self.contracts[customer.ref], quarter)
            match what:
                case "extra":
                    await meetings.add_agenda_item(self.desk, by, id, extra)
                case "freeze" if self.packs is not None:
                    await meetings.freeze_pack(self.desk, by, id, self.packs)
                case "hold":
                    await meetings.hold(self.desk, by, id)
                case "minutes":
                    await meetings.record_minutes(self.desk, by, id, minutes)
                case "ours":
                    due = (at + timedelta(days=21)).date()
                    receipt = await meetings.raise_action_item(
                        self.desk, by, id, tasks[0], manager.id, OwnerKind.STAFF, due_on=due
                    )
                    self.ids[key] = UUID(receipt.ids["item"])
                case "theirs":
                    owner = self.viewers[customer.email(customer.people[0])].id
                    await meetings.raise_action_item(self.desk, by, id, tasks[1], owner, OwnerKind.CONTACT)
                case "done":
                    await meetings.complete_action_item(self.desk, by, id, self.ids[key])

        lanes = ((key,), (f"organisation/{customer.ref}",))
        yield Moment(proposed, propose, *lanes)
        course = [("freeze", -60 * 3), ("hold", 70), ("minutes", 300), ("ours", 310), ("theirs", 320), ("done", 60 * 24 * 9)]
        if chance.random() < 0.4 and starts - timedelta(days=5) > proposed:
            course.insert(0, ("extra", -60 * 24 * 4))
        for what, minute in course:
            at = starts + timedelta(minutes=minute)
            yield Moment(at, partial(tell, what, at), *lanes)
