"""What the operator may call the rooms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import ValidationFailed
from domain.policies import ChatPolicy, Policies, Queue
from domain.policy.check import check

POLICIES = Policies(queues=(Queue("support", "Support"),), default_queue="support")


def test_the_names_the_service_comes_with_are_sound() -> None:
    check(POLICIES)
    check(replace(POLICIES, chat=ChatPolicy(join_url="https://chat.example.org/{ref}")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"backchannel_ref": "backchannel"},
        {"community_name": " "},
        {"join_url": "https://chat.example.org/"},
        {"join_url": "javascript:{ref}"},
    ],
)
def test_rooms_that_would_be_one_or_lead_nowhere_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        check(replace(POLICIES, chat=ChatPolicy(**wrong)))
