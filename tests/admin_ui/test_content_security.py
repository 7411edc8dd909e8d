"""Every page of the staff site works under a policy without inline script or style."""

from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.admin_ui.conftest import Write
from training.models import ModelVersion

pytestmark = pytest.mark.django_db

PAGES = [
    "/admin/",
    "/admin/login/",
    "/admin/password_change/",
    "/admin/conversations/",
    "/admin/conversations/conversation/",
    "/admin/conversations/conversation/?q=hi",
    "/admin/conversations/conversation/{conversation}/change/",
    "/admin/conversations/conversation/{conversation}/delete/",
    "/admin/conversations/conversation/{conversation}/history/",
    "/admin/training/bot/",
    "/admin/training/environment/",
    "/admin/training/modelversion/",
    "/admin/training/modelversion/{version}/change/",
    "/admin/training/modelversion/{version}/activate/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/user/{user}/password/",
    "/admin/auditlog/logentry/",
    "/api/docs/",
    "/admin/axes/accessattempt/",
    "/admin/axes/accesslog/",
]


class Inline(HTMLParser):
    """Collects what a strict policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_it_needs_no_inline_script_or_style(desk: Client, wrote: Write, live_model: ModelVersion, path: str) -> None:
    client = Client() if "login" in path else desk
    user = desk.session["_auth_user_id"]
    response = client.get(path.format(conversation=wrote("hi").pk, version=live_model.pk, user=user))
    page = Inline()
    page.feed(response.content.decode())
    assert response.status_code == 200
    assert page.found == []
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "style-src 'self';" in policy + ";"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/login/",
        "/admin/password_change/",
        "/api/v1/conversations/",
        "/",
        "/widget/frame/",
        "/nowhere",
    ],
)
def test_it_keeps_no_page_and_lends_no_device(desk: Client, path: str) -> None:
    for response in (desk.get(path), Client().get(path)):
        assert "no-store" in response["Cache-Control"]
        for feature in ("camera", "microphone", "geolocation", "payment", "usb"):
            assert f"{feature}=()" in response["Permissions-Policy"]


def test_it_lets_browsers_keep_what_is_for_everyone() -> None:
    assert "max-age" in Client().get("/widget/loader.js")["Cache-Control"]
    assert "max-age" in Client().get("/static/widget/loader.js")["Cache-Control"]
