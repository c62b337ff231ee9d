"""The settings: read once, from `LOCKSTEP_*` variables, their `*_FILE` twins and `.env`."""

import base64
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from msgspec.structs import replace
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, create_model, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.access.shop_token_rules import ShopTokenRules, fault_of_algorithms, shop_token_rules
from app.apns.credential_settings import SigningKey, read_signing_keys, routes_of
from app.apns.dispatch_rules import DispatchRules
from app.apns.fcm_account import ServiceAccount, files_of, read_account, read_accounts, routes_of_accounts
from app.errors import SettingsError
from app.housekeeping import KeepRules
from app.thresholds import PROFILES, Rules, thresholds, with_thresholds
from app.webhooks.address import AddressRules, read_network
from events.sealing import KEY_BYTES, read_secret_key
from projections.channel import Carrier, UnknownChannels
from projections.pause import Route
from projections.plan_rules import PlanRules
from projections.wanted_cards import Starter, StartRule

PREFIX = "LOCKSTEP_"
PRODUCTION_URL = "https://api.push.apple.com"
SANDBOX_URL = "https://api.sandbox.push.apple.com"
PRODUCTION_CHANNELS_URL = "https://api-manage-broadcast.push.apple.com:2196"
FCM_URL = "https://fcm.googleapis.com"
SANDBOX_CHANNELS_URL = "https://api-manage-broadcast.sandbox.push.apple.com:2195"

_KEYS = ("APNS_KEY", "APNS_CREDENTIALS", "FCM_ACCOUNT", "FCM_ACCOUNTS")

Role = Literal["api", "projector", "matcher", "dispatcher"]
ALL_ROLES: tuple[Role, ...] = ("api", "projector", "matcher", "dispatcher")


class FileSettingsSource(PydanticBaseSettingsSource):
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


# None stands for the profile's own.
_FIELDS: dict[str, Any] = {
    each.name: (int | None if each.whole else float | None, Field(None, gt=0, description=each.meaning))
    for each in thresholds()
}
_Thresholds: Any = create_model("_Thresholds", __base__=BaseSettings, **_FIELDS)


class Settings(_Thresholds):  # type: ignore[misc] # the thresholds are made from the rules' own fields
    """Everything that can be set; `docs/operations.md` lists it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

    database_url: str | None = Field(None, description="Postgres; without it the embedded server is used.")
    database_direct_url: str | None = Field(
        None, description="The same without the pooler, where LOCKSTEP_DATABASE_URL leads through one."
    )
    data_directory: Path = Field(Path(".lockstep"), description="Where the embedded server keeps its data.")
    secret_key: SecretStr | None = Field(None, description="32 bytes in base64; wraps every other key.")
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
        return init_settings, env_settings, FileSettingsSource(settings_cls), dotenv_settings

    @property
    def given(self) -> dict[str, Any]:
        """Give what came from the command line."""
        return self._given

    @property
    def session_url(self) -> str | None:
        """Give Postgres' URL for what needs a session of its own; None for the embedded one."""
        return self.database_direct_url or self.database_url

    def plan_rules(self) -> PlanRules:
        """Give the thresholds of plans."""
        return self.dispatch_rules().plan

    def rules(self) -> Rules:
        """Give every threshold, the profile's own where none is set."""
        given = {each.name: getattr(self, each.name) for each in thresholds() if getattr(self, each.name) is not None}
        return with_thresholds(PROFILES[self.profile], given)

    def dispatch_rules(self) -> DispatchRules:
        """Give the thresholds of the dispatcher, those of plans and verdicts included."""
        rules = self.rules().dispatch
        plan = replace(
            rules.plan,
            on_unknown_start=self.on_unknown_start,
            tell_age=self.freshness,
            carrier=self.carrier,
            placeholder=self.image_placeholder,
            fallback=replace(rules.plan.fallback, wanted=self.fallback_alerts),
        )
        return replace(rules, plan=plan)

    @model_validator(mode="after")
    def _judge_thresholds(self) -> Self:
        rules = self.dispatch_rules()
        if rules.lease <= rules.deadline:
            raise ValueError(
                f"LOCKSTEP_DISPATCH_LEASE ({rules.lease:g} s) is to be longer than LOCKSTEP_DISPATCH_DEADLINE "
                f"({rules.deadline:g} s): no push would ever be begun."
            )
        self.shop_tokens()
        if self.database_direct_url is not None and self.database_url is None:
            raise ValueError(
                "LOCKSTEP_DATABASE_DIRECT_URL is set without LOCKSTEP_DATABASE_URL, the way by the pooler."
            )
        webhook = self.rules().webhook
        if webhook.lease <= webhook.timeout:
            raise ValueError(
                f"LOCKSTEP_WEBHOOK_LEASE ({webhook.lease:g} s) is to be longer than LOCKSTEP_WEBHOOK_TIMEOUT "
                f"({webhook.timeout:g} s): deliveries would be sent twice."
            )
        return self

    def signing_keys(self) -> list[SigningKey]:
        """Give Apple's keys: the several, or the one.

        Raises:
            SettingsError: Something is missing or cannot be used; the message says what.
        """
        one = {
            "LOCKSTEP_APNS_TEAM_ID": self.apns_team_id,
            "LOCKSTEP_APNS_KEY_ID": self.apns_key_id,
            "LOCKSTEP_APNS_KEY_FILE": self.apns_key,
        }
        if self.apns_credentials is not None:
            if any(one.values()):
                raise SettingsError(
                    f"Set LOCKSTEP_APNS_CREDENTIALS, or {', '.join(one)}; not both: which key serves what?"
                )
            return read_signing_keys(self.apns_credentials.get_secret_value())
        missing = [name for name, value in one.items() if value is None]
        if len(missing) == len(one) and (self.fcm_account is not None or self.fcm_accounts is not None):
            # an installation for phones with Android alone
            return []
        if missing or self.apns_team_id is None or self.apns_key_id is None or self.apns_key is None:
            raise SettingsError(
                f"To send pushes, set {', '.join(missing)}. To try without an Apple account, run: lockstep demo"
            )
        key = self.apns_key.get_secret_value()
        return [SigningKey(team_id=self.apns_team_id, key_id=self.apns_key_id, key=key)]

    def signing_keys_anew(self) -> list[SigningKey]:
        """Give Apple's keys as their files are now; without files, those that were read.

        Raises:
            SettingsError: As `signing_keys`.
        """
        return load_settings(**self._given).signing_keys()

    def service_accounts(self) -> list[ServiceAccount]:
        """Give Google's service accounts: the several, the one, or none.

        Raises:
            SettingsError: They cannot be used; the message says why.
        """
        if self.fcm_accounts is not None:
            if self.fcm_account is not None:
                raise SettingsError("Set LOCKSTEP_FCM_ACCOUNTS or LOCKSTEP_FCM_ACCOUNT_FILE, not both.")
            return read_accounts(self.fcm_accounts.get_secret_value())
        if self.fcm_account is None:
            return []
        return [read_account(self.fcm_account.get_secret_value(), "LOCKSTEP_FCM_ACCOUNT")]

    def service_accounts_anew(self) -> list[ServiceAccount]:
        """Give Google's service accounts as their files are now; without files, those that were read.

        Raises:
            SettingsError: As `service_accounts`.
        """
        return load_settings(**self._given).service_accounts()

    def key_routes(self) -> list[Route] | None:
        """Say which key signs for what, as the files are now; None where none can be used here."""
        try:
            return routes_of(self.signing_keys_anew()) + routes_of_accounts(self.service_accounts_anew())
        except SettingsError:
            return None

    def signing_key_files(self) -> list[str]:
        """Name the files that keys come from."""
        names = (f"{PREFIX}{name}_FILE" for name in _KEYS)
        listed = [] if self.fcm_accounts is None else files_of(self.fcm_accounts.get_secret_value())
        return [os.environ[name] for name in names if name in os.environ] + listed

    def keep_rules(self) -> KeepRules:
        """Say how long things are kept."""
        return KeepRules(
            receipts=self.keep_receipts_days,
            cards=self.keep_cards_days,
            devices=self.keep_devices_days,
            facts=self.keep_facts_days,
            reads=self.keep_reads_days,
        )

    def address_rules(self) -> AddressRules:
        """Say where webhooks may go."""
        return AddressRules(http=self.webhook_http, networks=[read_network(each) for each in self.webhook_networks])

    def shop_tokens(self) -> ShopTokenRules | None:
        """Say whose own tokens are taken; None for nobody's."""
        if self.jwks_url is None:
            return None
        networks = [read_network(each) for each in self.jwks_networks]
        return shop_token_rules(
            url=self.jwks_url,
            addresses=AddressRules(http=self.jwks_http, networks=networks, settings="LOCKSTEP_JWKS"),
            issuer=self.jwt_issuer,
            audience=self.jwt_audience,
            claim=self.jwt_customer_claim,
            algorithms=self.jwt_algorithms,
        )

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


def _told(place: tuple[int | str, ...], message: str) -> str:
    """Say what is wrong with one setting; what is wrong with several together names them itself."""
    name = "_".join(each for each in place if isinstance(each, str))  # a number is a place in a list
    return ("  " if not place else f"  {PREFIX}{name.upper()}: ") + message.removeprefix("Value error, ")


def load_settings(**given: Any) -> Settings:
    """Read the settings.

    Args:
        given: What the command line gave; None stands for "not given".

    Raises:
        SettingsError: With everything that is wrong.
    """
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [_told(each["loc"], each["msg"]) for each in error.errors()]
        raise SettingsError("These settings cannot be used:\n" + "\n".join(lines)) from None
    settings._given = given  # noqa: SLF001 - kept, so that files can be read anew
    return settings
