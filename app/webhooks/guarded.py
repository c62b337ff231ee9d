"""A client whose every connection goes to an address that was looked at."""

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp

from app.webhooks.address import AddressRules, is_allowed, why_forbidden
from app.webhooks.errors import ForbiddenAddressError

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


def guarded_session(rules: AddressRules, timeout_seconds: float) -> aiohttp.ClientSession:
    """Give a session that takes no proxy and no cookies, and connects only where the rules allow; to be closed.

    Args:
        rules: Where requests may go.
        timeout_seconds: How long one may take, to the last byte.
    """

    def make_socket(info: _AddressInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        # the scope of a link-local address says which of our own links is meant
        address = ip_address(str(place[0]).partition("%")[0])
        if not is_allowed(address, rules):
            raise ForbiddenAddressError(why_forbidden(rules))
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        # whatever a URL or a name comes to, every connection begins with a socket for its address
        connector=aiohttp.TCPConnector(socket_factory=make_socket, use_dns_cache=False, limit=0),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )
