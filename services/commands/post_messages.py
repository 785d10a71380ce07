"""What is written to whom about a status post: plain text for mail, a short one for phones, CloudEvents for programs.

A program gets the fact itself, as it stands in the log and as its schema describes it: public, with no word about the recipient.
https://github.com/cloudevents/spec/blob/main/cloudevents/formats/json-format.md
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import orjson

from domain.deliveries.sms import LONGEST as LONGEST_SMS
from domain.deliveries.sms import sms
from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import ComponentState
from services.commands.posts import Post
from services.runtime.cloudevents import Naming

MOST_IN_SMS = 5
MOST_IN_DIGEST = 50
"""Posts; of more the newest are told, and that there were others."""
LONGEST = 40_000
LONGEST_IN_DIGEST = 2_000
"""Letters of one post's text: a message has to fit into an event, sealed."""
SHORTENED = "\n(shortened)"
RULE = "\n\n" + "-" * 40 + "\n\n"
_SEVERITY = {"INFORMATION": "information", "MINOR": "minor", "MAJOR": "major", "CRITICAL": "critical"}
_STATE = {
    ComponentState.OPERATIONAL: "operational",
    ComponentState.DEGRADED: "degraded",
    ComponentState.PARTIAL_OUTAGE: "partial outage",
    ComponentState.MAJOR_OUTAGE: "major outage",
    ComponentState.UNDER_MAINTENANCE: "under maintenance",
}


@dataclass(frozen=True)
class Written:
    subject: str
    text: str


def told(post: Post, channel: NotificationChannel, naming: Naming, unsubscribe: str | None, *, zone: str = "UTC") -> Written:
    """One post to one subscription, with times as they are in that time zone. `unsubscribe` is the token; on phones there is none."""
    match channel:
        case NotificationChannel.EMAIL:
            return Written(headline(post), f"{paragraphs(post, zone=zone)}\n\n{_leaving(unsubscribe)}")
        case NotificationChannel.SMS:
            return Written("", short(post, zone))
        case NotificationChannel.WEBHOOK:
            return Written(headline(post), msgspec.json.encode(structured(post, naming, unsubscribe)).decode())


def digest(
    posts: Sequence[Post], channel: NotificationChannel, naming: Naming, unsubscribe: str | None, *, zone: str = "UTC"
) -> Written:
    """Several in one, oldest first. To a program: a batch, in the JSON batch format."""
    count = f"{len(posts)} status {'post' if len(posts) == 1 else 'posts'}"
    left_out, posts = max(0, len(posts) - MOST_IN_DIGEST), posts[-MOST_IN_DIGEST:]
    match channel:
        case NotificationChannel.EMAIL:
            contents = "\n".join(f"- {local(post.row.occurred_at, zone)}  {headline(post)}" for post in posts)
            contents += f"\n- and {left_out} earlier" if left_out else ""
            bodies = RULE.join(f"{headline(post)}\n\n{paragraphs(post, LONGEST_IN_DIGEST, zone=zone)}" for post in posts)
            text = f"What was told about the status of our services since the last digest:\n\n{contents}{RULE}{bodies}"
            return Written(f"Status digest: {count}", f"{text}{RULE}{_leaving(unsubscribe)}")
        case NotificationChannel.SMS:
            return Written("", _on_a_phone(f"Status digest, {count}. " + ". ".join(_newest_of_each(posts)[-MOST_IN_SMS:])))
        case NotificationChannel.WEBHOOK:
            batch = [structured(post, naming, unsubscribe, LONGEST_IN_DIGEST) for post in posts]
            return Written(f"Status digest: {count}", msgspec.json.encode(batch).decode())


def on_ticket(post: Post, ref: str) -> Written:
    """The same post to somebody whose ticket it concerns."""
    kind = "incident" if post.aggregate == "incident" else "planned work"
    opening = f"There is news about {kind} {post.ref}, which concerns your ticket [#{ref}]."
    closing = "Answer this message to write to us about your ticket."
    return Written(f"[#{ref}] {headline(post)}", f"{opening}\n\n{paragraphs(post)}\n\n{closing}")


def headline(post: Post) -> str:
    return f"{post.ref} {post.what}: {post.title}"


def paragraphs(post: Post, longest: int = LONGEST, *, zone: str = "UTC") -> str:
    """What happened, what it does to which service, and what was written of it."""
    kind = f"Severity: {_SEVERITY[post.severity.value]}"
    state = f"Status: {post.state.lower().replace('_', ' ')}"
    when = f"Posted: {local(post.row.occurred_at, zone)}"
    lines = [post.title, "", kind, state, when]
    if post.begins is not None and post.ends is not None:
        lines.append(f"Planned: {span(post.begins, post.ends, zone)}")
    if post.states:
        lines += ["", "Services:", *(f"- {name}: {_STATE[state]}" for name, state in post.states)]
    if post.body is not None:
        lines += ["", _cut(post.body, longest)]
    return "\n".join(lines)


def short(post: Post, zone: str = "UTC") -> str:
    """For a phone: what it is comes first, so that what is cut is the least of it."""
    hit = ", ".join(name for name, state in post.states if state is not ComponentState.OPERATIONAL)
    body = _MARKS.sub("", post.body or "")
    parts = [f"{post.ref} {post.what}: {post.title}.", f"{hit}." if hit else "", body]
    if post.begins is not None and post.ends is not None and not post.over:
        parts.insert(1, f"{span(post.begins, post.ends, zone)}.")
    return _on_a_phone(" ".join(part for part in parts if part))


_MARKS = re.compile(r"\*\*|__|`|^#+ ", re.MULTILINE)
"""Of Markdown, which a phone shows as they are."""
_STOP = " Stop: support portal."


def _on_a_phone(text: str) -> str:
    said = sms(text, longest=LONGEST_SMS - len(_STOP) - 1)
    return f"{said}{'' if said.endswith(('.', '!', '?')) else '.'}{_STOP}"


def _newest_of_each(posts: Sequence[Post]) -> list[str]:
    """Where each notice stands, the one told of last at the end: what came before that is no news any more."""
    newest = {post.notice: post for post in sorted(posts, key=lambda post: post.row.position)}
    ordered = sorted(newest.values(), key=lambda post: post.row.position)
    return [f"{post.ref} {post.title}: {post.state.lower().replace('_', ' ')}" for post in ordered]


def structured(post: Post, naming: Naming, unsubscribe: str | None, longest: int = LONGEST) -> dict[str, object]:
    """CloudEvents 1.0 in JSON. What the fact alone does not say stands in attributes: which notice, its title, how serious it is, and
    the token with which the receiver unsubscribes.
    """
    row = post.row
    data = orjson.loads(row.state)
    if post.body is not None:
        data["body"] = _cut(post.body, longest)
    attributes = {name.removeprefix("ce-"): value for name, value in naming.headers(row).items() if name in _PUBLIC}
    return {
        **attributes,
        "noticeref": post.ref,
        "noticetitle": post.title,
        "noticeseverity": post.severity.value,
        **({"unsubscribetoken": unsubscribe} if unsubscribe else {}),
        "data": data,
    }


_PUBLIC = frozenset(
    {f"ce-{name}" for name in ("specversion", "id", "type", "source", "subject", "time", "datacontenttype", "dataschema")}
    | {"ce-sequence", "ce-dataclassification"}
)
"""Who of ours did it, and in which affair, is no business of the receiver."""


def _leaving(token: str | None) -> str:
    return (
        "You get this because you subscribed to the status of our services.\n"
        f"To unsubscribe, give this token to the support portal; opening a link never does it.\n\n{token}"
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(SHORTENED)].rstrip() + SHORTENED


def local(at: datetime, zone: str) -> str:
    """As clocks show it there, with the name of their time: 2027-07-01 14:00 CEST."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def span(begins: datetime, ends: datetime, zone: str) -> str:
    """From one time to another, which has its date and the name of its time alone where they differ."""
    first, last = begins.astimezone(ZoneInfo(zone)), ends.astimezone(ZoneInfo(zone))
    named = "" if first.tzname() == last.tzname() else f" {first:%Z}"
    end = f"{last:%H:%M %Z}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M %Z}"
    return f"{first:%Y-%m-%d %H:%M}{named} to {end}"
