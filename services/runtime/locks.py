"""The numbers of the database's advisory locks, each with one meaning: two that share a number keep each other out for no reason."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    APPEND = 5021970
    """store.append (sql/0002_append.sql): the order of positions."""
    MIGRATE = 5021971
    RELAY = 5021972
    """Who leads among relays."""
    NOTIFIER = 5021973
    """Who leads among notifiers."""
    SCHEMAS = 7306001
    """The projections' schemas."""
