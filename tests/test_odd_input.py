"""What no database holds and no JSON says, at every address: 400 or 404 to whoever sent it, never 500."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from tests.test_access import PUBLIC_ID, addresses, house  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db
NUMBERS = ["0", "-1", "9" * 30, "9" * 5000, "%00", "1%00", "%ED%A0%80", "1e400"]
WORDS = ["1e400", "9" * 5000, str(2**63), "0001-01-01", "9999-12-31", "NaN", "infinity", "-1", "\udcff[{", "[" * 5000]
JSON = [
    "NaN",
    "1e400",
    "9" * 400,
    str(2**63),
    r'"\u0000"',
    r'"\ud800"',
    "[" * 900 + "]" * 900,
    r'{"\u0000": 1}',
    "null",
]
FORM, PROGRAM = "application/x-www-form-urlencoded", "application/json"


class Page(HTMLParser):
    """Its forms (where they are sent to and what they say), and what it takes behind the question mark."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.keys: set[str] = set()
        self.feed(page)
        self.keys |= {"p", "o", "_to_field"} if self.keys else set()

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in pairs}
        if tag == "form":
            self._sent = given.get("method", "get").lower() == "post" and "logout" not in given.get("action", "")
            if self._sent:
                self.forms.append((given.get("action", ""), {}))
        if tag in {"input", "select", "textarea", "button"} and given.get("name") and hasattr(self, "_sent"):
            if self._sent:
                self.forms[-1][1][given["name"]] = given.get("value", "")
            else:
                self.keys.add(given["name"])
        if tag == "a" and given.get("href", "").startswith("?"):
            self.keys |= {part.partition("=")[0] for part in given["href"][1:].split("&")}


class Desk:
    """Ana's browser and her program; each request is taken back."""

    def __init__(self, ana: User) -> None:
        self.browser = Client(raise_request_exception=False)
        self.browser.force_login(ana)
        self.token = str(AccessToken.for_user(ana))
        self.wrong: list[str] = []

    def ask(self, method: str, path: str, body: str = "") -> Any:
        api = path.startswith("/api/")
        headers = {"authorization": f"Bearer {self.token}"} if api else {}
        with transaction.atomic():
            answer = self.browser.generic(
                method, path, body.encode(), content_type=PROGRAM if api else FORM, headers=headers
            )
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            self.wrong.append(f"{method} {path[:200]} {body[:300]}")
        return answer


@pytest.fixture
def desk(house: None, ana: User) -> Iterator[Desk]:  # noqa: F811
    desk = Desk(ana)
    yield desk
    assert desk.wrong == []


def test_it_finds_nothing_under_a_number_that_no_database_holds(desk: Desk) -> None:
    for route, _name, _path in addresses():
        if "<" in route and "(?P" not in route:
            for number in NUMBERS:
                path = "/" + re.sub(r"<(\w+:)?\w+>", number, route)
                desk.ask("GET", path)
            desk.ask("POST", path)


def test_it_takes_odd_words_in_every_query_and_form(desk: Desk) -> None:
    """Each gets the next of the words. A form that stands on several pages is the same form."""
    words, seen = cycle(WORDS), set()
    for route, _name, path in addresses():
        answer = desk.ask("GET", path) if path.startswith("/admin/") and "(?P" not in route else None
        if answer is None or answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        page = Page(answer.content.decode())
        for key in sorted(page.keys):
            desk.ask("GET", f"{path}?{quote(key)}={quote(next(words), errors='surrogatepass')}")
        for where, fields in page.forms:
            new = {(where, name) for name in fields} - seen if where else {(path, name) for name in fields}
            seen |= new
            for _where, name in sorted(new):
                body = urlencode({**fields, name: next(words)}, errors="surrogatepass")
                desk.ask("POST", where or path, body)


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/training/intent/examples/", "/api/v1/conversations/", "/widget/frame/"]
)
def test_it_refuses_nul(desk: Desk, path: str) -> None:
    assert desk.ask("GET", f"{path}?q=a%00b").status_code == 400
    assert desk.ask("GET", f"{path}%00/").status_code == 404
    if path.startswith("/admin/"):
        assert desk.ask("POST", path, "a=%00").status_code == 400
        assert desk.ask("POST", path, "%00=a").status_code == 400
        assert desk.browser.post(path, {"a": "\x00"}).status_code == 400  # as multipart


def test_it_takes_odd_values_in_every_part_of_the_api(desk: Desk) -> None:
    schema = desk.ask("GET", "/api/schema/?format=json").json()
    words, values = cycle(WORDS), cycle(JSON)
    for method, path, operation in _operations(schema):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for _ in range(3):
                    desk.ask(method, f"{path}?{parameter['name']}={quote(next(words), errors='surrogatepass')}")
        content = operation.get("requestBody", {}).get("content", {}).get(PROGRAM)
        fine = _sample(schema, content["schema"]) if content else {}
        for name in fine:
            for _ in range(3):
                parts = {key: json.dumps(value) for key, value in fine.items()} | {name: next(values)}
                body = ", ".join(f'"{key}": {value}' for key, value in parts.items())
                desk.ask(method, path, "{" + body + "}")


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            places = {part["name"]: part for part in operation.get("parameters", []) if part["in"] == "path"}
            real = path
            for name, part in places.items():
                real = real.replace("{" + name + "}", str(_sample(schema, part["schema"])))
            yield method.upper(), real, operation


def _sample(schema: dict[str, Any], part: dict[str, Any]) -> Any:
    """Something that the schema allows."""
    while "$ref" in part or "allOf" in part or "oneOf" in part:
        name = part["$ref"].rsplit("/", 1)[1] if "$ref" in part else ""
        part = schema["components"]["schemas"][name] if name else (part.get("allOf") or part["oneOf"])[0]
    if "enum" in part:
        return part["enum"][0]
    if part.get("type") == "array":
        return [_sample(schema, part["items"])]
    if part.get("type") == "object":
        return {name: _sample(schema, inner) for name, inner in part.get("properties", {}).items()}
    plain = {"integer": 1, "number": 0.5, "boolean": True}
    return plain.get(part.get("type", ""), str(PUBLIC_ID) if part.get("format") == "uuid" else "main-test")
