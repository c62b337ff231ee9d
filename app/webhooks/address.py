"""Where webhooks may go: nobody who may set one up can have Lockstep call what only Lockstep can reach.

Rules:
    HTTPS, unless a setting allows HTTP. Addresses of the public internet, and those networks that a setting names. What
    a name leads to is looked at for each request, and the connection goes to the address that was looked at.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL: Final = 2_048
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 behind a translator (RFC 6052)."""
_UNICAST: Final = IPv6Network("2000::/3")
"""All that is public of IPv6 (RFC 4291); beside it are translators of one's own, and forms that nobody routes now."""
_OF_CLOUDS: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))
"""Where clouds answer their own machines, in ranges that count as public."""


class AddressRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed beyond HTTPS to the public internet.

    Attributes:
        http: HTTP without TLS.
        networks: Networks that are not public, such as 10.1.0.0/16.
        settings: How the names of the two settings begin that say so.
    """

    http: bool = False
    networks: Sequence[Network] = ()
    settings: str = "LOCKSTEP_WEBHOOK"


def read_network(text: str) -> Network:
    """Read a network.

    Raises:
        ValueError: It is none.
    """
    return ip_network(text)


def is_allowed(address: Address, rules: AddressRules) -> bool:
    """Tell whether a request may go to an address."""
    inner = _inner(address)
    if any(each.version == inner.version and inner in each for each in rules.networks):
        return True
    if isinstance(inner, IPv6Address) and inner not in _UNICAST:
        return False
    return inner.is_global and not inner.is_multicast and not any(inner in each for each in _OF_CLOUDS)


def fault_of_url(url: str, rules: AddressRules) -> str | None:
    """Say what is wrong with a URL, and the fix; None for nothing that can be seen without asking for its name."""
    schemes = ("https", "http") if rules.http else ("https",)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is to be a URL"
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"is to be a URL of at most {LONGEST_URL} bytes of visible ASCII"
    if parts.scheme not in schemes:
        more = "" if rules.http else f"; {rules.settings}_HTTP=true allows http:// too"
        return f"is to begin with {' or '.join(f'{each}://' for each in schemes)}{more}"
    if not host:
        return "is to name a host"
    if "@" in parts.netloc or parts.fragment:
        return "is to have no user, password or fragment"
    literal = _literal(host)
    if literal is not None and not is_allowed(literal, rules):
        return why_forbidden(rules)
    return None


def why_forbidden(rules: AddressRules) -> str:
    """Say why nothing is sent to an address, and what would change that."""
    return f"leads to an address that is not public; {rules.settings}_NETWORKS names others that are allowed"


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """Give the address of IPv4 that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = None if address.teredo is None else address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or teredo or address
