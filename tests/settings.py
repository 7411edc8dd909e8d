"""Settings of the tests: the product's own, with the fake engine and a folder that goes away.

FRONTDESK_TEST_MODE=distributed takes PostgreSQL and Redis from DATABASE_URL and REDIS_URL, or from 127.0.0.1.
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Images of Python set it, and each process that a test starts would compile all that it imports: seconds each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ROOT = Path(__file__).resolve().parent.parent
MODE = os.environ.get("FRONTDESK_TEST_MODE", "embedded")
_folder = tempfile.mkdtemp(prefix="frontdesk-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["VAR_DIR"] = _folder
_builder = hashlib.sha256((ROOT / "assistant" / "embeddings_graph.py").read_bytes()).hexdigest()[:16]
os.environ.setdefault("EMBEDDINGS_DIR", str(ROOT / ".pytest_cache" / f"embeddings-{_builder}"))
os.environ.setdefault("ASSISTANT_ENGINE", "assistant.engine.fake.FakeEngine")
os.environ.update(RATE_LIMIT_PUBLIC="off", RATE_LIMIT_VISITOR="off", RATE_LIMIT_API="off", RATE_LIMIT_LOGIN="off")
os.environ["RATE_LIMIT_LOGIN_NAME"] = "off"
if MODE == "distributed":
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/frontdesk")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/9")
else:
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL"):
        os.environ.pop(name, None)

from assistant.settings import *  # noqa: E402, F403

if MODE == "embedded":  # a database in memory, unlike one on disk, locks readers out while somebody writes
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/tests.sqlite3"}  # noqa: F405
    _options = DATABASES["default"]["OPTIONS"]  # noqa: F405
    _options["init_command"] = _options["init_command"].replace("synchronous=FULL", "synchronous=OFF")

if MODE == "distributed":  # workers at once share the server, but neither cache nor groups
    _worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    CACHES["default"]["KEY_PREFIX"] += _worker  # noqa: F405
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] += _worker  # noqa: F405

DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405  no thread keeps a database that a test wants gone
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
WHITENOISE_AUTOREFRESH = True  # else every test client reads all static files at its first request
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, float] = {}
