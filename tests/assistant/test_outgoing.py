"""Requests to addresses that others name: what they reach, what they do not, and what they cost at most."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import Any

import pytest
from django.conf import LazySettings

from assistant.lib import outgoing
from assistant.lib.outgoing import NotFetched, fetch, is_public

Answer = Callable[[BaseHTTPRequestHandler], None]
INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Whoever asked has gone, as it should."""


class Site:
    """A web server of the test's own, which the operator trusts. `paths`: what it does for each."""

    def __init__(self) -> None:
        self.paths: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                site.paths[self.path](self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def begin(settings: LazySettings) -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def begin() -> Site:
        sites.append(Site())
        settings.OUTGOING_TRUSTED = frozenset(f"127.0.0.1:{site.port}" for site in sites)
        return sites[-1]

    yield begin
    for site in sites:
        site.server.shutdown()
        site.server.server_close()


@pytest.fixture
def site(begin: Callable[[], Site]) -> Site:
    return begin()


def says(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def redirects(url: str, status: int = 302) -> Answer:
    return says(b"", status, Location=url)


def test_it_fetches_what_a_trusted_host_has(site: Site) -> None:
    site.paths["/a?b=c"] = says(gzip.compress(b"hello"), Content_Type="text/plain", Content_Encoding="gzip")
    answer = fetch(f"{site.url}/a?b=c", headers={"X-One": "1"})
    assert (answer.url, answer.status, answer.content) == (f"{site.url}/a?b=c", 200, b"hello")
    assert answer.headers["content-type"] == "text/plain"
    assert site.asked[0][2]["x-one"] == "1"


def test_it_says_what_status_came(site: Site) -> None:
    site.paths["/"] = says(b"no", 404)
    assert fetch(site.url + "/").status == 404


@pytest.mark.parametrize("address", INSIDE)
def test_it_takes_no_address_inside_for_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_it_takes_what_all_can_reach_for_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "0",
        "localhost",
        "LOCALHOST.",
        "169.254.169.254",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
    ],
)
def test_it_reaches_nothing_inside_however_it_is_written(site: Site, settings: LazySettings, host: str) -> None:
    settings.OUTGOING_TRUSTED = frozenset()
    site.paths["/"] = says(b"secret")
    with pytest.raises(NotFetched):
        fetch(f"http://{host}:{site.port}/", seconds=2)
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "//127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "http://",
        "http:///",
        "http://[::1",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://user:secret@example.com/",
        "http://user@example.com/",
        "http://\0/",
        "http://a\r\nHost: b/",
    ],
)
def test_it_fetches_nothing_but_the_web(url: str) -> None:
    with pytest.raises(NotFetched):
        fetch(url, seconds=2)


def test_it_trusts_a_host_at_one_port_only(begin: Callable[[], Site], settings: LazySettings) -> None:
    trusted, other = begin(), begin()
    settings.OUTGOING_TRUSTED = frozenset({f"127.0.0.1:{trusted.port}"})
    trusted.paths["/"] = redirects(other.url + "/")
    with pytest.raises(NotFetched, match="not a public address"):
        fetch(trusted.url + "/")
    assert other.asked == []


def test_it_connects_to_the_address_that_was_checked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says something else the second time."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    reached: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(place: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        reached.append(place[0])
        monkeypatch.undo()
        return socket.create_connection(("127.0.0.1", site.port))

    site.paths["/"] = says(b"hello")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(outgoing.connection, "create_connection", connect)
    assert fetch("http://rebinding.example/").content == b"hello"
    assert reached == ["93.184.216.34"]
    assert site.asked[0][2]["host"] == "rebinding.example"


def test_it_refuses_a_name_with_one_address_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(NotFetched, match=r"both\.example is not a public address"):
        fetch("http://both.example/")


def test_it_follows_redirects_and_keeps_secrets_from_other_hosts(begin: Callable[[], Site]) -> None:
    first, second = begin(), begin()
    first.paths = {"/": redirects("/again"), "/again": redirects(second.url + "/end", 307)}
    second.paths["/end"] = says(b"there")
    answer = fetch(first.url + "/", headers={"Authorization": "Bearer x", "Cookie": "a=b", "X-Kept": "1"})
    assert (answer.url, answer.content) == (f"{second.url}/end", b"there")
    assert [("authorization" in it, "cookie" in it, it["x-kept"]) for _, _, it in [*first.asked, *second.asked]] == [
        (True, True, "1"),
        (True, True, "1"),
        (False, False, "1"),
    ]


def test_it_posts_again_only_where_it_was_told_to(site: Site) -> None:
    site.paths = {"/303": redirects("/end", 303), "/307": redirects("/end", 307), "/end": says(b"")}
    for path in ("/303", "/307"):
        fetch(site.url + path, method="POST", body=b"x")
    assert [(method, path) for method, path, _ in site.asked] == [
        ("POST", "/303"),
        ("GET", "/end"),
        ("POST", "/307"),
        ("POST", "/end"),
    ]


def test_it_does_not_go_round_in_circles(site: Site) -> None:
    site.paths["/"] = redirects("/")
    with pytest.raises(NotFetched, match="redirects more than"):
        fetch(site.url + "/")


@pytest.mark.parametrize("compressed", [False, True])
def test_it_takes_no_more_than_it_may(site: Site, compressed: bool) -> None:
    large = bytes(30_000_000)
    content = gzip.compress(large) if compressed else large
    site.paths["/"] = says(content, **({"Content_Encoding": "gzip"} if compressed else {}))
    with pytest.raises(NotFetched, match="more than 1 MB"):
        fetch(site.url + "/", most_bytes=1_000_000)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_it_waits_no_longer_than_it_may(site: Site, part: str) -> None:
    """For a server that sends a byte now and then."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Slow: " + (b"" if part == "headers" else b"no\r\nContent-Length: 1000\r\n\r\n")
        request.wfile.write(head)
        with suppress(OSError):  # who asked has gone
            for _ in range(100):
                request.wfile.write(b"x")
                time.sleep(0.05)

    site.paths["/"] = drip
    began = time.monotonic()
    with pytest.raises(NotFetched, match="took too long"):
        fetch(site.url + "/", seconds=0.4)
    assert time.monotonic() - began < 2


def test_it_says_that_nobody_is_there(settings: LazySettings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.OUTGOING_TRUSTED = frozenset({f"127.0.0.1:{port}"})
    with pytest.raises(NotFetched, match="could not be reached"):
        fetch(f"http://127.0.0.1:{port}/")
