"""The staff page: colleagues come, change their role, and go."""

from __future__ import annotations

import re
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client

from assistant.roles import ROLES, role_of

pytestmark = pytest.mark.django_db
LIST = "/admin/auth/user/"


@pytest.fixture
def ada(db: None) -> User:
    """The one admin there is."""
    user = User.objects.create_user("ada", password="desk-of-ada", is_staff=True)
    user.groups.set(Group.objects.filter(name="admin"))
    return user


@pytest.fixture
def office(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def added(office: Client, **other: str) -> Any:
    return office.post(f"{LIST}add/", {"username": "vera", "role": "viewer", "password": "", **other})


def saved(office: Client, user: User, **other: str) -> Any:
    now = {"username": user.username, "role": role_of(user), "is_active": "on"}
    body = {name: value for name, value in {**now, **other}.items() if value}
    return office.post(f"{LIST}{user.pk}/change/", body)


def test_it_makes_the_groups_as_the_table_says() -> None:
    groups = {group.name: group for group in Group.objects.prefetch_related("permissions__content_type")}
    assert set(groups) == set(ROLES)
    for role, names in ROLES.items():
        found = {f"{p.content_type.app_label}.{p.codename}" for p in groups[role].permissions.all()}
        assert found == names


def test_it_adds_a_colleague_whose_password_is_shown_once(office: Client) -> None:
    page = added(office)
    password = re.search(r'id="password">([^<]+)<', page.content.decode()).group(1)
    assert Client().post("/admin/login/", {"username": "vera", "password": password}).status_code == 302
    assert password not in str(page.cookies) + str(office.session.items())
    assert role_of(User.objects.get(username="vera")) == "viewer"


def test_it_takes_a_password_that_is_good_enough(office: Client) -> None:
    assert "too common" in added(office, password="password").content.decode()
    assert added(office, password="teal-rocket-42").status_code == 302
    assert Client().login(username="vera", password="teal-rocket-42")


def test_it_changes_a_role(office: Client) -> None:
    added(office)
    vera = User.objects.get(username="vera")
    assert saved(office, vera, role="annotator").status_code == 302
    vera = User.objects.get(pk=vera.pk)
    assert vera.has_perm("conversations.review_conversation")
    entry = LogEntry.objects.get_for_object(vera).first()
    assert entry.changes == {"role": ["viewer", "annotator"]}


def test_it_deactivates_who_leaves_and_ends_what_they_had(office: Client) -> None:
    added(office, password="teal-rocket-42")
    theirs = Client()
    theirs.login(username="vera", password="teal-rocket-42")
    assert theirs.get("/admin/").status_code == 200
    saved(office, User.objects.get(username="vera"), is_active="")
    assert theirs.get("/admin/").status_code == 302
    assert not Client().login(username="vera", password="teal-rocket-42")


def test_it_makes_a_new_password(office: Client) -> None:
    added(office, password="teal-rocket-42")
    vera = User.objects.get(username="vera")
    page = office.post(f"{LIST}{vera.pk}/password/")
    password = re.search(r'id="password">([^<]+)<', page.content.decode()).group(1)
    assert Client().login(username="vera", password=password)
    assert not Client().login(username="vera", password="teal-rocket-42")
    assert password not in str(LogEntry.objects.values_list("changes"))


def test_it_keeps_the_last_admin(office: Client, ada: User) -> None:
    for change in ({"role": "viewer"}, {"is_active": ""}):
        page = saved(office, ada, **change)
        assert "take your own rights away" in page.content.decode()
    assert role_of(User.objects.get(pk=ada.pk)) == "admin"


def test_it_lets_an_admin_go_where_another_stays(office: Client, ada: User) -> None:
    added(office, username="bob", role="admin")
    bob = User.objects.get(username="bob")
    assert saved(office, bob, role="viewer").status_code == 302
    assert role_of(User.objects.get(pk=bob.pk)) == "viewer"


def test_it_leaves_superusers_to_superusers(office: Client, ana: User) -> None:
    assert office.get(f"{LIST}{ana.pk}/change/").status_code == 200
    assert office.post(f"{LIST}{ana.pk}/change/", {"username": "mine"}).status_code == 403
    assert office.post(f"{LIST}{ana.pk}/password/").status_code == 403


def test_it_makes_no_superuser_and_grants_no_single_permission(office: Client) -> None:
    added(office, is_superuser="on", user_permissions="1", groups="1")
    vera = User.objects.get(username="vera")
    saved(office, vera, is_superuser="on", user_permissions="1")
    vera = User.objects.get(username="vera")
    assert not vera.is_superuser
    assert not vera.user_permissions.exists()


def test_it_deletes_nobody(desk: Client, ada: User) -> None:
    assert desk.post(f"{LIST}{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get("/admin/auth/group/").status_code == 404


def test_it_is_closed_to_others(viewer_desk: Client, ada: User) -> None:
    for path in (LIST, f"{LIST}add/", f"{LIST}{ada.pk}/change/", f"{LIST}{ada.pk}/password/"):
        assert viewer_desk.get(path).status_code == 403


def test_it_lets_everyone_change_their_own_password(office: Client, ada: User) -> None:
    new = {"old_password": "desk-of-ada", "new_password1": "teal-rocket-42", "new_password2": "teal-rocket-42"}
    assert office.post("/admin/password_change/", new).status_code == 302
    assert Client().login(username="ada", password="teal-rocket-42")
    assert LogEntry.objects.get_for_object(ada).get().changes == {"password": [None, "a new one"]}
