"""Signatures of webhooks, by Standard Webhooks 1.0.0, and the secrets that they are made with.

Rules:
    `webhook-signature` holds one `v1,` and base64 for each secret, with spaces between them: HMAC-SHA256 of
    `{webhook-id}.{webhook-timestamp}.{body}`. A secret is 24 to 64 random bytes, written as `whsec_` and base64.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from app.webhooks.errors import WebhookError
from events.errors import Fault

PREFIX: Final = "whsec_"
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
TOLERANCE_SECONDS: Final = 300
_OWN_BYTES: Final = 32
_LONGEST_TIMESTAMP: Final = 12
_MOST_SIGNATURES: Final = 10


def make_secret(random: Callable[[int], bytes] = os.urandom) -> str:
    """Make a new secret."""
    return PREFIX + base64.b64encode(random(_OWN_BYTES)).decode()


def read_secret(text: str) -> bytes:
    """Give the bytes of a secret.

    Raises:
        WebhookError: It is none.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        detail = f"is to be {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base64; leave it out to be given one"
        raise WebhookError(Fault("/secret", detail))
    return key


def signed_headers(id_: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    """Give the three headers of a webhook.

    Args:
        id_: Of the message; the same each time it is sent.
        timestamp: When it is sent, in Unix seconds.
        body: The bytes that are sent.
        secrets: One, or two while they change.
    """
    content = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    signatures = (hmac.digest(read_secret(each), content, "sha256") for each in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }


def is_signed(
    id_: str, timestamp: str, signatures: str, body: bytes, secrets: Sequence[str], *, now_seconds: float
) -> bool:
    """Tell whether a message is signed with one of the secrets, and of now.

    Args:
        id_: `webhook-id`.
        timestamp: `webhook-timestamp`, Unix seconds; five minutes off at the most.
        signatures: `webhook-signature`, of which some are looked at.
        body: The bytes that came.
        secrets: Those that are taken.
        now_seconds: Unix seconds.
    """
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > _LONGEST_TIMESTAMP:
        return False
    if abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS or not id_:
        return False
    content = b"%b.%b.%b" % (id_.encode("utf-8", "surrogateescape"), timestamp.encode(), body)
    expected = [b"v1," + base64.b64encode(hmac.digest(read_secret(each), content, "sha256")) for each in secrets]
    given = [each.encode("utf-8", "surrogateescape") for each in signatures.split(" ")[:_MOST_SIGNATURES]]
    # all are compared, whichever fits
    return any([hmac.compare_digest(mine, theirs) for mine in expected for theirs in given])  # noqa: C419 - as said
