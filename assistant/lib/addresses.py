"""Where a request comes from: the client's IP address, the client that this makes it, and whether it is this machine.

A client is an IPv4 address or an IPv6 network: whoever has one address of a /64 has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

UNKNOWN = "unknown"  # a peer without an address, as on a Unix socket
FORWARDING = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
Headers = Mapping[str, str]


def address_of_request(request: HttpRequest) -> str:
    """The client's IP address, or UNKNOWN."""
    return address_of(request.META.get("REMOTE_ADDR"), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def address_of_scope(scope: Mapping[str, Any]) -> str:
    """The same for an ASGI application or a websocket."""
    return address_of(peer_of(scope), headers_of(scope["headers"]).get("x-forwarded-for", ""))


def ip_of_request(request: HttpRequest) -> str | None:
    """The same for a column that holds nothing but IP addresses."""
    address = address_of_request(request)
    return None if address == UNKNOWN else address


def client_of_request(request: HttpRequest) -> str:
    """Whose requests are counted together with this one."""
    return client_of(address_of_request(request))


def client_of_scope(scope: Mapping[str, Any]) -> str:
    """The same for an ASGI application or a websocket."""
    return client_of(address_of_scope(scope))


def client_of(address: str) -> str:
    """The client that an address belongs to: itself, or its IPv6 network (/64)."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((int(parsed), 64), strict=False))


def address_of(peer: str | None, forwarded: str) -> str:
    """The client's IP address: what the outermost of our own TRUSTED_PROXIES saw, else the peer.

    Each proxy adds what it saw at the end, so what a client forges stands before that. Where the hop is no address
    (a proxy that says "unknown", a client behind a proxy that adds nothing) it is the peer.
    """
    hops = _hops(forwarded)
    trusted = settings.TRUSTED_PROXIES
    seen = parse_address(hops[-trusted]) if 0 < trusted <= len(hops) else None
    seen = seen or parse_address(peer or "")
    return str(seen) if seen else UNKNOWN


def is_local(peer: str | None, headers: Headers) -> bool:
    """Whether a program on this machine sent it, to an address of this machine or of ours.

    A proxy on this machine is a local peer, too: whatever was forwarded, other than by all of our own TRUSTED_PROXIES
    and by nobody before them, is from elsewhere. A foreign page in a browser on this machine is no program of ours: it
    says its origin, or it comes under a name of its own (DNS rebinding).
    """
    origin = headers.get("origin", "")
    if not _is_our_host(headers.get("host", "")) or (origin and not _is_our_host(origin.partition("://")[2])):
        return False
    hops = _hops(headers.get("x-forwarded-for", ""))
    if hops:
        ends = (parse_address(peer or ""), parse_address(hops[0]))
        return len(hops) == settings.TRUSTED_PROXIES and all(map(_is_loopback, ends))
    is_forwarded = any(name in FORWARDING or name.startswith("x-forwarded") for name in headers)
    return not is_forwarded and _is_loopback(parse_address(peer or ""))


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port or without, IPv6 in brackets or without. None: it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def peer_of(scope: Mapping[str, Any]) -> str | None:
    """The address that the connection comes from, which may be a proxy's."""
    return (scope.get("client") or [None])[0]


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name in lower case; what comes in several lines is one list, as HTTP has it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def is_loopback_name(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    return host == "localhost" or _is_loopback(parse_address(host))


def _hops(forwarded: str) -> list[str]:
    return [hop.strip() for hop in forwarded.split(",")] if forwarded.strip() else []


def _is_loopback(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and address.is_loopback


def _is_our_host(host: str) -> bool:
    # "*" would let in any name that points here.
    ours = ["localhost", *(host for host in settings.ALLOWED_HOSTS if host != "*")]
    domain, _port = split_domain_port(host)
    return _is_loopback(parse_address(domain)) or (bool(domain) and validate_host(domain, ours))
