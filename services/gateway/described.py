"""How enum values get their descriptions."""

from __future__ import annotations

from typing import Any

import strawberry


def said(value: str, description: str) -> Any:
    """An enum value with its description."""
    return strawberry.enum_value(value, description=description)
