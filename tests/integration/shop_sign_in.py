"""A shop's sign-in: it signs tokens, and a real HTTP server gives its public keys."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

import jwt
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from app.access.shop_token_rules import ShopTokenRules
from app.access.shop_tokens import ShopTokens
from app.webhooks.address import AddressRules
from tests.integration.http_api import NOON

LOCAL: Final = AddressRules(http=True, networks=[ip_network("127.0.0.0/8")], settings="LOCKSTEP_JWKS")
ISSUER: Final = "https://shop.example/"
AUDIENCE: Final = "https://track.shop.example"


@dataclass
class SignIn:
    """The shop's sign-in.

    Attributes:
        keys: Private ones by their ids; their public halves are what the URL gives.
        answer: What the URL answers instead, where a test wants that.
        asked: How often it was asked.
    """

    url: str = ""
    keys: dict[str, EllipticCurvePrivateKey] = field(default_factory=dict)
    answer: Callable[[], web.StreamResponse] | None = None
    asked: int = 0

    def add(self, key_id: str) -> None:
        """Make a key."""
        self.keys[key_id] = generate_private_key(SECP256R1())

    def public(self, key_id: str) -> dict[str, Any]:
        """Give the public half of a key, as the set holds it."""
        return {**ECAlgorithm.to_jwk(self.keys[key_id].public_key(), as_dict=True), "kid": key_id, "use": "sig"}

    def token(self, customer_id: str | None, *, key_id: str = "first", **changes: Any) -> str:
        """Sign a token; a change to None leaves the claim out."""
        now = int(NOON.timestamp())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "sub": customer_id, **changes}
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.keys[key_id],
            algorithm="ES256",
            headers={"kid": key_id},
        )

    def rules(self, **changes: Any) -> ShopTokenRules:
        """Give the rules by which its tokens are taken."""
        said = {
            "url": self.url,
            "addresses": LOCAL,
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "customer_claim": "sub",
            "algorithms": ("RS256", "ES256", "EdDSA"),
        }
        return ShopTokenRules(**{**said, **changes})

    async def give(self, _: web.Request) -> web.StreamResponse:
        """Answer with the set."""
        self.asked += 1
        if self.answer is not None:
            return self.answer()
        return web.json_response({"keys": [self.public(each) for each in self.keys]})


@asynccontextmanager
async def sign_in() -> AsyncIterator[SignIn]:
    """Run a sign-in with one key, `first`."""
    shop = SignIn()
    shop.add("first")
    app = web.Application()
    app.router.add_get("/keys", shop.give)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
        yield shop
    finally:
        await runner.cleanup()


@asynccontextmanager
async def reading(shop: SignIn, **changes: Any) -> AsyncIterator[ShopTokens]:
    """Read its tokens."""
    monotonic = changes.pop("monotonic", None)
    rules = shop.rules(**changes)
    tokens = ShopTokens(rules) if monotonic is None else ShopTokens(rules, monotonic=monotonic)
    try:
        yield tokens
    finally:
        await tokens.close()


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """Make a token with the algorithm none."""
    halves = ({"alg": "none", "typ": "JWT", **header}, claims)
    return ".".join(base64.urlsafe_b64encode(msgspec.json.encode(half)).rstrip(b"=").decode() for half in halves) + "."
