"""A ticket's life through the gateway."""

from __future__ import annotations

from tests.services.gateway.world import World


async def test_a_customer_opens_a_ticket_and_reads_it_at_once(world: World) -> None:
    opened = await world.open("anna", "Login fails")
    found = await world.ticket(
        "anna", opened["id"], "ref subject status version organisation { ref } requester { displayName email } queue { ref }"
    )
    assert found is not None
    assert found["subject"] == "Login fails"
    assert found["status"] == "NEW"
    assert found["organisation"] == {"ref": "acme"}
    assert found["requester"] == {"displayName": "Anna", "email": "anna@acme.example"}
