"""Whether a webhook may be called: its host must be, or resolve to, public addresses alone.

Judged when a webhook is registered; whoever connects judges again, with the addresses it connects to (`is_public`). Forms that carry an
IPv4 address within IPv6 (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) are judged by what they carry as well.
Sources: IANA special-purpose address registries (RFC 6890), RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from domain.errors import ValidationFailed

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses behind a name; none where there is no such name."""
PATIENCE = 3.0
_FORBIDDEN_4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's metadata, although it looks public
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
_FORBIDDEN_6 = tuple(
    IPv6Network(each)
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fd00:ec2::254/128")
)
"""Within what is global: protocol assignments with Teredo and ORCHID, documentation, 6to4, segment routing."""
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "onion", "test", "invalid")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


def is_public(address: str) -> bool:
    """Whether an address, as text, is one that anybody on the Internet may be reached at."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if "%" in address:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in each for each in _FORBIDDEN_4)
    carried = _carried(found)
    if carried is not None and not is_public(str(carried)):
        return False
    if found in _NAT64:
        return True
    return found in _GLOBAL_6 and not any(found in each for each in _FORBIDDEN_6)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address within."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64 or int(address) >> 32 == 0 or (int(address) >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):
        return IPv4Address(low)
    return None


async def screen(url: str, resolve: Resolve, *, path: Sequence[str] = ("input", "destination", "webhook")) -> None:
    """Raises ValidationFailed where this https address is not, or not only, public."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        addresses: Sequence[str] = [str(ip_address(host))]
    except ValueError:
        # What is neither an address as it is written today nor a name with a letter at its end is an address in disguise
        # (0x7f.1, 2130706433, 0177.0.0.1): resolvers read them, we do not.
        if not _NAME.fullmatch(host) or any(host.endswith(f".{each}") for each in _LOCAL_NAMES):
            raise _unsafe(path) from None
        addresses = await resolve(host)
    if not addresses or not all(is_public(each) for each in addresses):
        raise _unsafe(path)


def _unsafe(path: Sequence[str]) -> ValidationFailed:
    # One sentence for all of it: what resolves to what inside our network is nobody's business.
    return ValidationFailed(
        "A webhook's host is a name or address that is public on the Internet.", problem="UNSAFE", path=path
    )


async def resolved(host: str) -> Sequence[str]:
    """As the system's resolver answers, all families."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return ()
    return sorted({str(each[4][0]) for each in found})
