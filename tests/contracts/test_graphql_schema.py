"""What the schema promises, held without a server."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    validate_schema,
)

from domain import calendars, catalogue, policies
from domain.deliveries.vocabulary import NotificationChannel
from domain.engagements import refusals as engagement_refusals  # noqa: F401 - its rules
from domain.engagements import vocabulary as engagement_words
from domain.errors import RuleViolated
from domain.meetings import refusals as meeting_refusals  # noqa: F401 - its rules
from domain.meetings import vocabulary as meeting_words
from domain.organisations.events import ContactRole
from domain.status import vocabulary as status_words
from domain.subscriptions import refusals as subscription_refusals  # noqa: F401 - its rules
from domain.subscriptions import vocabulary as subscription_words
from domain.tickets import (
    refusals,  # noqa: F401 - its rules
    sla,
    status,
    vocabulary,
)
from projections import report_scope
from projections.viewer import Role, Viewer
from services.gateway import guards
from services.gateway.access import AccessLevel, Scope, admits
from services.gateway.schema import executable, printed

ROOT = Path(__file__).parents[2]
S = Scope
L = AccessLevel
TABLE: dict[str, tuple[AccessLevel, Scope | None]] = {
    **dict.fromkeys(["node", "nodes", "viewer", "products"], (L.PUBLIC, None)),
    **dict.fromkeys(
        ["ticket", "tickets", "ticketCount", "ticketFieldDefinitions", "slaPolicies", "search", "ticketChanged", "ticketsChanged"],
        (L.CONTACT, S.TICKETS_READ),
    ),
    **dict.fromkeys(["queues", "slaAlerts"], (L.STAFF, S.TICKETS_READ)),
    **dict.fromkeys(["statusPage", "incidents", "statusChanged"], (L.PUBLIC, None)),
    **dict.fromkeys(["registerServiceComponent", "retireServiceComponent"], (L.ADMIN, S.STATUS_WRITE)),
    **dict.fromkeys(
        [
            "declareIncident", "scheduleMaintenance", "cancelMaintenance", "postStatusUpdate", "linkTicketToIncident",
            "linkTicketToMaintenance", "resolveIncident",
        ],
        (L.STAFF, S.STATUS_WRITE),
    ),
    **dict.fromkeys(["organisation", "contact"], (L.CONTACT, S.PEOPLE_READ)),
    "organisations": (L.STAFF, S.PEOPLE_READ),
    "projections": (L.OPERATOR, S.OPERATIONS_READ),
    "erasureCertificate": (L.OPERATOR, None),
    **dict.fromkeys(
        [
            "openTicket", "replyToTicket", "setTicketField", "closeTicket", "reopenTicket", "rateTicketSatisfaction", "watchTicket",
            "unwatchTicket",
        ],
        (L.CONTACT, S.TICKETS_WRITE),
    ),
    **dict.fromkeys(
        [
            "logPhoneCall", "addInternalNote", "assignTicket", "unassignTicket", "transferTicket", "changeTicketPriority",
            "changeTicketSeverity", "tagTicket", "untagTicket", "startTicketWork", "awaitCustomer", "putTicketOnHold", "snoozeTicket",
            "resolveTicket", "mergeTicket", "unmergeTicket", "splitTicket", "linkTicket", "unlinkTicket", "escalateTicket",
            "markTicketAsSpam", "unmarkTicketAsSpam", "redactTicketMessage",
        ],
        (L.STAFF, S.TICKETS_WRITE),
    ),
    **dict.fromkeys(["registerContact", "linkContact", "unlinkContact", "changeContactRole"], (L.CUSTOMER_ADMIN, S.PEOPLE_WRITE)),
    **dict.fromkeys(["registerOrganisation", "eraseContact", "eraseOrganisation"], (L.ADMIN, S.PEOPLE_WRITE)),
    **dict.fromkeys(["engagements", "requestEngagement", "cancelEngagement"], (L.CONTACT, S.MEETINGS)),
    **dict.fromkeys(
        ["scopeEngagement", "scheduleEngagement", "completeEngagement", "declineEngagement"], (L.MANAGER, S.MEETINGS)
    ),
    **dict.fromkeys(["operationsMeetings", "addAgendaItem", "completeActionItem"], (L.CONTACT, S.MEETINGS)),
    **dict.fromkeys(
        [
            "scheduleOperationsMeeting", "rescheduleOperationsMeeting", "freezeReviewPack", "holdOperationsMeeting",
            "recordMeetingMinutes", "raiseActionItem", "cancelOperationsMeeting",
        ],
        (L.MANAGER, S.MEETINGS),
    ),
    **dict.fromkeys(
        [
            "slaComplianceReport", "ticketVolumeReport", "backlogAgeingReport", "ticketTimesReport", "availabilityReport",
            "satisfactionReport",
        ],
        (L.CONTACT, S.REPORTS_READ),
    ),
    "contracts": (L.CONTACT, S.CONTRACTS_READ),
    "draftContract": (L.STAFF, S.CONTRACTS_WRITE),
    **dict.fromkeys(
        [
            "activateContract", "changeContractPlan", "renewContract", "suspendContract", "resumeContract", "terminateContract",
            "assignServiceManager", "replaceServiceManager", "releaseServiceManager", "coverService",
        ],
        (L.ADMIN, S.CONTRACTS_WRITE),
    ),
    **dict.fromkeys(["chatRoomAccesses", "requestChatRoomAccess", "chatAccessChanged"], (L.CONTACT, S.CHAT)),
    **dict.fromkeys(["approveChatRoomAccess", "denyChatRoomAccess", "revokeChatRoomAccess"], (L.STAFF, S.CHAT)),
    **dict.fromkeys(
        [
            "statusSubscriptions", "requestStatusSubscription", "changeStatusSubscriptionScope", "setStatusSubscriptionQuietHours",
            "setStatusSubscriptionDigest", "pauseStatusSubscription", "resumeStatusSubscription", "rotateWebhookSecret",
            "sendTestNotification", "eraseStatusDestination",
        ],
        (L.CONTACT, S.STATUS_SUBSCRIPTIONS),
    ),
    **dict.fromkeys(["confirmStatusSubscription", "cancelStatusSubscription"], (L.PUBLIC, S.STATUS_SUBSCRIPTIONS)),
    "disableStatusSubscription": (L.STAFF, S.STATUS_SUBSCRIPTIONS),
    "requestEmailVerification": (L.CONTACT, S.PEOPLE_WRITE),
    "requestDataExport": (L.CONTACT, S.PEOPLE_WRITE),
    "verifyContactEmail": (L.PUBLIC, S.PEOPLE_WRITE),
    "knowledgeResources": (L.PUBLIC, None),
    "topicRequests": (L.CONTACT, S.KNOWLEDGE),
    **dict.fromkeys(["publishKnowledge", "reviseKnowledge", "retireKnowledge"], (L.STAFF, S.KNOWLEDGE)),
    **dict.fromkeys(["requestTopic", "voteForTopic"], (L.CONTACT, None)),
}  # fmt: skip
"""The permission table: every root field, who may call it, and the scope that admits another program."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return executable()


def test_the_committed_schema_is_what_the_code_makes() -> None:
    assert (ROOT / "schema.graphql").read_text() == printed(), "run `make schemas` and commit schema.graphql"


def test_the_printed_schema_is_valid_and_stands_by_itself() -> None:
    assert validate_schema(build_schema(printed())) == []


def test_every_type_field_argument_and_value_is_described(schema: GraphQLSchema) -> None:
    bare = []
    for name, named in schema.type_map.items():
        if name.startswith("__") or name in ("Int", "Float", "String", "Boolean", "ID"):
            continue
        if not named.description:
            bare.append(name)
        if isinstance(named, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
            for field, definition in named.fields.items():
                if not definition.description:
                    bare.append(f"{name}.{field}")
                arguments = getattr(definition, "args", {})
                bare += [f"{name}.{field}({each})" for each, argument in arguments.items() if not argument.description]
        if isinstance(named, GraphQLEnumType):
            bare += [f"{name}.{value}" for value, definition in named.values.items() if not definition.description]
    assert bare == []


def test_every_root_field_has_the_right_that_the_table_says(schema: GraphQLSchema) -> None:
    found = {}
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        assert root is not None
        for name, field in root.fields.items():
            access = guards.access_of(field)
            found[name] = (access.level, access.scope or None)
    assert found == TABLE


@pytest.mark.parametrize(
    ("level", "may"),
    [
        (L.PUBLIC, set(Role)),
        (L.CONTACT, set(Role) - {Role.SERVICE, Role.AUDITOR}),
        (L.CUSTOMER_ADMIN, {Role.CUSTOMER_ADMIN, Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN}),
        (L.STAFF, {Role.AGENT, Role.SERVICE_MANAGER, Role.ADMIN}),
        (L.MANAGER, {Role.SERVICE_MANAGER, Role.ADMIN}),
        (L.ADMIN, {Role.ADMIN}),
        (L.OPERATOR, {Role.ADMIN}),
    ],
)
def test_a_level_admits_these_roles_to_commands(level: AccessLevel, may: set[Role]) -> None:
    viewers = {role: Viewer(role, policies.NAMESPACE) for role in Role}
    admitted = {role for role, viewer in viewers.items() if admits(level, None, viewer, reading=False)}
    assert admitted == may - {Role.AUDITOR}


def test_an_auditor_reads_everything_and_commands_nothing() -> None:
    auditor = Viewer(Role.AUDITOR, policies.NAMESPACE)
    assert all(admits(level, None, auditor, reading=True) for level in AccessLevel)
    assert not any(admits(level, None, auditor, reading=False) for level in AccessLevel)


def test_a_program_is_admitted_by_scope_alone() -> None:
    program = Viewer(Role.SERVICE, policies.NAMESPACE, scopes=frozenset({"TICKETS_READ"}))
    assert admits(L.STAFF, S.TICKETS_READ, program, reading=True)
    assert not admits(L.CONTACT, S.TICKETS_WRITE, program, reading=False)
    assert not admits(L.CONTACT, None, program, reading=True)


def test_nobody_is_admitted_to_what_is_public_only() -> None:
    assert [level for level in AccessLevel if admits(level, None, None, reading=True)] == [L.PUBLIC]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ComponentState", status_words.ComponentState),
        ("IncidentStatus", status_words.IncidentStatus),
        ("MaintenanceStatus", status_words.MaintenanceStatus),
        ("StatusSeverity", status_words.StatusSeverity),
        ("EngagementKind", engagement_words.EngagementKind),
        ("EngagementStatus", engagement_words.EngagementStatus),
        ("MeetingStatus", meeting_words.MeetingStatus),
        ("AgendaKind", meeting_words.AgendaKind),
        ("Period", report_scope.Period),
        ("Dimension", report_scope.Dimension),
        ("SubscriptionStatus", subscription_words.SubscriptionStatus),
        ("DigestMode", subscription_words.DigestMode),
        ("DisableReason", subscription_words.DisableReason),
        ("NotificationChannel", NotificationChannel),
        ("TicketKind", vocabulary.TicketKind),
        ("TicketStatus", status.Status),
        ("TicketPriority", vocabulary.Priority),
        ("TicketSeverity", vocabulary.Severity),
        ("Channel", vocabulary.Channel),
        ("HoldReason", vocabulary.HoldReason),
        ("Resolution", vocabulary.Resolution),
        ("TicketLinkKind", vocabulary.LinkKind),
        ("EscalationTarget", vocabulary.EscalationTarget),
        ("RedactionReason", vocabulary.RedactionReason),
        ("AfterReply", vocabulary.AfterReply),
        ("Direction", vocabulary.Direction),
        ("Visibility", vocabulary.Visibility),
        ("ExternalSystem", vocabulary.ExternalSystem),
        ("SlaMetric", vocabulary.SlaMetric),
        ("SlaState", sla.SlaState),
        ("SlaCause", sla.SlaCause),
        ("SlaIntervalKind", sla.SlaIntervalKind),
        ("ServiceHours", calendars.ServiceHours),
        ("Weekday", calendars.Weekday),
        ("TicketFieldType", policies.FieldType),
        ("ContactRole", ContactRole),
        ("Role", Role),
        ("Capability", catalogue.Capability),
    ],
)
def test_the_words_of_the_schema_are_those_of_the_domain(schema: GraphQLSchema, name: str, words: type[Enum]) -> None:
    named = schema.type_map[name]
    assert isinstance(named, GraphQLEnumType)
    assert set(named.values) == {each.name for each in words}


def test_every_rule_of_the_domain_has_a_name_in_the_schema(schema: GraphQLSchema) -> None:
    named = schema.type_map["DomainRule"]
    assert isinstance(named, GraphQLEnumType)
    assert {rule.rule for rule in RuleViolated.__subclasses__()} <= set(named.values)


def test_every_mutation_takes_one_input_with_a_key_and_answers_with_a_payload(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    payload = schema.type_map["Payload"]
    for name, field in schema.mutation_type.fields.items():
        assert list(field.args) == ["input"]
        assert str(field.args["input"].type) == f"{name[0].upper()}{name[1:]}Input!"
        given = schema.type_map[str(field.args["input"].type).rstrip("!")]
        assert isinstance(given, GraphQLInputObjectType)
        assert str(given.fields["idempotencyKey"].type) == "IdempotencyKey!"
        answer = schema.type_map[str(field.type).rstrip("!")]
        assert isinstance(answer, GraphQLObjectType)
        assert payload in answer.interfaces


def test_lists_are_never_null(schema: GraphQLSchema) -> None:
    found = [
        f"{name}.{field}"
        for name, named in schema.type_map.items()
        if isinstance(named, (GraphQLObjectType, GraphQLInterfaceType)) and not name.startswith("__")
        for field, definition in named.fields.items()
        if str(definition.type).startswith("[") and not str(definition.type).endswith("]!")
    ]
    assert found == []
