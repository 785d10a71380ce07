"""Text in three forms: as it was written, plain, and as HTML that is safe to show.

Sanitised at the way out, so that a better sanitiser also mends what is stored. Nothing remote is ever loaded by showing a message:
images and whatever else fetches by itself are taken out, links stay links.
"""

from __future__ import annotations

import html as entities

import nh3
import strawberry
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}


def as_html(source: str, written: str) -> str:
    """Sanitised HTML of a text; `written` is MARKDOWN or PLAIN."""
    if written == "PLAIN":
        return "<p>" + entities.escape(source).replace("\n", "<br>\n") + "</p>"
    return nh3.clean(
        _MARKDOWN.render(source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def as_text(source: str, written: str) -> str:
    """The text without marks."""
    if written == "PLAIN":
        return source
    return entities.unescape(nh3.clean(_MARKDOWN.render(source), tags=set())).strip()


@strawberry.type(description="Text in three forms.")
class MessageBody:
    source: str = strawberry.field(description="As written, Markdown or plain.")
    written: strawberry.Private[str]

    @strawberry.field(description="Plain.")
    def text(self) -> str:
        return as_text(self.source, self.written)

    @strawberry.field(description="HTML, sanitised, remote content removed.")
    def html(self) -> str:
        return as_html(self.source, self.written)


def message_body(source: str | None, written: str | None) -> MessageBody | None:
    return None if source is None else MessageBody(source=source, written=written or "MARKDOWN")
