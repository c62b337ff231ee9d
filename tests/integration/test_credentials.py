"""Several apps, teams and keys: each push by the key that serves it, and trouble with one key holds its own alone."""

from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.apns.answer import Answer
from app.apns.credential_keeper import CredentialKeeper
from app.apns.credentials import Credentials
from app.apns.dispatch_rules import DispatchRules
from app.apns.fcm_request import FcmRequest
from app.apns.provider_token import ProviderToken
from app.apns.request import ApnsRequest, Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from app.explanations import Explainer
from app.settings import load_settings
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.card import NO_KEY
from projections.pauses import Pauses
from projections.reasons import Reason
from tests.integration.dispatching import PEM, Apns, dispatcher, work
from tests.integration.flow import Flow


def another_pem() -> str:
    """Make another signing key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


class Listening(Apns):
    """An APNs that remembers by which key each push was authorised."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.keys: dict[str, str] = {}

    async def send(
        self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
    ) -> Answer:
        """Take a push."""
        self.keys[request.app] = jwt.get_unverified_header(bearer)["kid"]
        return await super().send(request, credential=credential, bearer=bearer, deadline_seconds=deadline_seconds)


@pytest.fixture
def credentials(pool: Pool, keyring: Keyring) -> Credentials:
    """One key for the shop, one for whatever else there is in the sandbox."""

    def token(team: str, key: str) -> SharedProviderToken:
        return SharedProviderToken(pool, keyring, ProviderToken(team, key, PEM))

    return Credentials(
        [
            (Served(("com.example.shop",)), token("TEAM123456", "KEY1234567")),
            (Served(environments=(Environment.SANDBOX,)), token("TEAM654321", "KEY7654321")),
        ]
    )


async def two_apps(flow: Flow, environment: str = "sandbox") -> None:
    """Put a card of each of two apps in debt."""
    await flow.register("phone-1", "customer-1")
    await flow.register("phone-2", "customer-2", app="com.example.rides", environment=environment)
    await flow.place("order-1", "customer-1")
    await flow.place("order-2", "customer-2")
    await flow.settle("order-1", "order-2")


async def test_each_app_is_authorised_by_its_key(flow: Flow, credentials: Credentials) -> None:
    """The one that names it, or the one for all others."""
    await two_apps(flow)
    apns = Listening()
    await work(dispatcher(flow, apns, credentials=credentials))

    assert apns.keys == {"com.example.shop": "KEY1234567", "com.example.rides": "KEY7654321"}


async def test_a_key_that_is_refused_holds_its_own_cards_alone(flow: Flow, credentials: Credentials) -> None:
    """The other team's go on."""
    await two_apps(flow)
    await Pauses(flow.pool).pause("credential", "KEY1234567/sandbox", reason="a test")
    apns = Listening()
    await work(dispatcher(flow, apns, credentials=credentials))

    assert apns.keys == {"com.example.rides": "KEY7654321"}


async def test_an_explanation_names_the_pause_of_the_cards_own_key(
    flow: Flow, keyring: Keyring, credentials: Credentials
) -> None:
    """Both teams' keys are paused in one environment; each card is said to wait for its own."""
    await two_apps(flow)
    for key in ("KEY1234567", "KEY7654321"):
        await Pauses(flow.pool).pause("credential", f"{key}/sandbox", reason="a test")
    explainer = Explainer(flow.pool, keyring, DispatchRules(), lambda: credentials.routes)
    told = [await explainer.explain(name) for name in ("order-1", "order-2")]
    findings = [each.cards[0].finding for each in told if each is not None]

    assert [each.reason for each in findings] == [Reason.PAUSED_BY_APNS] * 2
    assert ["KEY1234567" in each.state for each in findings] == [True, False]
    assert ["--credential KEY7654321/sandbox" in each.next_step for each in findings] == [False, True]


async def test_a_card_that_no_key_serves_fails_visibly(flow: Flow, credentials: Credentials) -> None:
    """It names the setting, and nothing is sent."""
    await two_apps(flow, "production")
    apns = Listening()
    await work(dispatcher(flow, apns, credentials=credentials))
    [_, card] = await flow.rows()

    assert apns.keys == {"com.example.shop": "KEY1234567"}
    assert card["outcome"] == "failed"
    assert "No signing key serves com.example.rides in production" in card["why"]
    assert "LOCKSTEP_APNS_CREDENTIALS" in card["why"]
    assert card["last_answer"] == NO_KEY


async def test_a_key_is_rotated_without_a_restart(
    owing: Flow, pool: Pool, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file changes and the next push is signed anew; what cannot be used leaves the old key in its place."""
    file = tmp_path / "credentials.json"
    key_file = tmp_path / "key.p8"
    key_file.write_text(PEM)

    def write(key_id: str) -> None:
        file.write_text(f'[{{"teamId":"TEAM123456","keyId":"{key_id}","keyFile":"{key_file}"}}]')

    write("KEY1234567")
    monkeypatch.setenv("LOCKSTEP_APNS_CREDENTIALS_FILE", str(file))
    settings, apns = load_settings(), Listening()
    keeper = CredentialKeeper(
        pool, keyring, settings.signing_keys_anew, files=settings.signing_key_files(), transport=apns
    )
    assert not keeper.look()
    assert settings.key_routes() == keeper.credentials.routes
    await work(dispatcher(owing, apns, credentials=keeper.credentials))
    assert apns.keys == {"com.example.shop": "KEY1234567"}
    write("nonsense")
    assert not keeper.look()
    assert settings.key_routes() is None
    write("KEY7654321")
    key_file.write_text(another_pem())
    assert keeper.look()
    await owing.place("order-2")
    await owing.settle("order-2")
    await work(dispatcher(owing, apns, credentials=keeper.credentials))

    assert apns.keys == {"com.example.shop": "KEY7654321"}
    assert settings.key_routes() == keeper.credentials.routes
    assert apns.renewed == [(each, "TEAM123456/KEY1234567") for each in Environment]
