"""The settings: read once, from `LOCKSTEP_*` variables, their `*_FILE` twins and `.env`."""

import os
from typing import Any, Final, Self

from msgspec.structs import replace
from pydantic import PrivateAttr, ValidationError, model_validator

from app.access.shop_token_rules import ShopTokenRules, shop_token_rules
from app.apns.credential_settings import SigningKey, read_signing_keys, routes_of
from app.apns.dispatch_rules import DispatchRules
from app.apns.fcm_account import ServiceAccount, files_of, read_account, read_accounts, routes_of_accounts
from app.errors import SettingsError
from app.housekeeping import KeepRules
from app.settings_fields import SettingsFields
from app.settings_secret import secret_keys
from app.settings_sources import PREFIX, explained
from app.thresholds import PROFILES, Rules, thresholds, with_thresholds
from app.webhooks.address import AddressRules, read_network
from events.secret_keys import SecretKeys
from projections.pause import Route
from projections.plan_rules import PlanRules
from projections.wanted_cards import StartRule

_KEYS: Final = ("APNS_KEY", "APNS_CREDENTIALS", "FCM_ACCOUNT", "FCM_ACCOUNTS")


class Settings(SettingsFields):
    """What was set, and what follows from it for each part of the service."""

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

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

    def secrets(self) -> SecretKeys:
        """Give the secret key, and the one before it; an embedded database keeps one of its own beside its data.

        Raises:
            SettingsError: There is a database of one's own, and no secret key; or both are the same.
            SecretKeyError: One is malformed.
        """
        beside = self.data_directory if self.database_url is None else None
        return secret_keys(self.secret_key, self.secret_key_previous, beside=beside)


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
        raise SettingsError(f"These settings cannot be used:\n{explained(error)}") from None
    settings._given = given  # noqa: SLF001 - kept, so that files can be read anew
    return settings
