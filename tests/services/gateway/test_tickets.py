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


TIMELINE = """timeline(first: 100) { nodes { __typename id at summary visibility position actor { __typename id displayName }
  ... on MessageEntry { direction channel body { source text html } attachments { id } language redactedAt }
  ... on InternalNoteEntry { body { source } }
  ... on PhoneCallEntry { direction duration contact { displayName } body { text } }
  ... on StatusEntry { from to }
  ... on AssignmentEntry { before: from { displayName } after: to { displayName } }
  ... on TransferEntry { queue { ref } organisation { ref } }
  ... on ClassificationEntry { what was: from now: to }
  ... on RelationEntry { relation: change other { ref } }
  ... on EscalationEntry { target }
  ... on SlaEntry { change promise: target { metric } }
  ... on RatingEntry { rating { score comment } } } }"""


async def test_a_whole_life_is_told_by_the_timeline(world: World) -> None:
    opened = await world.open("anna")
    id = {"ticketId": opened["id"]}
    position = None

    async def agent(mutation: str, seen: bool = False, **input: object) -> None:
        nonlocal position
        expected = {}
        if seen:
            ticket = await world.ticket("agnes", opened["id"], "version", position)
            assert ticket is not None
            expected = {"expectedVersion": ticket["version"]}
        position = (await world.did("agnes", mutation, {**id, **expected, **input}))["position"]

    await agent("assignTicket", agentId=world.ids["agnes"])
    await agent("addInternalNote", body="A **secret** thought", mentions=[world.ids["arne"]])
    await agent("tagTicket", tag="network")
    await agent("changeTicketPriority", seen=True, priority="URGENT")
    await agent("escalateTicket", target="ON_CALL")
    await agent(
        "replyToTicket", body="Look at [this](https://example.org) ![x](https://evil.example/x.png)", then="AWAIT_CUSTOMER"
    )
    mine = await world.did("anna", "replyToTicket", {**id, "body": "It works now"}, "entry { __typename } ticket { status }")
    assert mine["ticket"]["status"] == "OPEN"
    position = mine["position"]
    await agent("resolveTicket", seen=True, resolution="SOLVED")
    rated = await world.did("anna", "rateTicketSatisfaction", {**id, "score": 5, "comment": "Thank you"})
    closed = await world.did("anna", "closeTicket", {**id, "expectedVersion": rated["version"]}, "ticket { status version }")
    assert closed["ticket"]["status"] == "CLOSED"
    assert closed["ticket"]["version"] == closed["version"]

    theirs = await world.ticket("anna", opened["id"], TIMELINE, closed["position"])
    staffs = await world.ticket("agnes", opened["id"], TIMELINE, closed["position"])
    assert theirs is not None
    assert staffs is not None
    kinds = [entry["__typename"] for entry in theirs["timeline"]["nodes"]]
    assert {"MessageEntry", "StatusEntry", "AssignmentEntry", "ClassificationEntry", "SlaEntry", "RatingEntry"} <= set(kinds)
    assert not {"InternalNoteEntry", "EscalationEntry"} & set(kinds)
    assert {"InternalNoteEntry", "EscalationEntry"} <= {entry["__typename"] for entry in staffs["timeline"]["nodes"]}
    assert all(entry["visibility"] == "EVERYONE" for entry in theirs["timeline"]["nodes"])
    reply = next(entry for entry in theirs["timeline"]["nodes"] if entry.get("direction") == "OUTBOUND")
    assert reply["actor"] == {"__typename": "Agent", "id": world.ids["agnes"], "displayName": "Agnes"}
    assert 'href="https://example.org"' in reply["body"]["html"]
    assert "evil.example" not in reply["body"]["html"]
    assert reply["body"]["text"] == "Look at this"


async def test_every_field_of_a_ticket_can_be_read(world: World) -> None:
    opened = await world.open("anna")
    other = await world.open("anna", "Another")
    link = {"ticketId": opened["id"], "otherTicketId": other["id"], "kind": "RELATED"}
    linked = await world.did("agnes", "linkTicket", link, "ticket { links { kind } } other { links { kind } } otherVersion")
    assert linked["other"]["links"] == [{"kind": "RELATED"}]
    await world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": "urgent-care"})
    await world.did("agnes", "watchTicket", {"ticketId": opened["id"]})
    done = await world.did("agnes", "escalateTicket", {"ticketId": opened["id"], "target": "TEAM_LEAD"})
    fields = f"""id ref version kind subject status priority severity channel createdAt updatedAt firstRespondedAt resolvedAt
      reopenableUntil snoozedUntil holdReason resolution viewerIsWatching viewerCan
      organisation {{ id ref name version emailDomains contacts(first: 5) {{ totalCount nodes {{ displayName }} }}
        tickets(first: 2) {{ nodes {{ ref }} }} }}
      requester {{ id displayName version email phone emailVerification role dataState organisation {{ ref }} }}
      assignee {{ id displayName queues {{ ref }} role }} queue {{ id ref name agents {{ displayName }} }}
      slaTargets {{ id metric state target policyName appliedAt dueAt consumed endedAt
        calendar {{ name timeZone hours opens {{ day from to }} holidays }}
        ledger {{ from to kind cause counted entry {{ __typename summary }} }} }}
      fields {{ key label value {{ __typename }} }} links {{ kind ticket {{ ref status organisation {{ ref }} }} }}
      mergedInto {{ ref }} ratings {{ score }} externalRefs {{ system value }}
      staff {{ tags noteCount detectedLanguage languageNotice watchers {{ __typename displayName }}
        escalation {{ target at by {{ displayName }} }} }}
      {TIMELINE} newest: timeline(last: 1) {{ edges {{ cursor node {{ summary }} }} pageInfo {{ hasPreviousPage startCursor }} }}"""
    found = await world.ticket("agnes", opened["id"], fields, done["position"])
    assert found is not None
    assert found["staff"]["tags"] == ["urgent-care"]
    assert found["staff"]["escalation"]["by"] == {"displayName": "Agnes"}
    assert found["viewerIsWatching"] is True
    assert found["links"] == [
        {"kind": "RELATED", "ticket": {"ref": other["ref"], "status": "NEW", "organisation": {"ref": "acme"}}}
    ]
    metrics = [target["metric"] for target in found["slaTargets"]]
    assert "FIRST_RESPONSE" in metrics
    assert found["slaTargets"][0]["ledger"][0]["cause"] in ("TICKET_OPENED", "TARGET_APPLIED")
    assert len(found["newest"]["edges"]) == 1
    assert found["newest"]["pageInfo"]["hasPreviousPage"] is True
    as_customer = await world.ticket("anna", opened["id"], fields, done["position"])
    assert as_customer is not None
    assert as_customer["staff"] is None
    assert as_customer["queue"]["agents"] == []
    assert "ASSIGN" not in as_customer["viewerCan"]


async def test_a_private_act_of_staff_moves_nothing_a_customer_sees(world: World) -> None:
    opened = await world.open("anna")
    before = await world.ticket("anna", opened["id"], "version updatedAt")
    done = await world.did("agnes", "addInternalNote", {"ticketId": opened["id"], "body": "Not for them"})
    after = await world.ticket("anna", opened["id"], "version updatedAt", done["position"])
    assert before == after
    assert after is not None
    mine = {"ticketId": opened["id"], "expectedVersion": after["version"]}
    payload = await world.did("anna", "closeTicket", mine, "ticket { status }")
    assert payload["ticket"]["status"] == "CLOSED"


async def test_another_organisations_ticket_does_not_exist(world: World) -> None:
    opened = await world.open("anna")
    assert await world.ticket("zoe", opened["id"], "ref") is None
    assert (await world.say("zoe", "query($r: String!) { ticket(by: {ref: $r}) { ref } }", r=opened["ref"]))["ticket"] is None
    assert (await world.say("zoe", "query($i: ID!) { node(id: $i) { id } }", i=opened["id"]))["node"] is None
    refused = await world.do("zoe", "replyToTicket", {"ticketId": opened["id"], "body": "Hello"})
    made_up = await world.do("zoe", "replyToTicket", {"ticketId": "tk_AAAAAAAAAAAAAAAAAAAAAA", "body": "Hello"})
    assert refused["errors"] == made_up["errors"]
    assert refused["errors"][0]["__typename"] == "NotFound"


async def test_a_stale_view_of_the_ticket_is_a_conflict(world: World) -> None:
    opened = await world.open("anna")
    await world.did("agnes", "assignTicket", {"ticketId": opened["id"], "agentId": world.ids["arne"]})
    given = {"ticketId": opened["id"], "expectedVersion": opened["version"], "resolution": "SOLVED"}
    refused = await world.do("agnes", "resolveTicket", given, "ticket { ref } errors { ... on Conflict { currentVersion } }")
    assert refused["ticket"] is None
    assert refused["version"] is None
    assert refused["errors"][0]["code"] == "CONFLICT"
    assert refused["errors"][0]["currentVersion"] > opened["version"]


async def test_the_same_key_gives_the_same_outcome_and_another_request_is_refused(world: World) -> None:
    input = {"ticket": {"kind": "REQUEST", "subject": "Twice"}, "body": "Once", "idempotencyKey": "a-key-of-mine"}
    query = "mutation M($input: OpenTicketInput!) { openTicket(input: $input) { ticket { ref } version position errors { code path } } }"
    first = await world.say("anna", query, input=input)
    again = await world.say("anna", query, input=input)
    assert first == again
    other = await world.say("anna", query, input={**input, "body": "Another"})
    assert other["openTicket"]["errors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "idempotencyKey"]}]
    theirs = await world.say("zoe", query, input=input)
    assert theirs["openTicket"]["errors"] == []
    assert theirs["openTicket"]["ticket"] != first["openTicket"]["ticket"]


async def test_nothing_done_still_answers_with_version_and_position(world: World) -> None:
    opened = await world.open("anna")
    await world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": "same"})
    again = await world.did("agnes", "tagTicket", {"ticketId": opened["id"], "tag": "same"}, "ticket { version }")
    assert again["version"] == again["ticket"]["version"]
    assert again["position"] is not None


async def test_merging_and_splitting_answer_with_both_tickets(world: World) -> None:
    one, two = await world.open("anna", "One"), await world.open("anna", "Two")
    one_now = await world.ticket("agnes", one["id"], "version", two["position"])
    two_now = await world.ticket("agnes", two["id"], "version")
    assert one_now is not None
    assert two_now is not None
    given = {
        "ticketId": one["id"],
        "intoTicketId": two["id"],
        "expectedVersion": one_now["version"],
        "intoExpectedVersion": two_now["version"],
    }
    merged = await world.did(
        "agnes", "mergeTicket", given, "ticket { status mergedInto { ref } version } other { ref version } otherVersion"
    )
    assert merged["ticket"]["mergedInto"] == {"ref": two["ref"]}
    assert merged["otherVersion"] == merged["other"]["version"]
    undone = await world.did(
        "agnes", "unmergeTicket", {"ticketId": one["id"], "expectedVersion": merged["version"]}, "ticket { status version }"
    )
    assert undone["ticket"]["status"] == "NEW"
    new = {"kind": "REQUEST", "subject": "Taken out"}
    split = await world.did(
        "agnes",
        "splitTicket",
        {"ticketId": one["id"], "entryIds": [one["entry"]], "newTicket": new, "expectedVersion": undone["version"]},
        "other { subject timeline { nodes { id __typename } } }",
    )
    assert one["entry"] in [entry["id"] for entry in split["other"]["timeline"]["nodes"]]


async def test_a_redacted_message_is_gone_and_seen_to_be(world: World) -> None:
    opened = await world.open("anna", body="my password is hunter2")
    now = await world.ticket("agnes", opened["id"], "version")
    assert now is not None
    given = {"ticketId": opened["id"], "entryId": opened["entry"], "reason": "SECRET", "expectedVersion": now["version"]}
    payload = await world.did(
        "agnes", "redactTicketMessage", given, "entry { ... on MessageEntry { body { source } redactedAt } }"
    )
    assert payload["entry"]["body"] is None
    assert payload["entry"]["redactedAt"] is not None


async def test_an_erased_contact_is_a_placeholder_and_signs_in_no_more(world: World) -> None:
    who = {"email": "gone@acme.example", "name": "Gone Soon", "organisationId": world.ids["acme"]}
    made = await world.did("boss", "registerContact", who, "contact { id version displayName organisation { ref } }")
    contact = made["contact"]
    assert contact["organisation"] == {"ref": "acme"}
    opened = await world.open("agnes", "About Gone", requester={"contactId": contact["id"]}, body="Gone said so")
    given = {"contactId": contact["id"], "confirmation": "gone@acme.example", "expectedVersion": contact["version"]}
    assert (await world.do("boss", "eraseContact", given))["errors"][0]["code"] == "FORBIDDEN"
    erased = await world.did("admin", "eraseContact", given, "contact { displayName email dataState }")
    assert erased["contact"] == {"displayName": "Erased person", "email": None, "dataState": "ERASED"}
    left = await world.ticket("agnes", opened["id"], f"subject requester {{ displayName }} {TIMELINE}", erased["position"])
    assert left is not None
    assert "Gone" not in str(left)


async def test_a_link_ends_for_both_when_one_changes_its_organisation(world: World) -> None:
    stays, goes = await world.open("anna", "Stays"), await world.open("anna", "Goes")
    link = {"ticketId": stays["id"], "otherTicketId": goes["id"], "kind": "BLOCKS"}
    linked = await world.did("agnes", "linkTicket", link, "ticket { links { kind } } otherVersion")
    assert linked["ticket"]["links"] == [{"kind": "BLOCKS"}]
    version = linked["otherVersion"]
    for organisation in ("zenith", "acme"):  # there and back again
        move = {"ticketId": goes["id"], "to": {"organisationId": world.ids[organisation]}, "expectedVersion": version}
        moved = await world.did("agnes", "transferTicket", move, "ticket { links { kind } }")
        version = moved["version"]
        assert moved["ticket"]["links"] == []
        for who in ("agnes", "anna"):
            left = await world.ticket(who, stays["id"], "links { kind }", moved["position"])
            assert left == {"links": []}
    again = await world.did("agnes", "linkTicket", link, "ticket { links { kind } } other { links { kind } }")
    assert (again["ticket"]["links"], again["other"]["links"]) == ([{"kind": "BLOCKS"}], [{"kind": "BLOCKED_BY"}])


async def test_a_program_without_sight_of_notes_merges_by_the_version_it_sees(world: World) -> None:
    one, other = await world.open("anna", "One"), await world.open("anna", "Other")
    await world.did("agnes", "addInternalNote", {"ticketId": other["id"], "body": "Not for programs"})
    given = {
        "ticketId": one["id"],
        "expectedVersion": one["version"],
        "intoTicketId": other["id"],
        "intoExpectedVersion": other["version"],
    }
    refused = await world.do("program", "mergeTicket", {**given, "intoExpectedVersion": other["version"] + 1})
    assert [each["code"] for each in refused["errors"]] == ["CONFLICT"]
    await world.did("program", "mergeTicket", given, "ticket { status }")
