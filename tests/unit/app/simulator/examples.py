"""Give the simulator's tests their examples: a provider, payloads, requests."""

from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

NOW = 1_790_000_000
TEAM_ID, KEY_ID = "TEAM123456", "KEY1234567"
BUNDLE_ID = "app.lockstep.demo"
TOPIC = f"{BUNDLE_ID}.push-type.liveactivity"


class Provider:
    """Sign provider tokens, as the sender does."""

    def __init__(self, team_id: str = TEAM_ID, key_id: str = KEY_ID) -> None:
        self.team_id, self.key_id = team_id, key_id
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_pem(self) -> str:
        """Give the public half."""
        key = self._key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, issued_at: float = NOW, **claims: Any) -> str:
        """Sign a provider token."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        content = {"iss": self.team_id, "iat": int(issued_at), **claims}
        return jwt.encode(content, pem, algorithm="ES256", headers={"kid": self.key_id})


def content(**changes: Any) -> dict[str, Any]:
    """Give a content state that decodes."""
    state = {"status": "placed", "progress": 0.1, "history": [{"step": "placed", "at": NOW}], "updatedAt": NOW}
    return state | changes


def start(**changes: Any) -> dict[str, Any]:
    """Give a start push that a phone shows; a change to `None` leaves the key out."""
    aps = {
        "timestamp": NOW,
        "event": "start",
        "content-state": content(),
        "attributes-type": "OrderAttributes",
        "attributes": {"cardId": "card-1", "orderId": "order-1"},
        "alert": {"title": "Order placed", "body": "We have it"},
    }
    return _payload(aps, changes)


def update(**changes: Any) -> dict[str, Any]:
    """Give an update a second later."""
    aps = {"timestamp": NOW + 1, "event": "update", "content-state": content(status="preparing")}
    return _payload(aps, changes)


def end(**changes: Any) -> dict[str, Any]:
    """Give an end two seconds later."""
    aps = {"timestamp": NOW + 2, "event": "end", "content-state": content(status="delivered", progress=1)}
    return _payload(aps, changes)


def headers(provider_token: str, **changes: str | None) -> dict[str, str]:
    """Give the headers of a good request; a change to `None` leaves the header out."""
    good = {
        "authorization": f"bearer {provider_token}",
        "apns-push-type": "liveactivity",
        "apns-topic": TOPIC,
        "apns-priority": "10",
        "apns-expiration": str(NOW + 600),
    }
    changed = good | {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    return {name: value for name, value in changed.items() if changes.get(name.replace("-", "_"), "") is not None}


def encoded(payload: dict[str, Any]) -> bytes:
    """Give the payload as it is sent."""
    return msgspec.json.encode(payload)


def _payload(aps: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    changed = aps | {name.replace("_", "-"): value for name, value in changes.items()}
    return {"aps": {name: value for name, value in changed.items() if value is not None}}
