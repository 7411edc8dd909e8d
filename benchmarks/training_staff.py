"""A member of staff at the models' pages, over HTTP as a browser would."""

from __future__ import annotations

import re
import time
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from tests.running import until

MODELS = "/admin/training/modelversion/"
REPLAYS = "/admin/conversations/replay/"
LOOK_EVERY = 1.0  # seconds, as the page does


@dataclass
class Staff:
    url: str
    _cookies: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def log_in(self, name: str = "admin", password: str = "desk-of-ana") -> None:
        self.get("/admin/login/")
        _, page = self.post("/admin/login/", username=name, password=password, next=MODELS)
        assert "Models" in page, "could not log in"

    def get(self, path: str) -> str:
        with self._browser.open(self.url + path, timeout=30) as response:
            return response.read().decode()

    def post(self, path: str, **form: object) -> tuple[str, str]:
        """Where it led, and the page there."""
        token = next(cookie.value for cookie in self._cookies if cookie.name == "csrftoken")
        data = urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        request = urllib.request.Request(self.url + path, data, {"Referer": self.url + path})
        with self._browser.open(request, timeout=30) as response:
            return response.url.removeprefix(self.url), response.read().decode()

    def train(self) -> str:
        """The page of the job."""
        bot = re.search(r'name="bot" value="(\d+)"', self.get(MODELS))
        assert bot, "there is no Train button"
        return self.post(f"{MODELS}train/", bot=bot[1])[0]

    def wait_for(self, job: str, seconds: float = 600.0) -> int:
        """Until the job is done. The number of its version."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            shown = self.get(job.replace("/change/", "/progress/"))
            if "data-ended" in shown:
                version = re.search(rf"{MODELS}(\d+)/activate/", shown)
                assert version, re.sub(r"<[^>]+>|\s+", " ", shown)
                return int(version[1])
            time.sleep(LOOK_EVERY)
        raise AssertionError(f"{job} did not end within {seconds} s")

    def activate(self, version: int) -> None:
        self.post(f"{MODELS}{version}/activate/", environment="production")

    def roll_back(self) -> None:
        """The button beside what is live in production."""
        form = re.search(rf'action="({MODELS}rollback/\d+/)".*?name="seen" value="(\d+)"', self.get(MODELS), re.S)
        assert form, "there is nothing to go back to"
        self.post(form[1], seen=form[2])

    def replay(self, left: int, right: int, conversations: int, seconds: float = 600.0) -> None:
        """Until the newest conversations were said again to both versions."""
        page, _ = self.post(f"{REPLAYS}add/", left=left, right=right, conversations=conversations)
        now = page.replace("/change/", "/now/")
        until(lambda: "data-ended" in self.get(now), seconds, page)
