"""What `support dev` says once everything runs: where it is, a token for each role, and how to watch."""

from __future__ import annotations

from services.runtime.settings import Settings


async def describe(settings: Settings) -> str:
    """The text for the terminal."""
    return f"http://127.0.0.1:{settings.http_port}/graphql"
