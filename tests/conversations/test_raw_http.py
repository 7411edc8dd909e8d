"""The raw HTTP door, with the eyes of a proxy that reuses connections: each answer belongs to its request."""

from __future__ import annotations

import os
import random
import socket
import time
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.attacker import frame, websocket_request
from tests.running import Running, until

pytestmark = [pytest.mark.processes, pytest.mark.modes("embedded")]  # no database is behind what it sends
HOST = b"Host: 127.0.0.1\r\n"
GET, POST = b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = "/static/widget/loader.js"
PING = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """One connection. Answers are read as strictly as a proxy would."""

    def __init__(self, live: Running) -> None:
        self.socket = socket.create_connection(("127.0.0.1", live.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def answer(self, method: str = "GET") -> Answer:
        while True:
            found = self._answer(method)
            if found.status != 100:
                return found

    def _answer(self, method: str) -> Answer:
        first = self.file.readline()
        assert first.startswith(b"HTTP/1.1 "), first
        assert first.endswith(b"\r\n"), first
        headers: dict[str, str] = {}
        while (line := self.file.readline()) != b"\r\n":
            assert line.endswith(b"\r\n"), line
            name, _, value = line.decode("latin-1").partition(":")
            assert name.lower() not in headers or name.lower() in {"set-cookie", "vary"}, name
            headers[name.lower()] = value.strip()
        status = int(first.split()[1])
        if method == "HEAD" or status in {100, 204, 304}:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            assert "content-length" not in headers
            return Answer(status, headers, b"".join(iter(self._chunk, b"")))
        return Answer(status, headers, self.file.read(int(headers["content-length"])))

    def _chunk(self) -> bytes:
        piece = self.file.read(int(self.file.readline(), 16))
        assert self.file.readline() == b"\r\n"
        return piece

    def is_alive(self) -> bool:
        """Whether the next request gets the next answer, and nothing else lies about."""
        try:
            self.send(PING)
            answer = self.answer()
        except (OSError, AssertionError):
            return False
        assert (answer.status, answer.body) == (200, b'{"status": "ok"}'), answer
        return True

    def is_closed(self) -> bool:
        self.socket.settimeout(5)
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


def request(method: str, path: str = "/health/live", *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


@pytest.fixture
def line(live: Running):
    with closing(Line(live)) as made:
        yield made


def test_it_sends_no_body_where_none_belongs(line: Line) -> None:
    """A body of several pieces used to follow the headers from its second piece on."""
    line.send(request("GET", "/api/schema/"))
    whole = line.answer()
    assert len(whole.body) > 70_000
    for path in ("/api/schema/", LARGE, "/", "/no/such/page", "/admin/login/"):
        line.send(request("HEAD", path))
        head = line.answer("HEAD")
        assert path != "/api/schema/" or head.headers["content-length"] == str(len(whole.body))
        assert line.is_alive()
    line.send(request("GET", LARGE))
    since = line.answer().headers["last-modified"]
    line.send(request("GET", LARGE, f"If-Modified-Since: {since}"))
    assert line.answer().status == 304
    assert line.is_alive()


def test_it_answers_every_method_and_stays_in_step(line: Line) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"):
        for path in ("/health/live", "/webhooks/rest/webhook", "/admin/", "/no%0d%0asuch"):
            line.send(request(method, path, "Content-Length: 5", body=b"GET /"))
            answer = line.answer()
            assert answer.status < 500, (method, path)
            assert b"GET /" not in answer.body
            assert line.is_alive(), (method, path)


def test_it_answers_pipelined_requests_in_order(line: Line) -> None:
    paths = ["/health/live", LARGE, "/no/such/page", "/api/schema/", "/webhooks/rest/webhook"] * 4
    line.send(*[request("HEAD" if number % 3 == 0 else "GET", path) for number, path in enumerate(paths)])
    statuses = [line.answer("HEAD" if number % 3 == 0 else "GET").status for number in range(len(paths))]
    assert statuses == [200, 200, 404, 200, 405] * 4
    assert line.is_alive()


# What proxies read in different ways, and each of which ends the connection with 400 and one answer.
REFUSED = {
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "length list": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "length and coding": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
    "other coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "odd coding": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "coding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "old chunks": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk size": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "bare LF in chunks": CHUNKED + b"3\nabc\n0\n\n\r\n\r\n",
    "bad extension": CHUNKED + b"3;a=\n\r\nabc\r\n0\r\n\r\n",
    "chunk without end": CHUNKED + b"3\r\nabcde\r\n0\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",
    "LF in a header": GET + b"A: b\nContent-Length: 9\r\n\r\n",
    "CR in a header": GET + b"A: b\rContent-Length: 9\r\n\r\n",
    "NUL in a header": GET + b"A: b\x00\r\n\r\n",
    "folded": GET + b"A: b\r\n c\r\n\r\n",
    "folded at once": b"GET / HTTP/1.1\r\n Content-Length: 9\r\nHost: a\r\n\r\n",
    "space in a name": POST + b"Content-Length : 3\r\n\r\nabc",
    "no name": GET + b": 3\r\n\r\n",
    "no colon": GET + b"nothing\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: b\r\n\r\n",
    "NUL in the path": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the path": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "other version": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no method": b"/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "tunnel": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "websocket with a body": websocket_request(1)[:-2] + b"Content-Length: 3\r\n\r\nabc",
    "websocket by POST": websocket_request(1).replace(b"GET", b"POST"),
    "websocket that stays": websocket_request(1).replace(b"Connection: Upgrade", b"Connection: keep-alive"),
    "websocket in Latin-1": websocket_request(1)[:-2] + b"Sec-WebSocket-Protocol: \xff\r\n\r\n",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_it_refuses_what_can_be_read_in_two_ways(line: Line, raw: bytes) -> None:
    line.send(raw, PING)  # a request that is smuggled in behind it gets no answer
    assert line.answer().status == 400
    assert line.is_closed()


def test_it_ends_what_is_too_long(live: Running) -> None:
    long = {
        "path": request("GET", "/" + "a" * 20_000),
        "header": request("GET", "/", "A: " + "a" * 20_000),
        "headers": request("GET", "/", *[f"A{n}: {'a' * 900}" for n in range(30)]),
        "many": request("GET", "/", *[f"A{n}: a" for n in range(200)]),
    }
    for name, raw in long.items():
        with closing(Line(live)) as line:
            line.send(raw)
            assert line.answer().status in {400, 431}, name
            assert line.is_closed()


def test_it_reads_what_is_unusual_but_plain(line: Line, live: Running) -> None:
    line.send(request("GET", "http://127.0.0.1/health/live"))
    assert line.answer().status == 200
    line.send(request("POST", "/health/live", "Transfer-Encoding: Chunked", body=b"3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n"))
    assert line.answer().status < 500
    line.send(request("POST", "/health/live", "Expect: 100-continue", "Content-Length: 3"))
    assert line._answer("POST").status == 100
    line.send(b"abc")
    assert line.answer().status < 500
    line.send(request("GET", "/health/live", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"))
    assert line.answer().status == 200
    line.send(request("GET", "/admin/login/", "Daphne-Root-Path: //evil.example/\xff"))
    page = line.answer()
    assert page.status == 200
    assert b"evil.example" not in page.body
    line.send(request("GET", "/health/live", "Connection: Keep-Alive,Close"))
    assert line.answer().headers["connection"] == "close"
    assert line.is_closed()


def test_it_stays_in_step_whatever_comes(live: Running) -> None:
    """Pieces of requests in random order: each answer is whole, and no connection is out of step."""
    chance = random.Random(7)
    pieces = [PING, request("HEAD", LARGE), b"\r\n", b"GET ", b"\x00", b"0\r\n\r\n", b"Content-Length: 4\r\n", b"\n"]
    pieces += [
        request("POST", "/webhooks/rest/webhook", "Content-Length: 3", body=b"abc"),
        b"Host: a\r\n",
        b" HTTP/1.1\r\n",
    ]
    for _ in range(60):
        with closing(Line(live)) as line:
            line.send(*chance.choices(pieces, k=chance.randrange(1, 6)), b"\r\n\r\n")
            line.socket.shutdown(socket.SHUT_WR)
            rest = line.file.read()
            assert rest == b"" or rest.startswith(b"HTTP/1.1 ")
            assert b"Traceback" not in rest
    with closing(Line(live)) as line:
        assert line.is_alive()


def spooled(live: Running) -> int:
    """Bytes of files that the server holds open in its folder for uploads, those without a name included."""
    process = live.processes.get("server") or live.processes["web"]
    total = 0
    for handle in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            path = os.readlink(f"/proc/{process.pid}/fd/{handle}")
            total += (
                os.stat(f"/proc/{process.pid}/fd/{handle}").st_size
                if str(live.folder) in path and "uploads" in path
                else 0
            )
        except OSError:
            continue
    return total


UPLOADS = ("/admin/training/modelversion/upload/", "/api/v1/models/upload/")


@pytest.mark.parametrize("path", ["/webhooks/rest/webhook", "/", "/api/v1/auth/login", "/admin/login/", *UPLOADS])
def test_it_takes_no_large_body_of_a_stranger(live: Running, path: str) -> None:
    """Refused by what it says, and where it says nothing by what comes."""
    with closing(Line(live)) as line:
        line.send(request("POST", path, "Content-Length: 1200000000", "Expect: 100-continue"))
        assert line._answer("POST").status == 413
        assert line.is_closed()
    with closing(Line(live)) as line:
        line.send(request("POST", path, "Content-Length: 1200000000", body=b"x" * 500_000))
        assert line.answer().status == 413
    with closing(Line(live)) as line:
        line.send(request("POST", path, "Transfer-Encoding: chunked"))
        for _ in range(5):
            line.send(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
        assert line.answer().status == 413
    until(lambda: spooled(live) == 0, 5, "the end of the spooled bodies")


def test_it_takes_a_large_body_of_staff_and_throws_it_away_when_they_leave(live: Running) -> None:
    with closing(Line(live)) as line:
        login = b'{"username": "admin", "password": "desk-of-ana"}'
        line.send(
            request(
                "POST",
                "/api/v1/auth/login",
                "Content-Type: application/json",
                f"Content-Length: {len(login)}",
                body=login,
            )
        )
        token = line.answer().body.split(b'"access"')[1].split(b'"')[1].decode()
        line.send(
            request(
                "POST", UPLOADS[1], f"Authorization: Bearer {token}", "Content-Length: 50000000", "Expect: 100-continue"
            )
        )
        assert line._answer("POST").status == 100
        line.send(b"x" * 3_000_000)
        until(lambda: spooled(live) >= 2_000_000, 5, "a spooled body")
    until(lambda: spooled(live) == 0, 5, "the end of the spooled body")


def test_it_knows_a_websocket_that_is_not_there(live: Running) -> None:
    before = len(live.logs())
    for path in ("/ws/nowhere/", "/ws/chat", "/ws/desk/1/", "/", "/ws/%0a%1b[31m12:00:00 ERROR"):
        with closing(Line(live)) as line:
            line.send(websocket_request(live.port, path.replace(" ", "%20")))
            assert line.socket.recv(100).startswith(b"HTTP/1.1 404 ")
    for origin in (b"http://[", b"http://a:99999999", b"\t", b"null", b"//"):
        with closing(Line(live)) as line:
            asked = websocket_request(live.port)
            line.send(asked.replace(b"Origin: http://127.0.0.1:%d" % live.port, b"Origin: " + origin))
            assert line.socket.recv(100)[:13] in {b"HTTP/1.1 403 ", b"HTTP/1.1 400 "}
    assert "Traceback" not in live.logs()[before:]


def test_it_writes_no_line_of_a_strangers_and_no_token(live: Running) -> None:
    with closing(Line(live)) as line:
        for path in (
            "/admin/login/%0a12:00:00%20ERROR%20forged",
            "/x?a=%0a12:00:00%20ERROR%20forged&token=s3cret-of-ana",
        ):
            line.send(request("POST", path, "Content-Length: 0"))
            assert line.answer().status in {403, 404, 405}
        line.send(request("POST", "/webhooks/rest/webhook?token=s3cret-of-ana", "Content-Length: 1", body=b"{"))
        assert line.answer().status == 400
    assert "\n12:00:00 ERROR forged" not in live.logs()
    assert "s3cret-of-ana" not in live.logs()


def test_it_gives_up_who_sends_frame_after_frame(live: Running) -> None:
    """Frames of the protocol's own included, and whoever reads nothing of what it asked for."""
    for flood in (frame(b"", opcode=9), frame(b"{}"), frame({"type": "fetch", "after_seq": 0})):
        with closing(Line(live)) as line:
            line.send(websocket_request(live.port))
            assert line.socket.recv(1000).startswith(b"HTTP/1.1 101 ")
            line.socket.settimeout(10)
            began = time.monotonic()
            try:
                while line.socket.send(flood * 20) and time.monotonic() < began + 10:
                    time.sleep(0.005)
            except OSError:
                continue
            raise AssertionError("it was never closed")
