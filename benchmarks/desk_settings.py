"""The product's own settings with the fake engine and a queue that nobody listens to."""

import os

os.environ["ASSISTANT_ENGINE"] = "assistant.engine.fake.FakeEngine"

from assistant.settings import *  # noqa: F403

ALLOWED_HOSTS = ["testserver"]
SECURE_SSL_REDIRECT = False
AXES_ENABLED = False
