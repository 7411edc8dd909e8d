"""Tokens: who gets them, how long they are good, and that nobody can guess."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import pytest
import time_machine
from axes.models import AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from tests.api.conftest import Program, colleague, logged_in

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login/"
VERA = {"username": "vera", "password": "desk-of-vera"}


@pytest.fixture
def vera(db: None) -> User:
    return colleague("vera", "viewer")


def login(**other: str) -> Any:
    return Program().post("auth/login", {**VERA, **other})


def login_from(address: str, **other: str) -> Any:
    return Client(REMOTE_ADDR=address).post(LOGIN, {**VERA, **other}, content_type="application/json")


def test_it_lets_staff_in(vera: User) -> None:
    answer = login()
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    assert Program(answer.json()["access"]).get("conversations").status_code == 200
    vera.refresh_from_db()
    assert vera.last_login is not None


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"username": "nobody"}])
def test_it_says_the_same_about_names_and_passwords(vera: User, wrong: dict[str, str]) -> None:
    answer = login(**wrong)
    assert answer.status_code == 401
    assert answer.json()["extra"]["code"] == "bad_credentials"


@pytest.mark.parametrize("lost", ["is_staff", "is_active"])
def test_it_is_for_staff_only(vera: User, lost: str) -> None:
    pair = login().json()
    User.objects.filter(pk=vera.pk).update(**{lost: False})
    assert login().status_code == 401
    assert Program().post("auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert Program(pair["access"]).get("conversations").status_code in {401, 403}


def test_it_takes_a_refresh_token_once(vera: User) -> None:
    first = login().json()["refresh"]
    second = Program().post("auth/refresh", {"refresh": first})
    assert second.status_code == 200
    again = Program().post("auth/refresh", {"refresh": first})
    assert (again.status_code, again.json()["extra"]["code"]) == (401, "token_not_valid")


def test_it_ends_what_came_of_a_token_that_somebody_else_used(vera: User) -> None:
    stolen, elsewhere = login().json()["refresh"], login().json()["refresh"]
    newer = Program().post("auth/refresh", {"refresh": stolen}).json()["refresh"]
    assert Program().post("auth/refresh", {"refresh": stolen}).status_code == 401
    for token in (newer, elsewhere):
        assert Program().post("auth/refresh", {"refresh": token}).status_code == 401
    assert login().status_code == 200


def test_it_ends_a_token_at_logout_and_with_a_new_password(vera: User) -> None:
    one, other = login().json(), login().json()
    assert Program().post("auth/logout", {"refresh": one["refresh"]}).status_code == 204
    assert Program().post("auth/refresh", {"refresh": one["refresh"]}).status_code == 401
    vera.set_password("another-desk")
    vera.save()
    assert Program().post("auth/refresh", {"refresh": other["refresh"]}).status_code == 401
    assert Program(other["access"]).get("conversations").status_code == 401


def test_it_ends_access_after_ten_minutes_and_all_after_seven_days(vera: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        pair = login().json()
        clock.shift(11 * 60)
        assert Program(pair["access"]).get("conversations").status_code == 401
        clock.shift(7 * 24 * 3600)
        assert Program().post("auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
        login()
        assert OutstandingToken.objects.count() == 2  # the new log-in and its refresh token


def test_it_keeps_no_token_that_could_be_stolen(vera: User) -> None:
    pair = login().json()
    Program().post("auth/refresh", {"refresh": pair["refresh"]})
    assert set(OutstandingToken.objects.values_list("token", flat=True)) == {""}


def test_it_locks_a_name_after_ten_failures(vera: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    failures = [login(password="guess").status_code for _ in range(10)]
    assert failures[:9] == [401] * 9
    locked = login()
    assert (locked.status_code, locked.json()["extra"]["code"]) == (429, "locked_out")
    assert "Retry-After" in locked


def test_it_slows_down_who_tries_fast(vera: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN = "3/m"
    tries = [login(username="mallory", password="guess") for _ in range(4)]
    assert [answer.status_code for answer in tries] == [401, 401, 401, 429]
    assert tries[-1].json()["extra"]["code"] == "rate_limited"


def test_it_keeps_nobody_out_whose_name_others_try(vera: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN, settings.RATE_LIMIT_LOGIN_NAME = "3/m", "20/m"
    tries = [login_from("203.0.113.9", password="guess") for _ in range(4)]
    assert [answer.status_code for answer in tries] == [401, 401, 401, 429]
    assert login_from("203.0.113.10").status_code == 200


def test_it_slows_down_a_network_of_ipv6_as_one(vera: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN = "3/m"
    network = f"2001:db8:{secrets.token_hex(2)}"
    tries = [login_from(f"{network}:1::{number}", username="mallory", password="guess") for number in range(4)]
    assert [answer.status_code for answer in tries] == [401, 401, 401, 429]
    assert login_from(f"{network}:2::1").status_code == 200


def test_it_limits_each_member_of_staff(settings: Any) -> None:
    vera, wim = logged_in("vera", "viewer"), logged_in("wim", "viewer")
    settings.RATE_LIMIT_API = "2/m"
    asked = [vera.get("conversations") for _ in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert int(asked[-1]["Retry-After"]) > 0
    assert asked[-1].json()["extra"]["code"] == "rate_limited"
    assert wim.get("conversations").status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoxfQ."])
def test_it_refuses_what_is_no_token(vera: User, token: str) -> None:
    answer = Program(token or "x").get("conversations")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_it_refuses_a_refresh_token_as_access(vera: User) -> None:
    assert Program(login().json()["refresh"]).get("conversations").status_code == 401


def test_it_writes_no_secret_into_the_log(vera: User, caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    settings.AXES_ENABLED = True
    caplog.set_level(logging.DEBUG)
    pair = login().json()
    login(password="pass-that-is-wrong")
    Program().post("auth/refresh", pair | {"unknown": "field"})
    Program().post("auth/refresh", {"refresh": pair["refresh"]})
    for secret in (VERA["password"], "pass-that-is-wrong", pair["access"], pair["refresh"]):
        assert secret not in caplog.text


def test_it_ends_access_at_logout_but_no_other_log_in(vera: User) -> None:
    one, other = login().json(), login().json()
    newer = Program().post("auth/refresh", {"refresh": one["refresh"]}).json()
    assert Program().post("auth/logout", {"refresh": newer["refresh"]}).status_code == 204
    for pair in (one, newer):
        ended = Program(pair["access"]).get("conversations")
        assert (ended.status_code, ended.json()["extra"]["code"]) == (401, "token_not_valid")
    assert Program(other["access"]).get("conversations").status_code == 200
    assert Program().post("auth/refresh", {"refresh": other["refresh"]}).status_code == 200


def test_it_ends_access_where_a_refresh_token_came_twice(vera: User) -> None:
    pair, elsewhere = login().json(), login().json()
    Program().post("auth/refresh", {"refresh": pair["refresh"]})
    Program().post("auth/refresh", {"refresh": pair["refresh"]})
    for access in (pair["access"], elsewhere["access"]):
        assert Program(access).get("conversations").status_code == 401


def test_it_ends_all_tokens_of_who_logs_out_of_the_staff_site(vera: User) -> None:
    pair, desk = login().json(), Client()
    desk.force_login(vera)
    desk.post("/admin/logout/")
    assert Program(pair["access"]).get("conversations").status_code == 401
    assert Program().post("auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_it_begins_no_session_for_a_program(vera: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    assert login().status_code == 200
    assert Session.objects.count() == 0
    assert AccessLog.objects.get().username == "vera"


def test_it_says_in_the_log_who_failed_from_where(vera: User, caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    settings.AXES_ENABLED = True
    login_from("203.0.113.9", password="guess")
    login_from("203.0.113.9", username="my-passphrase", password="guess")
    Client(REMOTE_ADDR="").post(LOGIN, {**VERA, "password": "guess"}, content_type="application/json")
    assert "'vera' from 203.0.113.9 on the API" in caplog.text
    assert "an unknown name from 203.0.113.9" in caplog.text
    assert "'vera' from an unknown address" in caplog.text
    assert "my-passphrase" not in caplog.text
