"""All settings. The environment is read here and nowhere else; the defaults run on a laptop.

Each variable may also come from a file: `NAME_FILE` beside `NAME`.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from kombu import Exchange, Queue

from assistant.lib.beat import Every
from assistant.lib.configuration import (
    installation_name,
    keep_files_private,
    kept_secret,
    parse_number_or_off,
    parse_origins,
    redis_host,
)
from assistant.lib.postgresql.watched import KEEPALIVE

env = environ.FileAwareEnv()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
keep_files_private(VAR_DIR)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or kept_secret(VAR_DIR / "secret-key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many proxies in front add to X-Forwarded-For
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes speak plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0

# Apps and middleware
INSTALLED_APPS = [
    "assistant",
    "conversations",
    "training",
    "knowledge",
    "admin_ui.apps.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_results",
    "auditlog",
    "axes",
    "csp",
    "admin_ui",  # last: it puts pages of its own in place of others'
]
ASSISTANT_SKILLS = ["conversations", "knowledge"]  # apps that bring dialogue: bot/ and actions.py
ASSISTANT_ENGINE = env("ASSISTANT_ENGINE", default="assistant.engine.rasa_adapter.engine.RasaEngine")
DUCKLING_URL = env("DUCKLING_URL", default="")
# Components of Rasa that fetch what they run from an address, or read files by path: off unless they are listed here.
OUTSIDE_COMPONENTS = env.list("OUTSIDE_COMPONENTS", default=[])
OUTGOING_TRUSTED = frozenset(env.list("OUTGOING_TRUSTED", default=[]))  # `host:port`, which need not be public

MIDDLEWARE = [
    "assistant.lib.middleware.DefaultHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "assistant.lib.middleware.RejectNulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
LOGIN_URL = LOGIN_REDIRECT_URL = "admin:index"
ROOT_URLCONF = "assistant.urls"
ASGI_APPLICATION = "assistant.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "assistant.lib.addresses.ip_of_request"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_ENABLE_ADMIN = False  # its pages delete without a trace: admin_ui has others
AXES_LOCKOUT_CALLABLE = "admin_ui.lockout.lockout_response"
AXES_VERBOSE = False
AXES_CLIENT_STR_CALLABLE = "assistant.lib.logs.describe_log_in"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database, cache and channel layer
_database_url = env("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'frontdesk.sqlite3'}"
DATABASES = {"default": env.db_url_config(_database_url)}
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}  # threads that last keep theirs
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    DATABASES["default"]["ENGINE"] = "assistant.lib.postgresql"  # forgets connections that are lost or hang
    DATABASES["default"]["OPTIONS"] = {**KEEPALIVE, **DATABASES["default"].get("OPTIONS", {})}

# All that we put on Redis and the broker begins with this, so that installations can share a server.
INSTALLATION = installation_name(env("INSTALLATION", default=""), SECRET_KEY, DATABASES["default"])
REDIS_URL = env("REDIS_URL", default="")
BROKER_URL = env("BROKER_URL", default="") or REDIS_URL
EMBEDDED = not BROKER_URL  # one process: worker, beat and server together
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "assistant.lib.redis.cache.SharedCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": INSTALLATION,
            "KEY_FUNCTION": "assistant.lib.redis.cache.cache_key",
            "OPTIONS": {
                "serializer": "assistant.lib.redis.cache.SignedPickle",
                "socket_timeout": 1,
                "socket_connect_timeout": 1,
            },
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "assistant.lib.redis.channel_layer.RedisLayer",
            "CONFIG": {
                "hosts": [redis_host(REDIS_URL)],
                "prefix": f"{INSTALLATION}:",
                "symmetric_encryption_keys": [f"hints:{INSTALLATION}:{SECRET_KEY}"],
            },
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}}

# Work in the background
CELERY_BROKER_URL = BROKER_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_BACKEND_THREAD_SAFE = True  # it is; else each thread looks through all packages for another
CELERY_TASK_ROUTES = {"training.sweep": {"queue": "chat"}, "training.*": {"queue": "training"}}
CELERY_TASK_DEFAULT_QUEUE = "chat"
# On Redis a prefix of all keys keeps installations apart; other brokers have none, so there the names carry it.
_before_names = "" if EMBEDDED or BROKER_URL.startswith(("redis", "sentinel")) else f"{INSTALLATION}:"
CELERY_TASK_QUEUES = [
    Queue(_before_names + name, Exchange(_before_names + name), routing_key=name, alias=name)  # `-Q` takes the alias
    for name in ("chat", "training")
]
CELERY_CONTROL_EXCHANGE = f"{_before_names}celery"
CELERY_EVENT_EXCHANGE = CELERY_EVENT_QUEUE_PREFIX = f"{_before_names}celeryev"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 0  # a worker that has reached its limit looks for work once a second only
CELERY_DB_REUSE_MAX = 1_000_000  # threads keep their database connection; `assistant.lib.postgresql` replaces lost ones
# Without ack_emulation Kombu keeps no copy in Redis of what is under way, which took 40 % of a chat worker's time.
# The row is the job: what a dead worker had, the sweeper queues again.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if EMBEDDED
    else {
        "socket_timeout": 1,  # so long a sender may wait, if at all
        "socket_connect_timeout": 1,
        "max_retries": 0,  # to connect before publishing
        "socket_keepalive": True,
        "ack_emulation": False,
        "global_keyprefix": f"{INSTALLATION}:",
    }
)
CELERY_RESULT_EXPIRES = None  # `assistant.clean` deletes them; Celery's own task for it goes by the wall clock
CLOCKS_DIFFER = 600.0  # seconds, of the machines that beat and workers are on: what is queued does not expire sooner
_options = {"expires": CLOCKS_DIFFER, "retry": False}
CELERY_BEAT_SCHEDULER = "assistant.lib.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep-unanswered": {"task": "conversations.sweep", "schedule": Every(2.0), "options": _options},
    "sweep-jobs": {"task": "training.sweep", "schedule": Every(2.0), "options": _options},
    "clean": {"task": "assistant.clean", "schedule": Every(timedelta(hours=1)), "options": _options},
}
EMBEDDINGS_DIR = Path(env("EMBEDDINGS_DIR", default=str(VAR_DIR / "embeddings")))
EMBED_IN_BACKGROUND = env.bool("EMBED_IN_BACKGROUND", default=True)  # examples, while no job runs or waits
if EMBED_IN_BACKGROUND:
    CELERY_BEAT_SCHEDULE["embed-examples"] = {
        "task": "training.fill_vectors",
        "schedule": Every(5.0),
        "options": _options,
    }
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# Conversations
TURN_DEADLINE = env.float("TURN_DEADLINE", default=15.0)  # seconds for one turn, retries included
LEASE_SECONDS = 8.0  # a dead worker's conversation is free again after this
REST_TIMEOUT = env.float("REST_TIMEOUT", default=20.0)  # seconds a REST caller waits for its replies
REST_TOKEN = env("REST_TOKEN", default="")
REST_OPEN = env.bool("REST_OPEN", default=False)  # without a token, for callers from anywhere
MESSAGE_MAX_CHARS = 4000
FALLBACK_REPLY = "Sorry, I could not work that out just now. Please try again, or ask for a person."
FALLBACK_BUTTONS = [{"title": "Talk to a person", "payload": "/talk_to_person"}]
RATE_LIMIT_PUBLIC = env("RATE_LIMIT_PUBLIC", default="100/m")  # per IP address
RATE_LIMIT_API = env("RATE_LIMIT_API", default="50/m")  # per user
RATE_LIMIT_LOGIN = env("RATE_LIMIT_LOGIN", default="20/m")  # log-ins of staff, per IP address
# Per name, from wherever. High: else anyone could keep a named person out.
RATE_LIMIT_LOGIN_NAME = env("RATE_LIMIT_LOGIN_NAME", default="200/m")
RATE_LIMIT_VISITOR = env("RATE_LIMIT_VISITOR", default="30/m")  # per visitor
RATE_LIMIT_FRAMES = env("RATE_LIMIT_FRAMES", default="3000/m")  # of all widgets of one IP address, each process
RATE_LIMIT_SOCKETS = env("RATE_LIMIT_SOCKETS", default="600/m")  # websockets opened by one IP address, each process
# Open websockets of one IP address, and as many connections that only wait; of each web process.
CONNECTIONS_PER_ADDRESS = parse_number_or_off(env("CONNECTIONS_PER_ADDRESS", default="500"))
WIDGET_ORIGINS = parse_origins(env("WIDGET_ORIGINS", default="http://localhost:* http://127.0.0.1:*"))
WEBSOCKET_ORIGINS = [
    *ALLOWED_HOSTS,
    *(o for o in WIDGET_ORIGINS if not o.endswith(":*")),
]  # the frame's own origin is a host
CHAT_THREADS = env.int("CHAT_THREADS", default=8)  # turns under way at once in one worker process

# Training
MODEL_UPLOAD_MB = env.int("MODEL_UPLOAD_MB", default=500)  # the largest model that staff may upload
MODEL_UNPACKED_MB = env.int("MODEL_UNPACKED_MB", default=2000)  # and what any model may unpack to
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"  # beside the models, so that a whole upload is moved and not copied
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
SCRATCH_DIR = VAR_DIR / "scratch"  # models are unpacked here while they are loaded; `assistant.clean` removes leftovers
SCRATCH_DIR.mkdir(exist_ok=True)

# How long things are kept, in days; `off` keeps all
KEEP_LOGINS_DAYS = env("KEEP_LOGINS_DAYS", default="90")  # who logged in, and who failed to
KEEP_AUDIT_DAYS = env("KEEP_AUDIT_DAYS", default="730")
KEEP_CHANGES_DAYS = env("KEEP_CHANGES_DAYS", default="730")  # by which staff undo what they did
KEEP_JOBS_DAYS = env("KEEP_JOBS_DAYS", default="90")  # that ended; what a version or a replay is shown with stays
KEEP_REPLAYS_DAYS = env("KEEP_REPLAYS_DAYS", default="365")

# Pages
LANGUAGE_CODE = "en"
TIME_ZONE = env("TIME_ZONE", default="UTC")
FORMAT_MODULE_PATH = ["assistant.formats"]
USE_I18N = USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# The API
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["assistant.lib.api.renderers.SurrogateSafeJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["assistant.lib.api.parsers.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["assistant.lib.api.authentication.LoginJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["assistant.lib.api.permissions.StaffPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["assistant.lib.api.throttling.UserOrClientThrottle"],
    "DEFAULT_PAGINATION_CLASS": "assistant.lib.api.pagination.ApiPagination",
    "DEFAULT_SCHEMA_CLASS": "assistant.lib.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "assistant.lib.api.exceptions.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "AUTH_HEADER_TYPES": ("Bearer",),
    "CHECK_REVOKE_TOKEN": True,  # a new password ends every token
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Frontdesk",
    "DESCRIPTION": "Conversations, training data and models, for programs of your staff. Log in, then send the access "
    "token with every request. Every error is `{message, extra}`; every list comes a page at a time.",
    "VERSION": "1",
    "OAS_VERSION": "3.0.3",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "displayRequestDuration": True, "filter": True},
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SORT_OPERATIONS": False,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "VersionStatus": "training.models.ModelVersion.Status",
        "JobStatus": "training.models.Job.Status",
        "MessageStatus": "conversations.models.Message.Status",
        "EvaluationKind": "training.models.Evaluation.Kind",
        "ExampleOrigin": "training.models.Example.Origin",
        "VersionOrigin": "training.models.ModelVersion.Origin",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "assistant.lib.api.schema.add_errors",
    ],
}

DJANGO_SUPERUSER_USERNAME = env("DJANGO_SUPERUSER_USERNAME", default="admin")
DJANGO_SUPERUSER_PASSWORD = env("DJANGO_SUPERUSER_PASSWORD", default="")

LOG_LEVEL = env("FRONTDESK_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "assistant.lib.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)-7s %(message)s",
            "datefmt": "%H:%M:%S",
        }
    },
    "filters": {"seldom": {"()": "assistant.lib.logs.RepeatFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["seldom"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "frontdesk": {"level": LOG_LEVEL},
        "daphne": {"level": "WARNING"},
        "celery": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "chromadb": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
