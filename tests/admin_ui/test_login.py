from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_lets_staff_in(client: Client, ana: User) -> None:
    response = client.post("/admin/login/?next=/admin/", {"username": "ana", "password": "desk-of-ana"})
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_it_refuses_a_wrong_password(client: Client, ana: User) -> None:
    response = client.post("/admin/login/", {"username": "ana", "password": "guess"})
    assert "Please enter the correct username and password" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_it_slows_down_who_tries_fast(ana: User, settings: Any) -> None:
    client = Client(REMOTE_ADDR="203.0.113.11")
    settings.RATE_LIMIT_LOGIN = "2/m"
    tries = [client.post("/admin/login/", {"username": "ana", "password": "guess"}) for _ in range(3)]
    assert [answer.status_code for answer in tries] == [200, 200, 429]
    assert "Too many log-ins" in tries[-1].content.decode()
    assert client.get("/admin/login/").status_code == 200


def test_it_says_whose_door_this_is(client: Client) -> None:
    assert "Welcome to Frontdesk" in client.get("/admin/login/").content.decode()


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/conversations/conversation/", "/admin/conversations/conversation/1/change/"]
)
def test_it_sends_strangers_to_the_login(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={path}")


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/admin/conversations/conversation/?state=waiting", "/admin/conversations/conversation/?state=waiting"),
        ("/admin/nothing/there/", "/admin/"),
        ("/nowhere", "/admin/"),
        ("/admin/logout/", "/admin/"),
        ("https://foreign.example/admin/", "/admin/"),
        ("//foreign.example/admin/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("http://[", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_it_leads_to_a_page_that_is_there(client: Client, ana: User, asked: str, led_to: str) -> None:
    page = client.get("/admin/login/", {"next": asked})
    assert page.status_code == 200
    for body, query in (({"next": asked}, ""), ({}, "?" + urlencode({"next": asked}))):
        answer = client.post(f"/admin/login/{query}", {"username": "ana", "password": "desk-of-ana", **body})
        assert (answer.status_code, answer["Location"]) == (302, led_to)
        left = client.post("/admin/logout/", {"next": asked})
        assert (left.status_code, left.get("Location")) in {(200, None), (302, led_to)}


def test_it_leads_back_to_the_page_of_a_form_that_came_too_late(client: Client) -> None:
    address, page = "/admin/training/job/1/cancel/", "http://testserver/admin/training/job/1/change/"
    for referer, following in ((page, page), ("https://foreign.example/", "/admin/"), (None, "/admin/")):
        answer = client.post(address, headers={"referer": referer} if referer else {})
        assert answer["Location"] == f"/admin/login/?{urlencode({'next': following}, safe='/')}"
