"""What happened to the tickets of the demo data: each a short story, told again for several customers at several times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from domain.tickets.vocabulary import EscalationTarget, HoldReason, Priority, Resolution, Severity, TicketKind

Act = Literal[
    "writes",
    "answers",
    "asks",
    "solves",
    "notes",
    "assigned",
    "tagged",
    "held",
    "snoozed",
    "escalated",
    "raised",
    "rated",
    "calls",
]


@dataclass(frozen=True)
class Step:
    """`after` is in hours since the step before."""

    after: float
    act: Act
    text: str = ""
    score: int = 5
    hold: HoldReason = HoldReason.SUPPLIER
    resolution: Resolution = Resolution.SOLVED
    priority: Priority = Priority.URGENT
    target: EscalationTarget = EscalationTarget.ON_CALL


@dataclass(frozen=True)
class Story:
    subject: str
    body: str
    kind: TicketKind = TicketKind.REQUEST
    priority: Priority = Priority.NORMAL
    severity: Severity | None = None
    queue: str = "support"
    region: str | None = None
    steps: tuple[Step, ...] = field(default=())


STORIES = (
    Story(
        "Volumes detach from one compute node",
        "Since this morning three volumes on the same node go read-only after some minutes. `dmesg` shows I/O errors on `vdb`.\n\n"
        "Rebooting the instance helps for about an hour.",
        TicketKind.INCIDENT,
        Priority.HIGH,
        Severity.MAJOR,
        "storage",
        "eu-north",
        (
            Step(0.2, "assigned"),
            Step(0.1, "notes", "Node cn-114 lost one of its two paths to the cluster at 06:12. Draining it now."),
            Step(
                0.3,
                "answers",
                "Thank you for the details. One node has lost a path to the storage cluster; we are moving your instances.",
            ),
            Step(1.5, "writes", "They are back, and writable. Can you confirm that no data was lost?"),
            Step(
                0.6,
                "solves",
                "All writes were acknowledged by at least two replicas, so nothing was lost. The node is out of service.",
            ),
            Step(9.0, "rated", "Quick and clear.", 5),
        ),
    ),
    Story(
        "Kan ikke logge ind i portalen",
        "Hej, siden i går kan to af vores kolleger ikke logge ind. De får beskeden «Ugyldig session». Kan I hjælpe?",
        steps=(
            Step(0.8, "assigned"),
            Step(0.2, "asks", "Thank you for writing. Do they use the single sign-on of your organisation or a local account?"),
            Step(20.0, "writes", "Single sign-on. Vi skiftede certifikat i går, det kan være derfor."),
            Step(
                1.0,
                "solves",
                "That was it: your identity provider signs with a new certificate. We have imported its new metadata.",
            ),
            Step(30.0, "rated", "", 4),
        ),
    ),
    Story(
        "Raise the quota of floating IPs",
        "We are moving our staging environment and need 12 more floating IPs in project *web-staging* until the end of the month.",
        region="eu-central",
        steps=(
            Step(1.1, "assigned"),
            Step(0.3, "solves", "Your quota is 32 now. Please release what you do not need when the move is done."),
        ),
    ),
    Story(
        "Packet loss between regions",
        "We see 2–4 % packet loss from eu-north to eu-central since 14:05. `mtr` output from both ends follows.",
        TicketKind.INCIDENT,
        Priority.URGENT,
        Severity.CRITICAL,
        "network",
        "eu-north",
        (
            Step(0.1, "calls", "Confirmed the loss on the phone; the customer's nightly replication is at risk."),
            Step(0.1, "escalated", target=EscalationTarget.ON_CALL),
            Step(0.2, "assigned"),
            Step(
                0.5,
                "answers",
                "A line card in one of our transit routers drops packets. We have moved traffic to the other path.",
            ),
            Step(2.0, "writes", "Loss is gone on our side since 15:10."),
            Step(3.0, "held", hold=HoldReason.SUPPLIER),
        ),
    ),
    Story(
        "Fråga om lagringspris för kalldata",
        "Hej! Vi vill flytta ungefär 80 TB arkivdata till kall lagring. Vad kostar det att läsa tillbaka en del av den?",
        steps=(
            Step(3.0, "assigned"),
            Step(0.5, "asks", "Thank you for asking. How much do you expect to read back in a usual month, and how quickly?"),
        ),
    ),
    Story(
        "Kubernetes nodes stay NotReady after upgrade",
        "After the upgrade to 1.34 two of nine workers stay `NotReady`. The kubelet log says `PLEG is not healthy`.",
        TicketKind.INCIDENT,
        Priority.HIGH,
        Severity.MINOR,
        "support",
        "eu-west",
        (
            Step(2.5, "assigned"),
            Step(0.2, "notes", "Same as the case last week: old containerd on the image. Ask before we drain anything."),
            Step(0.4, "asks", "The image of these two nodes has an older container runtime. May we replace them one by one?"),
            Step(5.0, "writes", "Yes please, any time after 18:00."),
            Step(4.0, "solves", "Both nodes were replaced; all nine are ready."),
        ),
    ),
    Story(
        "Webhook signature documentation",
        "Is there an example of verifying the webhook signature in Go? We only found Python.",
        priority=Priority.LOW,
        steps=(
            Step(6.0, "assigned"),
            Step(14.0, "snoozed"),
            Step(50.0, "answers", "We have written one; it is in the documentation now."),
        ),
    ),
    Story(
        "Backup window overlaps with our batch jobs",
        "Backups of our databases start at 02:00, exactly when our settlement runs. Could they move to 04:30?",
        steps=(
            Step(2.0, "assigned"),
            Step(0.6, "solves", "They begin at 04:30 from tonight on."),
            Step(26.0, "writes", "Tonight they began at 02:00 again."),
            Step(
                1.0, "answers", "You are right, and we are sorry: one of the two schedules was left as it was. It is corrected."
            ),
            Step(0.1, "solves", "Both schedules begin at 04:30; we watched the first run."),
            Step(40.0, "rated", "It took two attempts, but the answer was honest.", 3),
        ),
    ),
    Story(
        "Treg skriving til objektlager",
        "Hei, opplasting til objektlageret er omtrent ti ganger tregere enn vanlig siden i formiddag. Vi bruker multipart.",
        TicketKind.INCIDENT,
        Priority.NORMAL,
        Severity.MINOR,
        "storage",
        "eu-north",
        (
            Step(0.5, "assigned"),
            Step(0.2, "tagged", "object-storage"),
            Step(0.5, "asks", "Thank you for telling us. Which part size do you use, and from which address do you upload?"),
            Step(2.0, "writes", "8 MB deler, fra 192.0.2.17."),
            Step(1.0, "raised", priority=Priority.HIGH),
            Step(2.0, "answers", "One gateway was rebuilding its index. It is out of rotation; please try again."),
        ),
    ),
    Story(
        "Certificate of the load balancer expires next week",
        "Our monitoring says that the certificate on lb-7 expires in six days. Is renewal automatic?",
        steps=(
            Step(1.4, "assigned"),
            Step(0.4, "solves", "It is, five days before the end; we have renewed it now so that your alarm stops."),
        ),
    ),
    Story(
        "Two invoices for the same month",
        "We received two invoices for October with different totals. Which one is right?",
        steps=(Step(1.0, "tagged", "billing"), Step(7.0, "notes", "Asked finance; the second is a correction of the first.")),
    ),
    Story(
        "New user for our auditor",
        "Please create a read-only user for our auditor, valid for two weeks.",
        priority=Priority.LOW,
    ),
)
