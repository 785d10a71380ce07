"""What development has without asking: secrets made once, and where the embedded servers of this folder listen.

Every secret made here begins with `development-`, so production recognises and refuses it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

DEVELOPMENT = "development-"
SECRETS_FILE = "secrets.json"
SERVERS_FILE = "servers.json"
_NAMES = (
    *(f"postgres_{role}_password" for role in ("append", "relay", "project", "read", "customer")),
    *(f"nats_{role}_password" for role in ("admin", "relay", "consumer", "subscriber")),
    *("key_encryption_keys", "lookup_secret", "token_secret", "postgres_superuser_password", "postgres_owner_password"),
)


class HomeIsIncomplete(Exception):
    """There is data, but the secrets it was written with are gone."""


class DevelopmentValues(PydanticBaseSettingsSource):
    """The last source of settings: fills what nobody set, in development only."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic's
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        given = self.current_state
        if given.get("environment", "development") != "development":
            return {}
        home = Path(given.get("home") or ".support").expanduser().absolute()
        values = {name: value for name, value in self.known(home).items() if name in self.settings_cls.model_fields}
        if "postgres_dsn" in given:  # an owner's login belongs to one server: it is never guessed for another
            values.pop("postgres_owner_dsn", None)
        return values

    @staticmethod
    def known(home: Path) -> dict[str, str]:
        """What development has in `home`: secrets, and the addresses of its servers once they were started."""
        made = dict(made_secrets(home))
        servers = listening(home)
        if port := servers.get("postgres_port"):
            made["postgres_dsn"] = f"postgresql://127.0.0.1:{port}/support"
            made["postgres_owner_dsn"] = (
                f"postgresql://support_owner:{made['postgres_owner_password']}@127.0.0.1:{port}/support"
            )
        if port := servers.get("nats_port"):
            made["nats_url"] = f"nats://127.0.0.1:{port}"
        return made


def made_secrets(home: Path) -> Mapping[str, str]:
    """The development secrets of `home`, readable by their owner only; each is made once, when it is first missing."""
    file = home / SECRETS_FILE
    made = _read(file)
    if all(name in made for name in _NAMES):
        return made
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / ".secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = _read(file)
        if not made and (home / "postgres").exists():
            raise HomeIsIncomplete(
                f"{home} holds data but not the {SECRETS_FILE} it was written with: "
                "restore that file, or set SUPPORT_HOME to an empty folder"
            )
        whole = {name: made.get(name) or _new(name) for name in _NAMES}
        if whole != made:
            write_private(file, whole)
        return whole


def _new(name: str) -> str:
    if name == "key_encryption_keys":
        return f"{DEVELOPMENT}1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return DEVELOPMENT + secrets.token_urlsafe(32)


def _read(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text()))
    except FileNotFoundError:
        return {}


def listening(home: Path) -> Mapping[str, int]:
    """Ports of the embedded servers of `home`, as `support dev` wrote them last."""
    try:
        return dict(json.loads((home / SERVERS_FILE).read_text()))
    except FileNotFoundError:
        return {}


def write_private(file: Path, values: Mapping[str, object]) -> None:
    """Write JSON for our eyes only, whole or not at all."""
    aside = file.with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        json.dump(values, output, indent=1)
    aside.replace(file)
