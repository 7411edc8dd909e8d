"""Which address a request comes from, and what is this machine."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from assistant.lib.addresses import (
    address_of_request,
    client_of,
    client_of_request,
    client_of_scope,
    headers_of,
    ip_of_request,
    is_local,
)

PEER = "10.0.0.7"


def address(settings: Any, trusted: int, forwarded: str | None, peer: str | None = PEER) -> str:
    settings.TRUSTED_PROXIES = trusted
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return address_of_request(RequestFactory(REMOTE_ADDR=peer or "").get("/", headers=headers))


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (0, None, PEER),
        (0, "203.0.113.9", PEER),  # nobody in front may say so
        (1, None, PEER),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first was forged
        (1, "198.51.100.1,198.51.100.2 , 203.0.113.9", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.8", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.8", "203.0.113.9"),
        (2, "203.0.113.9", PEER),  # one of the two did not add its own
        (3, "203.0.113.9, 10.0.0.8", PEER),
    ],
)
def test_it_believes_the_hops_of_its_own_proxies_only(
    settings: Any, trusted: int, forwarded: str | None, expected: str
) -> None:
    assert address(settings, trusted, forwarded) == expected


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8:0:0::1", "2001:db8::1"),  # one client has one name
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", PEER),
        ("", PEER),
        ("203.0.113", PEER),
        ("203.0.113.9.evil.example", PEER),
        ("1e400", PEER),
        ("[", PEER),
        ("_hidden:x", PEER),
        ("1" * 5000, PEER),
    ],
)
def test_it_reads_a_hop_as_proxies_write_it(settings: Any, hop: str, expected: str) -> None:
    assert address(settings, 1, f"198.51.100.1, {hop}") == expected


def test_it_names_a_peer_without_an_address(settings: Any) -> None:
    assert address(settings, 0, None, peer=None) == "unknown"
    assert ip_of_request(RequestFactory(REMOTE_ADDR="").get("/")) is None


def test_it_joins_what_proxies_write_in_lines_of_their_own() -> None:
    lines = [(b"X-Forwarded-For", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.9")]
    assert headers_of(lines)["x-forwarded-for"] == "198.51.100.1,203.0.113.9"


LOCAL = {"host": "127.0.0.1:8000"}
FROM_HERE = {"x-forwarded-for": "127.0.0.1", **LOCAL}


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_it_knows_this_machine(settings: Any, peer: str, host: str) -> None:
    assert is_local(peer, {"host": host})


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", LOCAL),
        ("::ffff:10.0.0.7", LOCAL),
        (None, LOCAL),
        ("127.0.0.1", FROM_HERE),
        *[
            ("127.0.0.1", {name: "127.0.0.1", **LOCAL})
            for name in ("forwarded", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "via", "cf-connecting-ip")
        ],
        ("127.0.0.1", {"x-forwarded-for": "", **LOCAL}),
        ("127.0.0.1", {"host": "rebound.example:8000"}),
        ("127.0.0.1", {"origin": "https://foreign.example", **LOCAL}),
        ("127.0.0.1", {"origin": "null", **LOCAL}),
    ],
)
def test_it_takes_nothing_that_was_forwarded_for_this_machine(
    settings: Any, peer: str | None, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 0
    assert not is_local(peer, headers)


@pytest.mark.parametrize(
    ("peer", "forwarded", "local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "[::1]:4711", True),
        ("127.0.0.1", "203.0.113.9", False),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9", False),
        ("127.0.0.1", "203.0.113.9, 127.0.0.1", False),  # a proxy that is none of ours spoke for somebody
        ("127.0.0.1", "unknown", False),
        ("10.0.0.7", "127.0.0.1", False),  # of the proxy's machine
    ],
)
def test_it_judges_after_the_trusted_proxy(settings: Any, peer: str, forwarded: str, local: bool) -> None:
    settings.TRUSTED_PROXIES = 1
    assert is_local(peer, {"x-forwarded-for": forwarded, **LOCAL}) is local


def test_it_takes_a_name_that_points_here_for_no_name_of_ours(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert not is_local("127.0.0.1", {"host": "rebound.example"})
    assert is_local("127.0.0.1", LOCAL)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_it_takes_a_network_of_ipv6_for_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


def test_it_finds_the_client_of_a_request_and_of_a_connection() -> None:
    assert client_of_request(RequestFactory(REMOTE_ADDR="2001:db8:1:2::3").get("/")) == "2001:db8:1:2::/64"
    assert client_of_scope({"client": ("2001:db8:1:2::3", 4711), "headers": []}) == "2001:db8:1:2::/64"
