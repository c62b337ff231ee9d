"""What can be set: each setting with its default and its meaning, and what is wrong with a single one."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, create_model, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.access.shop_token_rules import fault_of_algorithms
from app.settings_sources import PREFIX, FileSettingsSource
from app.thresholds import thresholds
from app.webhooks.address import read_network
from projections.channel import Carrier, UnknownChannels
from projections.wanted_cards import Starter

PRODUCTION_URL = "https://api.push.apple.com"
SANDBOX_URL = "https://api.sandbox.push.apple.com"
PRODUCTION_CHANNELS_URL = "https://api-manage-broadcast.push.apple.com:2196"
FCM_URL = "https://fcm.googleapis.com"
SANDBOX_CHANNELS_URL = "https://api-manage-broadcast.sandbox.push.apple.com:2195"

Role = Literal["api", "projector", "matcher", "dispatcher"]
ALL_ROLES: tuple[Role, ...] = ("api", "projector", "matcher", "dispatcher")

# None stands for the profile's own.
_FIELDS: dict[str, Any] = {
    each.name: (int | None if each.whole else float | None, Field(None, gt=0, description=each.meaning))
    for each in thresholds()
}
_Thresholds: Any = create_model("_Thresholds", __base__=BaseSettings, **_FIELDS)


class SettingsFields(_Thresholds):  # type: ignore[misc] # the thresholds are made from the rules' own fields
    """Everything that can be set; `docs/operations.md` lists it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str | None = Field(None, description="Postgres; without it the embedded server is used.")
    database_direct_url: str | None = Field(
        None, description="The same without the pooler, where LOCKSTEP_DATABASE_URL leads through one."
    )
    data_directory: Path = Field(Path(".lockstep"), description="Where the embedded server keeps its data.")
    secret_key: SecretStr | None = Field(None, description="32 bytes in base64; wraps every other key.")
    secret_key_previous: SecretStr | None = Field(
        None, description="The one before it, until lockstep secret rewrap has put the new one in its place."
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port; 0 takes a free one.")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Another port, for /metrics and /livez alone, open to whoever reaches it."
    )
    otlp_url: str | None = Field(
        None, description="Where traces go, such as http://collector:4318/v1/traces; needs lockstep[otel]."
    )
    roles: Annotated[tuple[Role, ...], NoDecode] = Field(ALL_ROLES, description="What this process does.")
    cards: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Modules of your own cards, by their import names, with commas."
    )
    database_connections: int = Field(10, ge=4, le=200, description="Connections of the API, and of the workers.")
    apns_team_id: str | None = Field(None, description="The ten characters of the Apple team.")
    apns_key_id: str | None = Field(None, description="The ten characters of the key.")
    apns_key: SecretStr | None = Field(None, description="The .p8 file's text; usually by LOCKSTEP_APNS_KEY_FILE.")
    apns_credentials: SecretStr | None = Field(None, description="JSON: several teams and keys, instead of the above.")
    apns_production_url: str = Field(PRODUCTION_URL, description="Where production pushes go.")
    apns_sandbox_url: str = Field(SANDBOX_URL, description="Where sandbox pushes go.")
    apns_production_channels_url: str = Field(
        PRODUCTION_CHANNELS_URL, description="Where production's broadcast channels are made."
    )
    apns_sandbox_channels_url: str = Field(
        SANDBOX_CHANNELS_URL, description="Where the sandbox's broadcast channels are made."
    )
    apns_ca_file: Path | None = Field(None, description="Trust these certificates instead of the public ones.")
    fcm_account: SecretStr | None = Field(
        None, description="Google's JSON key of a service account; usually by LOCKSTEP_FCM_ACCOUNT_FILE."
    )
    fcm_accounts: SecretStr | None = Field(
        None, description="JSON: several service accounts with their apps, instead of the above."
    )
    fcm_url: str = Field(FCM_URL, description="Where messages to phones with Android go.")
    apns_engine: Literal["rust", "httpx"] = Field(
        "httpx", description="What speaks HTTP/2: httpx, or rust (pyqwest), which is faster."
    )
    on_unknown_start: Literal["never", "after_silence"] = Field("never", description="Start again after no answer?")
    freshness: bool = Field(default=True, description="Do cards say when nothing was heard of their order?")
    fallback_alerts: bool = Field(
        default=False, description="Tell news by ordinary notifications where a phone cannot show a card?"
    )
    carrier: Carrier = Field(
        "token", description="What carries updates: token, channel, channel_for_many, or channel_if_silent."
    )
    unknown_channels: UnknownChannels = Field(
        "keep", description="What becomes of channels at Apple that nobody knows: keep, or delete."
    )
    starter: Starter = Field("server", description="Who starts cards: server, app, or app_first.")
    image_placeholder: str = Field(
        "placeholder",
        min_length=1,
        max_length=64,
        description="The app's own picture, where a phone does not have a card's yet.",
    )
    keep_receipts_days: int = Field(30, ge=1, description="How long it is known what was sent and answered.")
    keep_cards_days: int = Field(30, ge=1, description="How long cards that are over are kept.")
    keep_devices_days: int = Field(180, ge=1, description="How long phones are kept whose app does not launch.")
    keep_facts_days: int = Field(30, ge=1, description="How long it is known what webhooks were told of cards.")
    keep_reads_days: int = Field(90, ge=1, description="How long it is known who looked at personal values.")
    webhook_http: bool = Field(default=False, description="May webhooks go to http:// addresses?")
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks that are not public and that webhooks may go to, such as 10.1.0.0/16, with commas."
    )
    jwks_url: str | None = Field(
        None, description="Where the shop's public keys are; without it, no tokens of its own."
    )
    jwks_http: bool = Field(default=False, description="May that be an http:// address?")
    jwks_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks that are not public and that it may be in, such as 10.1.0.0/16, with commas."
    )
    jwt_issuer: str | None = Field(None, description="`iss` of the shop's tokens.")
    jwt_audience: str | None = Field(None, description="What `aud` of the shop's tokens is to name.")
    jwt_customer_claim: str = Field("sub", min_length=1, description="The claim that holds the customer's id.")
    jwt_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        ("RS256", "ES256", "EdDSA"), description="How the shop's tokens may be signed; never by a shared secret."
    )
    leave_seconds: float = Field(24.0, gt=0, description="How long a process that is told to stop may take.")
    profile: Literal["default", "fast"] = Field("default", description="fast shortens every timer, for trials.")
    log_format: Literal["json", "console"] = Field("json", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")

    @field_validator("roles", "cards", "webhook_networks", "jwks_networks", "jwt_algorithms", mode="before")
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("webhook_networks", "jwks_networks")
    @classmethod
    def _judge_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                read_network(each)
            except ValueError as error:
                raise ValueError(f"{error}; a network is such as 10.1.0.0/16 or fd00::/8") from None
        return value

    @field_validator("jwt_algorithms")
    @classmethod
    def _judge_algorithms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if (fault := fault_of_algorithms(value)) is not None:
            raise ValueError(fault)
        return value

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
        # looking through every setting for a file that is not there takes as long as all the rest
        written = isinstance(dotenv_settings, DotEnvSettingsSource) and dotenv_settings.env_vars
        dotenv = (dotenv_settings,) if written else ()
        return init_settings, env_settings, FileSettingsSource(settings_cls), *dotenv
