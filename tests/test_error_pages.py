"""Pages that say what went wrong. No test here may use the database: it may be what broke."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.views import defaults


@pytest.mark.parametrize("path", ["/nothing", "/chat/nothing/else"])
def test_it_leads_back_from_an_address_that_is_not_there(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert all(words in answer.content.decode() for words in ("This is not there", 'href="/admin/"', 'href="/"'))


def test_it_says_that_something_broke_or_is_not_allowed(rf: RequestFactory) -> None:
    broken, refused = defaults.server_error(rf.get("/")), defaults.permission_denied(rf.get("/"), PermissionDenied())
    assert (broken.status_code, refused.status_code) == (500, 403)
    assert "Something broke here" in broken.content.decode()
    assert "You may not do this" in refused.content.decode()
    assert not any(" style=" in page.content.decode() for page in (broken, refused))
