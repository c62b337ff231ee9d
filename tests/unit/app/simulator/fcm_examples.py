"""Give the tests of the simulated FCM their examples: an account, messages, requests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jwt
import msgspec

from app.simulator.fcm_rules import Message, Priority
from app.simulator.registration_tokens import RegistrationToken
from app.simulator.rules import Request
from app.simulator.service_accounts import GRANT_TYPE, ServiceAccount, keep_service_account
from tests.unit.app.simulator.examples import NOW

PROJECT = "lockstep-simulated"
TOKEN_URI = "https://localhost/token"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN = f"dXk3{'a' * 18}:APA91b{'x' * 134}"
SEND = f"/v1/projects/{PROJECT}/messages:send"


@cache
def account() -> ServiceAccount:
    """Give a service account, whose key takes a while to make."""
    with TemporaryDirectory() as folder:
        return keep_service_account(Path(folder) / "account.json", project_id=PROJECT, token_uri=TOKEN_URI)


def assertion(signer: ServiceAccount, *, at: float = NOW, **claims: Any) -> str:
    """Sign what an account says to get an access token."""
    usual = {
        "iss": signer.client_email,
        "scope": SCOPE,
        "aud": signer.token_uri,
        "iat": int(at),
        "exp": int(at) + 3600,
    }
    return jwt.encode(usual | claims, signer.private_key, algorithm="RS256", headers={"kid": signer.private_key_id})


def form(signer: ServiceAccount, *, at: float = NOW, **claims: Any) -> dict[str, str]:
    """Give the fields of a request for an access token."""
    return {"grant_type": GRANT_TYPE, "assertion": assertion(signer, at=at, **claims)}


def face(**changes: Any) -> dict[str, Any]:
    """Give what a Live Update shows."""
    return {"title": "Placed", "text": "Trattoria Roma", "shortCriticalText": "5%", "progress": 5} | changes


def data(kind: str = "start", *, seconds: int = 0, **changes: str | None) -> dict[str, str]:
    """Give a message's data, so many seconds later; a change to `None` leaves the key out."""
    usual: dict[str, str | None] = {
        "kind": kind,
        "cardId": "card-1",
        "subject": "order-1",
        "attributesType": "OrderAttributes",
        "timestamp": str(NOW + seconds),
        "card": msgspec.json.encode(face()).decode(),
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def showing(**changes: Any) -> str:
    """Give the JSON of what a Live Update shows, as it stands in a message."""
    return msgspec.json.encode(face(**changes)).decode()


def message(
    told: dict[str, str] | None = None, *, priority: Priority = "HIGH", ttl_seconds: float = 3600.0, at: float = NOW
) -> Message:
    """Give a message that FCM accepted."""
    token = RegistrationToken(TOKEN, "android-1", PROJECT)
    return Message("projects/p/messages/1", token, told or data(), priority, ttl_seconds, at)


def body(token: str = TOKEN, told: dict[str, str] | None = None, **android: str) -> dict[str, Any]:
    """Give the JSON of a request to send."""
    settings = {"priority": "HIGH", "ttl": "3600s"} | android
    return {"message": {"token": token, "data": told or data(), "android": settings}}


def request(access_token: str, content: object, *, path: str = SEND, method: str = "POST") -> Request:
    """Give a request to send."""
    headers = [(":method", method), (":path", path), ("authorization", f"Bearer {access_token}")]
    return Request(headers, content if isinstance(content, bytes) else msgspec.json.encode(content))
