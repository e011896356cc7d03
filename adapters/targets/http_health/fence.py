"""Which addresses may be asked, so that a line in a log cannot send us to somewhere private. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from engine.errors import Misconfigured, Refused

PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-~]{1,2000}")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_ENTRY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|(\*\.)?[a-z0-9_.-]+)(:(?P<port>\d{1,5}))?")

Address: TypeAlias = IPv4Address | IPv6Address

# Where clouds hand a machine's own keys to whoever asks from it: AWS over IPv6, Alibaba, Oracle. All others, and these
# over IPv4, are link-local. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
_METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200"), ip_address("192.0.0.192")})
_NAT64 = IPv6Network("64:ff9b::/96")
# All else is private, old or leads elsewhere; Python takes 64:ff9b:1::/48 and fec0::/10 for public.
# https://www.iana.org/assignments/ipv6-address-space
_PUBLIC = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: ``host`` in small letters and without brackets, ``target`` the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def named(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The same place by this address, so that nobody looks the name up a second time."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def place(url: str) -> Place:
    """Raises Refused, with what is wrong with the URL in words that follow its name."""
    if not _PLAIN.fullmatch(url) or "\\" in url:
        raise Refused("has characters that are not allowed there, or too many")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("is no URL") from None
    if parts.scheme not in PORTS:
        raise Refused("does not begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise Refused("holds a user name or a password")
    query = f"?{parts.query}" if parts.query else ""
    return Place(parts.scheme, _host(parts), port or PORTS[parts.scheme], f"{parts.path or '/'}{query}")


def _host(parts: SplitResult) -> str:
    """127.1 and 0x7f000001 are addresses to some resolvers; here they are nothing."""
    host = (parts.hostname or "").removesuffix(".")
    if (literal := _literal(host)) is not None:
        return str(literal)
    if not _HOST.fullmatch(host) or re.fullmatch(r"\d+|0x[0-9a-f]*", host.rpartition(".")[2]):
        raise Refused("names no host")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Entry:
    """A host of the list; without a ``port`` the usual ones of http and https are meant."""

    host: str
    port: int | None

    @property
    def exact(self) -> bool:
        return not self.host.startswith("*")

    def covers(self, place: Place) -> bool:
        ports = {self.port} if self.port else set(PORTS.values())
        return place.port in ports and fnmatchcase(place.host, self.host)


def entry(text: str) -> Entry:
    """Of ``example.com``, ``example.com:8080``, ``*.example.com`` or ``[::1]:8080``. Raises Misconfigured."""
    found = _ENTRY.fullmatch(text.lower())
    if not found or found["host"].strip("*.") == "":
        raise Misconfigured(f"HTTP_HEALTH_HOSTS: {text!r} is no host such as example.com, *.example.com or db:8080.")
    host = found["host"].strip("[]")
    literal = _literal(host)
    return Entry(str(literal) if literal else host, int(found["port"]) if found["port"] else None)


def refusal(host: str, address: Address, *, exact: bool) -> str:
    """Why this address of the host must not be asked, or nothing. ``exact``: the list names this very host."""
    inner = _inner(address)
    if inner.is_multicast or inner.is_unspecified:
        return f"{address} is nobody's address"
    if (inner.is_link_local or inner in _METADATA) and _literal(host) != address:
        return f"{host} leads to {address}, where a cloud keeps a machine's own keys"
    if not (_is_public(inner) or exact):
        return f"{host} leads to {address}, a private address, and HTTP_HEALTH_HOSTS does not name {host} itself"
    return ""


def _is_public(address: Address) -> bool:
    return address.is_global and address not in _METADATA and (address.version == 4 or address in _PUBLIC)


def _inner(address: Address) -> Address:
    """An IPv4 address can be wrapped in an IPv6 one, and leads to the same place."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
