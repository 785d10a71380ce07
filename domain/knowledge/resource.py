"""Something to learn from: a page, a configuration, a video. It lies elsewhere; here is what it is about and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent
from domain.knowledge.events import KnowledgePublished, KnowledgeRetired, KnowledgeRevised
from domain.knowledge.refusals import KnowledgeIsRetired
from domain.knowledge.vocabulary import KnowledgeKind

LONGEST_ABSTRACT = 5_000
LONGEST_URL = 2_048
MOST = 50
"""Services, and wishes answered at once."""
_URL = re.compile(r"\Ahttps?://[^\s/?#@\\]+(?:[/?#][!-~]*)?\Z", re.ASCII)
_LANGUAGE = re.compile(r"\A[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")


class KnowledgeResource(Aggregate):
    TOPIC = "knowledge"
    Event = DomainEvent
    Created = KnowledgePublished  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def publish(
        cls,
        *,
        id: UUID,
        at: datetime,
        kind: KnowledgeKind,
        title: str,
        abstract: str,
        url: str,
        language: str = "en",
        components: Sequence[UUID] = (),
        answers: Sequence[UUID] = (),
    ) -> KnowledgeResource:
        """Each wish it answers records so itself, in the same append. Raises ValidationFailed."""
        if not _LANGUAGE.match(language):
            raise ValidationFailed(
                "A language is written as en, da or pt-BR.", problem="BAD_FORMAT", path=("input", "language")
            )
        return cls._create(
            KnowledgePublished,
            id=id,
            timestamp=at,
            kind=kind,
            title=_title(title),
            abstract=_abstract(abstract),
            url=_address(url),
            language=language,
            components=_some(components, ("input", "componentIds")),
            answers=_some(answers, ("input", "answersTopicIds")),
        )

    def revise(self, *, at: datetime, title: str, abstract: str, url: str, components: Sequence[UUID] = ()) -> None:
        """Replace what it says of itself. The same again records nothing."""
        self._must_be_in_use()
        now = (_title(title), _abstract(abstract), _address(url), _some(components, ("input", "componentIds")))
        if now != (self.title, self.abstract, self.url, self.components):
            self.trigger_event(KnowledgeRevised, timestamp=at, title=now[0], abstract=now[1], url=now[2], components=now[3])

    def retire(self, *, at: datetime) -> None:
        """Take it out of use. Again records nothing."""
        if not self.retired:
            self.trigger_event(KnowledgeRetired, timestamp=at)

    def _must_be_in_use(self) -> None:
        if self.retired:
            raise KnowledgeIsRetired

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case KnowledgePublished():
                self.kind = event.kind
                self.title, self.abstract, self.url = event.title, event.abstract, event.url
                self.language = event.language
                self.components = event.components
                self.answers = event.answers
                self.retired = False
            case KnowledgeRevised():
                self.title, self.abstract, self.url = event.title, event.abstract, event.url
                self.components = event.components
            case KnowledgeRetired():
                self.retired = True


def _title(title: str) -> str:
    return text.line(title, path=("input", "title"), what="The title")


def _abstract(abstract: str) -> str:
    return text.body(abstract, path=("input", "abstract"), what="The abstract", longest=LONGEST_ABSTRACT)


def _address(url: str) -> str:
    if len(url) > LONGEST_URL:
        raise ValidationFailed(
            f"An address has at most {LONGEST_URL} characters.",
            problem="TOO_LONG",
            path=("input", "url"),
            limit=str(LONGEST_URL),
        )
    if not _URL.match(url):
        raise ValidationFailed(
            "An address begins with https:// or http:// and holds no blanks, names or passwords.",
            problem="BAD_FORMAT",
            path=("input", "url"),
        )
    return url


def _some(ids: Sequence[UUID], path: tuple[str, ...]) -> tuple[UUID, ...]:
    once = tuple(dict.fromkeys(ids))
    if len(once) > MOST:
        raise ValidationFailed(f"At most {MOST} at once.", problem="OUT_OF_RANGE", path=path, limit=str(MOST))
    return once
