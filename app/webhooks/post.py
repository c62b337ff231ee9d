"""Posts webhooks: one request, to an address that was looked at, with no redirect followed and no answer believed."""

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

import aiohttp
import msgspec

from app.webhooks.address import AddressRules, fault_of_url, is_allowed, why_forbidden
from app.webhooks.errors import ForbiddenAddressError

READ_BYTES: Final = 4_096
"""Of an answer's body, so that the connection can be used again; what it says does not matter."""

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


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
        self._session = aiohttp.ClientSession(
            # whatever a URL or a name comes to, every connection begins with a socket for its address
            connector=aiohttp.TCPConnector(socket_factory=self._socket, use_dns_cache=False, limit=0),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

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

    def _socket(self, info: _AddressInfo) -> socket.socket:
        """Give a socket for an address.

        Raises:
            ForbiddenAddressError: Nothing may be sent there.
        """
        family, kind, protocol, _, place = info
        # the scope of a link-local address says which of our own links is meant
        address = ip_address(str(place[0]).partition("%")[0])
        if not is_allowed(address, self._rules):
            raise ForbiddenAddressError(why_forbidden())
        return socket.socket(family, kind, protocol)
