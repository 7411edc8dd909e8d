"""Who may send a large body: asked before it is read. The raw door: tests/conversations/test_raw_http.py"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from assistant.lib.transfers import LARGE_UPLOADS, may_upload

pytestmark = pytest.mark.django_db


def cookie_of(client: Client) -> str:
    return f"a=b; sessionid={client.cookies['sessionid'].value}"


def test_it_lets_those_upload_who_may(client: Client, ana: User) -> None:
    [door] = LARGE_UPLOADS
    client.force_login(ana)
    assert may_upload(door, "", cookie_of(client))
    assert may_upload(door, f"Bearer {AccessToken.for_user(ana)}", "")
    ana.set_password("another-one")
    ana.save()
    assert not may_upload(door, "", cookie_of(client))


def test_it_lets_nobody_else(client: Client) -> None:
    [door] = LARGE_UPLOADS
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.groups.set(Group.objects.filter(name="viewer"))
    client.force_login(viewer)
    assert not may_upload(door, "", cookie_of(client))
    assert not may_upload(door, f"Bearer {AccessToken.for_user(viewer)}", "")
    for given in ("", "Bearer x", "Bearer", "Basic YTpi", "\xff"):
        assert not may_upload(door, given, "sessionid=x; \xff=\x00")
