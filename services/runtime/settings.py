"""Every setting, typed: from the environment (`SUPPORT_…`), from mounted files, or made once for development.

A setting is described here and nowhere else: `support settings` prints it, its value (secrets masked) and where it came from.
Development needs none; production refuses what is missing or unsafe, each in one sentence that names the setting.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.runtime.development import DEVELOPMENT, DevelopmentValues, HomeIsIncomplete
from services.runtime.setting_forms import OFF, base_url, nats_without_user, postgres_without_user, with_login
from services.runtime.setting_forms import keys as read_keys
from services.runtime.setting_forms import rate as a_rate

PREFIX = "SUPPORT_"
PostgresRole = Literal["append", "relay", "project", "read", "customer"]
NatsRole = Literal["admin", "relay", "consumer", "subscriber"]
Port = Annotated[int, Field(ge=0, le=65535)]
_NONE = SecretStr("")
RATES = ("requests", "commands", "anonymous", "confirmations", "destination")


class SettingsInvalid(Exception):
    """Settings cannot be used; each line of the message names one and says what to change."""


class Settings(BaseSettings):
    """The effective settings of one process. Build it with `load_settings()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses whatever is missing or unsafe, and prints no development tokens"
    )
    home: Path = Field(
        Path(".support"), description="folder of the embedded servers' data, their logs and the development secrets"
    )
    secrets_dir: Path | None = Field(None, description="folder of mounted files, one a setting, named as the variable")

    http_host: str = Field("127.0.0.1", description="address that the gateway listens on")
    http_port: Port = Field(8000, ge=1, description="port of the gateway")
    source: str = Field("http://localhost:8000", description="public base URL of this deployment, the start of every ce-source")
    type_prefix: str = Field("eu.support-desk", description="what stands before the topic in ce-type", pattern=r"^[a-z0-9.-]+$")

    postgres_dsn: str | None = Field(None, description="host and database without a user: postgresql://host:5432/support")
    postgres_owner_dsn: SecretStr = Field(_NONE, description="login that owns the database; needed by migrate and restore only")
    postgres_append_user: str = Field("support_append", description="login that appends events")
    postgres_append_password: SecretStr = Field(_NONE, description="its password")
    postgres_relay_user: str = Field(
        "support_relay", description="login of the relay: reads the log, notes where consumers are"
    )
    postgres_relay_password: SecretStr = Field(_NONE, description="its password")
    postgres_project_user: str = Field("support_project", description="login that writes read models")
    postgres_project_password: SecretStr = Field(_NONE, description="its password")
    postgres_read_user: str = Field("support_read", description="login that reads for staff")
    postgres_read_password: SecretStr = Field(_NONE, description="its password")
    postgres_customer_user: str = Field("support_customer", description="login that reads for customers, without staff tables")
    postgres_customer_password: SecretStr = Field(_NONE, description="its password")
    postgres_port: Port = Field(0, description="port of the embedded PostgreSQL; 0 picks a free one and remembers it")

    nats_url: str | None = Field(None, description="NATS server without a user: nats://host:4222")
    nats_admin_user: str = Field("support_admin", description="login that provisions durables for other teams")
    nats_admin_password: SecretStr = Field(_NONE, description="its password")
    nats_relay_user: str = Field("support_relay", description="login of the relay, the only one that publishes facts")
    nats_relay_password: SecretStr = Field(_NONE, description="its password")
    nats_consumer_user: str = Field("support_consumer", description="login of our own readers: projector, scheduler")
    nats_consumer_password: SecretStr = Field(_NONE, description="its password")
    nats_subscriber_user: str = Field(
        "subscriber", description="login of another team's program: public and confidential facts"
    )
    nats_subscriber_password: SecretStr = Field(_NONE, description="its password")
    nats_port: Port = Field(4222, ge=1, description="port of the embedded NATS")

    key_encryption_keys: SecretStr = Field(
        _NONE, description="id:base64 of 32 bytes, comma-separated, the current one first; they wrap the keys of persons"
    )
    lookup_secret: SecretStr = Field(_NONE, description="secret of the HMACs by which addresses and keys are found")
    token_secret: SecretStr = Field(_NONE, description="secret that signs and verifies tokens")

    policies: Path | None = Field(
        None, description="TOML file of queues, calendars, SLA targets, fields; default: the shipped one"
    )
    export_days: int = Field(7, ge=1, le=90, description="days for which a copy of a person's data can be fetched")
    clock_file: Path | None = Field(
        None, description="development and tests only: file with an instant or an offset (PT2H, -PT5M) that every process obeys"
    )

    rate_requests: str = Field(
        "6000/minute",
        description="queries and subscriptions of one party or address in one gateway; off in development unless set",
    )
    rate_commands: str = Field(
        "600/minute", description="commands of one person or program in one gateway; off in development unless set"
    )
    rate_anonymous: str = Field(
        "30/minute", description="commands with a token from a message, of one client address; off in development unless set"
    )
    rate_confirmations: str = Field(
        "60/hour", description="confirmations sent at the request of one party; off in development unless set"
    )
    rate_destination: str = Field(
        "5/hour", description="confirmations sent to one address, number or webhook; off in development unless set"
    )
    connections: int = Field(
        100,
        ge=1,
        description="live connections (WebSocket, event streams) that one party or address may hold open in one gateway",
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="addresses or networks, comma-separated, whose X-Forwarded-For names the client"
    )

    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /livez and /readyz of background processes")
    metrics_port_relay: Port = Field(0, description="their port for the relay; 0 picks a free one and logs it")
    metrics_port_projector: Port = Field(0, description="their port for the projector")
    metrics_port_scheduler: Port = Field(0, description="their port for the scheduler")
    metrics_port_notifier: Port = Field(0, description="their port for the notifier")
    demo: Literal["full", "small", "none"] = Field("full", description="how much demo data the first `support dev` records")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug also prints stacks of failures")
    log_format: Literal["auto", "plain", "json"] = Field(
        "auto", description="auto: plain in a terminal, JSON when piped or in production"
    )
    traces: Literal["off", "console"] = Field("off", description="where OpenTelemetry spans go")
    drain_seconds: float = Field(20.0, ge=0, le=600, description="how long SIGTERM waits for what is in flight")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a file that is found by chance is no source
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, file_secret_settings, DevelopmentValues(settings_cls)

    @field_validator("home", "policies", "clock_file", "secrets_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @field_validator("postgres_dsn")
    @classmethod
    def _postgres_without_user(cls, dsn: str | None) -> str | None:
        return postgres_without_user(dsn) if dsn else dsn

    @field_validator("nats_url")
    @classmethod
    def _nats_without_user(cls, url: str | None) -> str | None:
        return nats_without_user(url) if url else url

    @field_validator("source")
    @classmethod
    def _base_url(cls, url: str) -> str:
        return base_url(url)

    @field_validator(*(f"rate_{name}" for name in RATES))
    @classmethod
    def _a_rate(cls, rate: str) -> str:
        return a_rate(rate)

    @field_validator("key_encryption_keys")
    @classmethod
    def _keys_decode(cls, keys: SecretStr) -> SecretStr:
        dict(read_keys(keys.get_secret_value()))
        return keys

    @field_validator("policies", "clock_file")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.exists():
            raise ValueError("no such file")
        return path

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment == "production" and (wrong := list(_unsafe(self))):
            raise SettingsInvalid("\n".join(wrong))
        return self

    @property
    def production(self) -> bool:
        return self.environment == "production"

    def postgres(self, role: PostgresRole) -> str:
        """The connection string of one role's login."""
        user, password = getattr(self, f"postgres_{role}_user"), getattr(self, f"postgres_{role}_password").get_secret_value()
        self.require("postgres_dsn", f"postgres_{role}_password")
        return with_login(str(self.postgres_dsn), user, password)

    def rate(self, name: str) -> str | None:
        """A rate as `600/minute`; None is no limit. Development has none but those that were set."""
        field = f"rate_{name}"
        value: str = getattr(self, field)
        return None if value == OFF or not (self.production or field in self.model_fields_set) else value

    @property
    def owner_dsn(self) -> str:
        """The connection string of the owner: migrate and restore."""
        self.require("postgres_owner_dsn")
        return self.postgres_owner_dsn.get_secret_value()

    def nats(self, role: NatsRole) -> tuple[str, str]:
        """User and password of one role at the broker; its inboxes begin with `_INBOX_<user>`."""
        self.require("nats_url", f"nats_{role}_password")
        return getattr(self, f"nats_{role}_user"), getattr(self, f"nats_{role}_password").get_secret_value()

    @property
    def key_encryption(self) -> dict[str, bytes]:
        """Key-encryption keys by id; the first is the current one."""
        self.require("key_encryption_keys")
        return dict(read_keys(self.key_encryption_keys.get_secret_value()))

    def require(self, *names: str) -> None:
        """SettingsInvalid unless all of them are set. A process asks for what it needs, and gets no more."""
        missing = [name for name in names if not plain(getattr(self, name))]
        if missing:
            hint = "" if self.production else " (or start the embedded servers with `support dev`)"
            raise SettingsInvalid("\n".join(f"{variable(name)} is missing: set it{hint}" for name in missing))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises SettingsInvalid with one line for each that cannot be used."""
    folder = overrides.get("secrets_dir") or os.environ.get(f"{PREFIX}SECRETS_DIR") or None
    if folder and not Path(folder).is_dir():
        raise SettingsInvalid(f"{PREFIX}SECRETS_DIR={folder} is no folder")
    try:
        return Settings(_secrets_dir=folder, **overrides)  # type: ignore[call-arg]  # pydantic-settings' own keyword
    except HomeIsIncomplete as error:
        raise SettingsInvalid(str(error)) from None
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_sentences(error))) from None


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def is_secret(name: str) -> bool:
    """Whether a setting is masked wherever it is shown."""
    return Settings.model_fields[name].annotation is SecretStr


def plain(value: object) -> object:
    """A setting's value as it is, secret or not."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _unsafe(settings: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        if is_secret(name) and DEVELOPMENT in str(plain(getattr(settings, name))):
            yield f"{variable(name)} is a development secret: production needs one of its own"
    if settings.clock_file:
        yield f"{variable('clock_file')} is for development and tests: unset it in production"
    if not settings.source.startswith("https://"):
        yield f"{variable('source')}={settings.source} is not https: production needs its public https base URL"
    if settings.log_level == "debug":
        yield f"{variable('log_level')}=debug prints stacks: production runs with info, warning or error"
    for name in ("lookup_secret", "token_secret"):
        if 0 < len(str(plain(getattr(settings, name)))) < 32:
            yield f"{variable(name)} is too short: production needs at least 32 characters"


def _sentences(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else ""
        said = problem["msg"].removeprefix("Value error, ")
        shown = "" if name in Settings.model_fields and is_secret(name) else f"={problem['input']}"
        yield f"{variable(name)}{shown} cannot be used: {said[0].lower()}{said[1:]}"
