"""Where in the log: (epoch, number). Opaque to clients, `<epoch>.<number>` on the wire (`ce-position`, `atLeast`)."""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"\A([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,17})\Z")


class Position(NamedTuple):
    """A place in the log. Comparable: a later epoch is later than every position of an earlier one."""

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what `str()` wrote. Raises ValueError for anything else."""
        found = _FORM.match(text)
        if found is None:
            raise ValueError("a position has the form <epoch>.<number>, as a mutation returned it")
        return cls(int(found[1]), int(found[2]))
