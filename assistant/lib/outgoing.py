"""Requests to addresses that staff, a web page or a visitor named. None of them reaches what only this machine and its
network can reach.

A name is looked up once: each address that it stands for must be public, and the connection goes to one of them. So a
name server that says something else the second time changes nothing. Each redirect is checked like the first address.
Hosts that the operator trusts (`OUTGOING_TRUSTED`) may be anywhere.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin

import urllib3
from django.conf import settings
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError
from urllib3.util import Timeout, Url, connection, parse_url

from assistant.lib.errors import FrontdeskError

DEFAULT_PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 5
PIECE = 1 << 16  # bytes
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: leads to the IPv4 address in its last 32 bits
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
FOR_THE_FIRST_HOST = {"authorization", "cookie", "proxy-authorization"}
_lookups = ThreadPoolExecutor(8, "look-up")


class NotFetched(FrontdeskError):
    """The address can't be fetched. `message` says why, in words for whoever named it."""

    code = "not_fetched"


@dataclass(frozen=True)
class Fetched:
    """`url`: where the redirects ended. `headers` by names in lower case. `content` is decompressed."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = 10.0,
    most_bytes: int = 10_000_000,
) -> Fetched:
    """`seconds` is for all of it, redirects and body included; `most_bytes` for the decompressed body. Whatever status
    the server answers is an answer. Raises NotFetched."""
    end, given = time.monotonic() + seconds, dict(headers or {})
    for _ in range(MOST_REDIRECTS + 1):
        place = _parsed(url)
        answer = _fetch_once(place, method, given, body, end, most_bytes)
        location = answer.headers.get("location")
        if answer.status not in REDIRECTS or not location:
            return answer
        url = urljoin(place.url, location)
        if _origin(_parsed(url)) != _origin(place):
            given = {name: value for name, value in given.items() if name.lower() not in FOR_THE_FIRST_HOST}
        if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
            method, body = "GET", None
    raise NotFetched(f"This address redirects more than {MOST_REDIRECTS} times.")


def _parsed(url: str) -> Url:
    try:
        place = parse_url(url)
    except LocationParseError:
        raise NotFetched("This is not an address of the web.") from None
    if place.scheme not in DEFAULT_PORTS or not place.host:
        raise NotFetched("Only addresses that begin with http:// or https:// can be fetched.")
    if place.auth is not None:
        raise NotFetched("An address with a user name or a password in it can't be fetched.")
    return place


def _origin(place: Url) -> tuple[str | None, str | None, int]:
    return place.scheme, place.host, place.port or DEFAULT_PORTS[place.scheme or "http"]


def _fetch_once(
    place: Url, method: str, headers: dict[str, str], body: bytes | None, end: float, most_bytes: int
) -> Fetched:
    with _Deadline(end) as deadline, _Manager(deadline) as manager:
        try:
            response = manager.urlopen(
                method,
                place.url,
                body=body,
                headers={"accept-encoding": "gzip", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=Timeout(deadline.left()),
            )
            named = {name.lower(): value for name, value in response.headers.items()}
            content = bytearray()
            while piece := response.read1(PIECE, decode_content=True):
                content += piece
                if len(content) > most_bytes:
                    raise NotFetched(f"There is more than {most_bytes // 1_000_000 or 1} MB at this address.")
                deadline.left()
            deadline.left()  # a connection that was ended looks like one that has ended
        except NameResolutionError:
            raise NotFetched(f"There is no host named {place.host}.") from None
        except (HTTPError, OSError, ValueError) as error:
            deadline.left()
            raise NotFetched(f"{place.host} could not be reached ({type(error).__name__}).") from None
    return Fetched(place.url, response.status, named, bytes(content))


class _Deadline:
    """Ends the connection when the time is over. A server that sends a byte now and then overruns no time-out of a
    socket."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), self._stop)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for opened in self._sockets:
            opened.close()

    def left(self) -> float:
        """Seconds. Raises NotFetched where there are none."""
        if (left := self._end - time.monotonic()) <= 0:
            raise NotFetched("The answer took too long.")
        return left

    def watch(self, opened: socket.socket) -> None:
        self._sockets.append(opened.dup())  # TLS takes the other one over

    def _stop(self) -> None:
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


class _Manager(urllib3.PoolManager):
    """Whose connections go to checked addresses. It knows no proxies: they would look names up by themselves."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__(num_pools=1)

        def connect(host: str, port: int) -> socket.socket:
            opened = None
            addresses = _public_addresses(host, port, deadline.left())
            for number, address in enumerate(addresses, 1):
                try:
                    opened = connection.create_connection((address, port), deadline.left())
                    break
                except OSError:
                    if number == len(addresses):
                        raise
            assert opened is not None
            deadline.watch(opened)
            return opened

        class Plain(urllib3.connection.HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self._dns_host, self.port or 80)

        class Encrypted(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self._dns_host, self.port or 443)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Encrypted

        self.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}


def _public_addresses(host: str, port: int, seconds: float) -> list[str]:
    """Raises NotFetched where one of them is not public and the operator does not trust the host. Waits no longer than
    `seconds` for a name server, which has time limits of its own."""
    try:
        found = _lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(seconds)
    except TooLate:
        raise NotFetched(f"Looking up {host} took too long.") from None
    except (socket.gaierror, UnicodeError):
        raise NotFetched(f"There is no host named {host}.") from None
    addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
    is_trusted = f"{host.strip('[]').lower()}:{port}" in settings.OUTGOING_TRUSTED
    if not is_trusted and not all(is_public(ip_address(address.partition("%")[0])) for address in addresses):
        raise NotFetched(f"{host} is not a public address.")
    return addresses


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it means the same host to everybody on the internet, also where IPv6 carries an IPv4 address."""
    if isinstance(address, IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            carried = IPv4Address(address.packed[12:])
        if carried is not None:
            return is_public(carried)
        if address.is_site_local or address in LOCAL_NAT64:  # which Python 3.10 takes for global
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
