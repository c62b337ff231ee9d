"""The settings: read once, from `LOCKSTEP_*` variables, their `*_FILE` twins and `.env`."""

import base64
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.apns.dispatcher import DispatchRules
from app.apns.verdict import FAST
from app.errors import SettingsError
from events.sealing import KEY_BYTES, read_secret_key
from projections.matcher import Starter, StartRule
from projections.plan import PlanRules

PREFIX = "LOCKSTEP_"
PRODUCTION_URL = "https://api.push.apple.com"
SANDBOX_URL = "https://api.sandbox.push.apple.com"

Role = Literal["api", "projector", "matcher", "dispatcher"]
ALL_ROLES: tuple[Role, ...] = ("api", "projector", "matcher", "dispatcher")


class _Files(PydanticBaseSettingsSource):
    """Reads a setting from the file that `LOCKSTEP_<NAME>_FILE` names, as containers hand over secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the signature is pydantic's
        """Give the content of the file, without the line end."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\n"), field_name, False
        except OSError as error:
            name = f"{PREFIX}{field_name.upper()}_FILE"
            raise SettingsError(f"{name} names {path}, which cannot be read: {error.strerror}.") from error

    def __call__(self) -> dict[str, Any]:
        """Give every setting that has a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Everything that can be set; `docs/operations.md` lists it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str | None = Field(None, description="Postgres; without it the embedded server is used.")
    data_directory: Path = Field(Path(".lockstep"), description="Where the embedded server keeps its data.")
    secret_key: SecretStr | None = Field(None, description="32 bytes in base64; wraps every other key.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port; 0 takes a free one.")
    roles: Annotated[tuple[Role, ...], NoDecode] = Field(ALL_ROLES, description="What this process does.")
    database_connections: int = Field(10, ge=4, le=200, description="Connections of the API, and of the workers.")
    apns_team_id: str | None = Field(None, description="The ten characters of the Apple team.")
    apns_key_id: str | None = Field(None, description="The ten characters of the key.")
    apns_key: SecretStr | None = Field(None, description="The .p8 file's text; usually by LOCKSTEP_APNS_KEY_FILE.")
    apns_production_url: str = Field(PRODUCTION_URL, description="Where production pushes go.")
    apns_sandbox_url: str = Field(SANDBOX_URL, description="Where sandbox pushes go.")
    apns_ca_file: Path | None = Field(None, description="Trust these certificates instead of the public ones.")
    apns_engine: Literal["rust", "httpx"] = Field("rust", description="What speaks HTTP/2: rust (pyqwest) or httpx.")
    on_unknown_start: Literal["never", "after_silence"] = Field("never", description="Start again after no answer?")
    starter: Starter = Field("server", description="Who starts cards: server, app, or app_first.")
    leave_seconds: float = Field(24.0, gt=0, description="How long a process that is told to stop may take.")
    profile: Literal["default", "fast"] = Field("default", description="fast shortens every timer, for trials.")
    log_format: Literal["json", "console"] = Field("json", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")

    @field_validator("roles", mode="before")
    @classmethod
    def _split_roles(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - part of the signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: what is given in code, variables, their files, `.env`."""
        return init_settings, env_settings, _Files(settings_cls), dotenv_settings

    def plan_rules(self) -> PlanRules:
        """Give the thresholds of plans."""
        if self.profile == "fast":
            return PlanRules(on_unknown_start=self.on_unknown_start, report_wait=2.0, app_first_grace=0.5)
        return PlanRules(on_unknown_start=self.on_unknown_start)

    def dispatch_rules(self) -> DispatchRules:
        """Give the thresholds of the dispatcher."""
        if self.profile == "fast":
            return DispatchRules(lease=6.0, deadline=2.0, poll=0.2, plan=self.plan_rules(), verdicts=FAST)
        return DispatchRules(plan=self.plan_rules())

    def start_rule(self) -> StartRule:
        """Say whose job the start of a card is."""
        return StartRule(self.starter, self.plan_rules().app_first_grace)

    def secret(self) -> bytes:
        """Give the secret key; an embedded database keeps one of its own beside its data.

        Raises:
            SettingsError: There is a database of one's own, and no secret key.
            SecretKeyError: It is malformed.
        """
        if self.secret_key is not None:
            return read_secret_key(self.secret_key.get_secret_value())
        if self.database_url is not None:
            raise SettingsError("LOCKSTEP_SECRET_KEY is not set. Make one with: openssl rand -base64 32")
        return _own_secret(self.data_directory / "secret.key")


def _own_secret(path: Path) -> bytes:
    """Read the key beside the embedded database, or make it: for this account alone, and never over another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
    except FileExistsError:
        pass
    return read_secret_key(path.read_text(encoding="utf-8").strip())


def load_settings(**given: Any) -> Settings:
    """Read the settings.

    Args:
        given: What the command line gave; None stands for "not given".

    Raises:
        SettingsError: With everything that is wrong.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [f"  {PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        raise SettingsError("These settings cannot be used:\n" + "\n".join(lines)) from None
