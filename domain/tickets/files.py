"""Files that come with what is said: what may be attached, and how it is sealed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Personal
from domain.tickets.vocabulary import Attachment

LONGEST_NAME = 255
LARGEST_FILE = 100 * 1024 * 1024
MOST_FILES = 50
"""With one message."""

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class NewFile:
    """A file that was uploaded. `byte_size` in bytes, `sha256` of the content in hexadecimal."""

    id: UUID
    file_name: str
    content_type: str
    byte_size: int
    sha256: str


def attached(files: Sequence[NewFile], *, requester: UUID, entry: UUID) -> tuple[Attachment, ...]:
    """The files as they are recorded: names sealed for the requester with the entry's key. Raises ValidationFailed."""
    if len(files) > MOST_FILES:
        raise _unusable(f"At most {MOST_FILES} files go with a message.", "OUT_OF_RANGE", limit=MOST_FILES)
    if len({file.id for file in files}) < len(files):
        raise _unusable("A file goes with a message once.", "NOT_ALLOWED")
    return tuple(_attachment(file, str(index), requester=requester, entry=entry) for index, file in enumerate(files))


def _attachment(file: NewFile, index: str, *, requester: UUID, entry: UUID) -> Attachment:
    name = text.line(file.file_name, path=("input", "attachmentIds", index), what="The file's name", longest=LONGEST_NAME)
    if "/" in name or "\\" in name or name in (".", ".."):
        raise _unusable("A file's name holds no path.", "UNSAFE", index)
    if not _MEDIA_TYPE.fullmatch(file.content_type):
        raise _unusable("The media type is not of the form type/subtype.", "BAD_FORMAT", index)
    if not 0 <= file.byte_size <= LARGEST_FILE:
        raise _unusable("A file has at most 100 MiB.", "OUT_OF_RANGE", index, limit=LARGEST_FILE)
    if not _SHA256.fullmatch(file.sha256):
        raise _unusable("A SHA-256 has 64 hexadecimal digits, in lower case.", "BAD_FORMAT", index)
    return Attachment(
        id=file.id,
        file_name=Personal(name, of=requester, key=entry),
        content_type=file.content_type,
        byte_size=file.byte_size,
        sha256=file.sha256,
    )


def _unusable(message: str, problem: str, *index: str, limit: int | None = None) -> ValidationFailed:
    path = ("input", "attachmentIds", *index)
    return ValidationFailed(message, problem=problem, path=path, limit=None if limit is None else str(limit))
