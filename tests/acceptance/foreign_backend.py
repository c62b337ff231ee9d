"""A backend that is not Lockstep: it starts and moves cards by pushes of its own, and writes down what it knows."""

import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from app.simulator.agent import PhoneAgent
from app.simulator.card import Card
from app.simulator.declaration import ORDER
from tests.acceptance.world import TEAM_ID, World, card_of

KEY_OF_BEFORE: Final = "KEY7654321"
SHOPS: Final = replace(ORDER, attributes={"orderId": "str", "cardId": "str?"})
"""The app's own struct, of before: its attributes know no card id of Lockstep's."""


@dataclass
class ForeignCard:
    """What it knows of a card.

    Attributes:
        timestamp: Of its newest push.
        content: What that showed.
    """

    subject: str
    started_at: float
    timestamp: int
    content: dict[str, Any]
    state: str = "active"


@dataclass
class ForeignBackend:
    """Pushes with a key of its own, of the same team: with one key two backends keep one another out.

    Attributes:
        cards: By phone, the newest last.
    """

    world: World
    cards: dict[str, list[ForeignCard]] = field(default_factory=dict)
    _phones: dict[str, tuple[str | None, float]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        """Connect to APNs."""
        trust = ssl.create_default_context(cafile=self.world.simulator.ca_file)
        self._apns = httpx.AsyncClient(
            http1=False, http2=True, verify=trust, base_url=self.world.simulator.apns_url, timeout=20
        )
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.world.simulator.register_key(TEAM_ID, KEY_OF_BEFORE, public)
        content = {"iss": TEAM_ID, "iat": int(time.time())}
        self._bearer = jwt.encode(content, key, algorithm="ES256", headers={"kid": KEY_OF_BEFORE})
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Hang up."""
        await self._apns.aclose()

    @property
    def now(self) -> float:
        """Tell the time, Unix seconds."""
        return self.world.simulator.clock()

    def phone(self, customer_id: str | None = "customer-1", **how: Any) -> PhoneAgent:
        """Install the app of before, which tells Lockstep nothing; this backend knows its tokens."""
        phone = self.world.simulator.install_phone(declarations={SHOPS.name: SHOPS}, **how)
        phone.allow()
        self._phones[phone.phone_id] = (customer_id, self.now)
        return phone

    async def start(self, phone: PhoneAgent, subject: str = "order-1", status: str = "placed") -> None:
        """Start a card."""
        now = self.now
        content = _content(status, now)
        aps = {
            "timestamp": int(now),
            "event": "start",
            "content-state": content,
            "attributes-type": "OrderAttributes",
            "attributes": {"orderId": subject},
            "alert": {"title": "Order", "body": status},
        }
        assert await self._push(phone.phone.start_tokens["OrderAttributes"], aps) == 200
        await self.world.until(lambda: any(each.subject == subject for each in phone.phone.cards.values()))
        self.cards.setdefault(phone.phone_id, []).append(ForeignCard(subject, now, int(now), content))

    async def move(self, phone: PhoneAgent, status: str, *, event: str = "update", later: int = 1) -> int:
        """Move or end the newest card, so many seconds later than before at least; give what APNs answered."""
        mine, card = self.cards[phone.phone_id][-1], list(phone.phone.cards.values())[-1]
        mine.timestamp = max(int(self.now), mine.timestamp + later)
        mine.content = _content(status, self.now)
        aps = {"timestamp": mine.timestamp, "event": event, "content-state": mine.content}
        return await self._push(card.update_token or "", aps)

    def line(self, phone: PhoneAgent, **changes: Any) -> dict[str, Any]:
        """Write down a phone with its cards."""
        customer_id, registered_at = self._phones[phone.phone_id]
        mine = zip(self.cards.get(phone.phone_id, ()), phone.phone.cards.values(), strict=True)
        return {
            "deviceId": phone.phone.device_id,
            "registeredAt": moment(registered_at),
            "device": {
                "app": phone.phone.bundle_id,
                "environment": phone.phone.environment,
                "iosVersion": "18.1",
                "customerId": customer_id,
                "startTokens": phone.phone.start_tokens,
            },
            "cards": [_line_of(known, card) for known, card in mine],
        } | changes

    def export(self, path: Path, *phones: PhoneAgent) -> str:
        """Write a file of phones with their cards, and give its path."""
        self.write(path, *(self.line(each) for each in phones))
        return str(path)

    def write(self, path: Path, *lines: dict[str, Any]) -> None:
        """Write a file of lines."""
        path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))

    async def _push(self, token: str, aps: dict[str, Any]) -> int:
        answer = await self._apns.post(
            f"/3/device/{token}",
            content=msgspec.json.encode({"aps": aps}),
            headers={
                "authorization": f"bearer {self._bearer}",
                "apns-id": str(uuid4()),
                "apns-push-type": "liveactivity",
                "apns-topic": "app.lockstep.demo.push-type.liveactivity",
                "apns-priority": "10",
                "apns-expiration": str(int(self.now) + 600),
            },
        )
        return answer.status_code


def moment(seconds: float) -> str:
    """Give a time as RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def shown(phone: PhoneAgent) -> tuple[str, str]:
    """Give the state of the only card, and the status that it shows."""
    card = card_of(phone)
    return card.state, card.content["status"]


def _content(status: str, now: float) -> dict[str, Any]:
    return {"status": status, "progress": 0.5, "history": [{"step": status, "at": int(now)}], "updatedAt": int(now)}


def _line_of(known: ForeignCard, card: Card) -> dict[str, Any]:
    return {
        "subject": known.subject,
        "attributesType": card.declaration.name,
        "activityId": card.activity_id,
        "updateToken": card.update_token,
        "state": card.state,
        "startedAt": moment(known.started_at),
        "lastPush": {"timestamp": known.timestamp, "contentState": known.content},
    }
