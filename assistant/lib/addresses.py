"""Where a request comes from: the client's IP address, and whether it is this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

UNKNOWN = "unknown"  # a peer without an address, as on a Unix socket
FORWARDING = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
Headers = Mapping[str, str]


def address_of_request(request: HttpRequest) -> str:
    return address_of(request.META.get("REMOTE_ADDR"), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def address_of_scope(scope: Mapping[str, Any]) -> str:
    """The same for an ASGI application or a websocket."""
    return address_of(peer_of(scope), headers_of(scope["headers"]).get("x-forwarded-for", ""))


def ip_of_request(request: HttpRequest) -> str | None:
    """The same for a column that holds nothing but IP addresses."""
    address = address_of_request(request)
    return None if address == UNKNOWN else address


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
    if not _names_us(headers.get("host", "")) or _is_foreign(headers.get("origin", "")):
        return False
    hops = _hops(headers.get("x-forwarded-for", ""))
    if not hops:
        return not _is_forwarded(headers) and _is_loopback(parse_address(peer or ""))
    return len(hops) == settings.TRUSTED_PROXIES and all(
        _is_loopback(parse_address(hop)) for hop in [peer or "", hops[0]]
    )


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
    return (scope.get("client") or [None])[0]


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name in lower case; what comes in several lines is one list, as HTTP has it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _hops(forwarded: str) -> list[str]:
    return [hop.strip() for hop in forwarded.split(",")] if forwarded.strip() else []


def _is_forwarded(headers: Headers) -> bool:
    return any(name in FORWARDING or name.startswith("x-forwarded") for name in headers)


def is_loopback_name(host: str) -> bool:
    return host == "localhost" or _is_loopback(parse_address(host))


def _is_loopback(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and address.is_loopback


def _names_us(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return _is_loopback(parse_address(domain)) or (bool(domain) and validate_host(domain, ["localhost", *_own_hosts()]))


def _is_foreign(origin: str) -> bool:
    return bool(origin) and not _names_us(origin.partition("://")[2])


def _own_hosts() -> list[str]:
    return [host for host in settings.ALLOWED_HOSTS if host != "*"]  # "*" would let in any name that points here
