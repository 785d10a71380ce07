from __future__ import annotations

from tests.services.gateway.conftest import world

__all__ = ["world"]
