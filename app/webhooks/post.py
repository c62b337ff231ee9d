"""Posts webhooks: one request, to an address that was looked at, with no redirect followed and no answer believed."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import msgspec

from app.webhooks.address import AddressRules, fault_of_url
from app.webhooks.errors import ForbiddenAddressError
from app.webhooks.guarded import guarded_session

READ_BYTES: Final = 4_096
"""Of an answer's body, so that the connection can be used again; what it says does not matter."""


class Answered(msgspec.Struct, frozen=True):
    """What came of a request.

    Attributes:
        status: None if no answer came.
        error: Why none came.
        retry_after: The header of that name.
    """

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None


class Poster:
    """Posts; to be closed.

    Args:
        rules: Where requests may go.
        timeout_seconds: How long a receiver may take.
    """

    def __init__(self, rules: AddressRules, timeout_seconds: float) -> None:
        self._rules = rules
        self._session = guarded_session(rules, timeout_seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Post a body once; whatever goes wrong is told in words that quote nothing of the answer."""
        # what is allowed may have changed since the webhook was set up
        if (fault := fault_of_url(url, self._rules)) is not None:
            return Answered(error=f"The URL {fault}.")
        sent = {"Content-Type": "application/json", "User-Agent": "Lockstep", **headers}
        try:
            async with self._session.post(url, data=body, headers=sent, allow_redirects=False) as answer:
                if answer.status < 300:
                    await answer.content.read(READ_BYTES)
                return Answered(status=answer.status, retry_after=answer.headers.get("Retry-After"))
        except TimeoutError:
            return Answered(error="No answer came in time.")
        except aiohttp.ClientConnectorError as error:
            cause = error.os_error
            if isinstance(cause, ForbiddenAddressError):
                return Answered(error=f"The URL {cause}.")
            return Answered(error=f"No connection came about: {cause.strerror or type(cause).__name__}.")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            return Answered(error=f"No answer came: {type(error).__name__}.")
