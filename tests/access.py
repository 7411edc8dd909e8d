"""Who may go where: the table that tests/test_access.py holds every address against.

A level is a role and all above it. An address has one level for all methods, or one for each; a method that is not
named has the address's last one. NOBODY: not even superusers.
"""

from __future__ import annotations

from dataclasses import dataclass

ANYONE, STAFF, VIEWER, ANNOTATOR, ADMIN, SUPERUSER, NOBODY = range(7)
Level = int | dict[str, int]


@dataclass(frozen=True)
class Model:
    """The pages that Django has for a model. `view`: list, page and history; `change`: what the page is sent."""

    view: int
    add: int = NOBODY
    change: int = NOBODY
    delete: int = NOBODY


# Where `change` is as low as `view`, the page takes nothing: it is shown again.
MODELS = {
    "conversations_conversation": Model(VIEWER, change=VIEWER, delete=ADMIN),
    "conversations_replay": Model(VIEWER, add=ANNOTATOR, change=VIEWER),
    "training_bot": Model(VIEWER),
    "training_environment": Model(VIEWER),
    "training_intent": Model(VIEWER, change=ANNOTATOR),
    "training_evaluation": Model(VIEWER, change=VIEWER),
    "training_job": Model(VIEWER, change=VIEWER),
    "training_modelversion": Model(VIEWER, change=VIEWER, delete=ADMIN),
    "auth_user": Model(ADMIN, add=ADMIN, change=ADMIN),
    "auditlog_logentry": Model(ADMIN),
    "axes_accessattempt": Model(ADMIN),
    "axes_accesslog": Model(ADMIN),
}

_READS: Level = VIEWER
_TEACHES: Level = {"GET": VIEWER, "POST": ANNOTATOR}
_TALK = "admin/conversations/conversation/<int:pk>/"
_INTENT = "admin/training/intent/"
_VERSION = "admin/training/modelversion/"
_JOB = "admin/training/job/<int:pk>/"
_API = "api/v1/"

PAGES: dict[str, Level] = {
    # --- for everyone
    "": ANYONE,
    "widget/loader.js": ANYONE,
    "widget/frame/": ANYONE,
    "health/live": ANYONE,
    "health/ready": ANYONE,
    "metrics": ANYONE,
    "admin/login/": ANYONE,
    "admin/logout/": ANYONE,
    "api/schema/": ANYONE,
    "api/docs/": ANYONE,
    "api/v1/auth/login/": ANYONE,
    "api/v1/auth/refresh/": ANYONE,
    "api/v1/auth/logout/": ANYONE,
    # --- nothing is there
    "api/": NOBODY,
    "admin/(?P<url>.*)$": NOBODY,
    "admin/r/<path:content_type_id>/<path:object_id>/": NOBODY,
    "admin/autocomplete/": NOBODY,
    # --- whoever is on the staff
    "admin/": STAFF,
    "admin/now/": STAFF,
    "admin/jsi18n/": STAFF,
    "admin/password_change/": STAFF,
    "admin/password_change/done/": STAFF,
    # --- the review desk
    f"{_TALK}messages/": _READS,
    f"{_TALK}intents/": _READS,
    f"{_TALK}next/": _READS,
    f"{_TALK}previous/": _READS,
    f"{_TALK}messages/<int:seq>/similar/": _READS,
    f"{_TALK}messages/<int:seq>/events/": _READS,
    f"{_TALK}messages/<int:seq>/judge/": ANNOTATOR,
    f"{_TALK}messages/<int:seq>/flag/": ANNOTATOR,
    f"{_TALK}notes/": ANNOTATOR,
    f"{_TALK}tags/": ANNOTATOR,
    f"{_TALK}reviewed/": ANNOTATOR,
    f"{_TALK}later/": ANNOTATOR,
    f"{_TALK}cared/": ANNOTATOR,
    f"{_TALK}undo/": ANNOTATOR,
    "admin/conversations/replay/<int:pk>/now/": _READS,
    "admin/conversations/retention/": ADMIN,
    "admin/conversations/retention/channel/<str:channel>/": ADMIN,
    # --- training data
    f"{_INTENT}": _TEACHES,
    f"{_INTENT}bot/": VIEWER,
    f"{_INTENT}<int:pk>/add/": _TEACHES,
    f"{_INTENT}<int:pk>/answer/": _TEACHES,
    f"{_INTENT}<int:pk>/rename/": _TEACHES,
    f"{_INTENT}<int:pk>/merge/": ANNOTATOR,
    f"{_INTENT}<int:pk>/remove/": ANNOTATOR,
    f"{_INTENT}examples/": _TEACHES,
    f"{_INTENT}examples/many/": _TEACHES,
    f"{_INTENT}examples/<int:pk>/": _TEACHES,
    f"{_INTENT}undo/": _TEACHES,
    f"{_INTENT}responses/": _TEACHES,
    f"{_INTENT}responses/new/": ANNOTATOR,
    f"{_INTENT}responses/<int:pk>/": _TEACHES,
    f"{_INTENT}responses/<int:pk>/remove/": ANNOTATOR,
    f"{_INTENT}synonyms/": _TEACHES,
    f"{_INTENT}synonyms/<int:pk>/remove/": ANNOTATOR,
    f"{_INTENT}findings/": _TEACHES,
    f"{_INTENT}findings/compare/": VIEWER,
    # --- models
    f"{_JOB}progress/": _READS,
    f"{_JOB}cancel/": ANNOTATOR,
    f"{_VERSION}queue/": _READS,
    f"{_VERSION}compare/": _READS,
    f"{_VERSION}train/": ANNOTATOR,
    f"{_VERSION}<int:pk>/evaluate/": ANNOTATOR,
    f"{_VERSION}<int:pk>/note/": ANNOTATOR,
    f"{_VERSION}upload/": ADMIN,
    f"{_VERSION}rollback/<int:pk>/": ADMIN,
    f"{_VERSION}<int:pk>/activate/": ADMIN,
    f"{_VERSION}<int:pk>/download/": ADMIN,
    # --- the staff
    "admin/auth/user/<int:user_id>/password/": ADMIN,
    # --- the API
    f"{_API}conversations/": _READS,
    f"{_API}conversations/export/": ADMIN,
    f"{_API}conversations/delete/": ADMIN,
    f"{_API}conversations/<uuid:id>/": {"GET": VIEWER, "DELETE": ADMIN},
    f"{_API}conversations/<uuid:id>/export/": ADMIN,
    f"{_API}conversations/<uuid:id>/messages/": _READS,
    f"{_API}conversations/<uuid:id>/events/": _READS,
    f"{_API}conversations/<uuid:id>/review/": _TEACHES,
    f"{_API}models/": _READS,
    f"{_API}models/environments/": _READS,
    f"{_API}models/train/": ANNOTATOR,
    f"{_API}models/upload/": ADMIN,
    f"{_API}models/rollback/": ADMIN,
    f"{_API}models/compare/": _READS,
    f"{_API}models/jobs/": _READS,
    f"{_API}models/jobs/<int:id>/": _READS,
    f"{_API}models/jobs/<int:id>/cancel/": ANNOTATOR,
    f"{_API}models/<str:name>/": _READS,
    f"{_API}models/<str:name>/download/": ADMIN,
    f"{_API}models/<str:name>/activate/": ADMIN,
    f"{_API}models/<str:name>/evaluate/": ANNOTATOR,
    f"{_API}models/<str:name>/evaluations/": _READS,
    f"{_API}models/<str:name>/evaluations/<int:id>/": _READS,
    f"{_API}training-data/checks/": _READS,
    f"{_API}training-data/restore/": ANNOTATOR,
    f"{_API}training-data/examples/": _TEACHES,
    f"{_API}training-data/examples/move/": ANNOTATOR,
    f"{_API}training-data/examples/hold-out/": ANNOTATOR,
    f"{_API}training-data/examples/delete/": ANNOTATOR,
    f"{_API}training-data/examples/<int:id>/": {"GET": VIEWER, "PATCH": ANNOTATOR, "DELETE": ANNOTATOR},
    f"{_API}training-data/intents/": _TEACHES,
    f"{_API}training-data/intents/<path:name>/merge/": ANNOTATOR,
    f"{_API}training-data/intents/<path:name>/": {"GET": VIEWER, "PATCH": ANNOTATOR, "DELETE": ANNOTATOR},
    f"{_API}training-data/responses/": _READS,
    f"{_API}training-data/responses/<path:name>/": {"GET": VIEWER, "PUT": ANNOTATOR, "DELETE": ANNOTATOR},
    f"{_API}training-data/synonyms/": _TEACHES,
    f"{_API}training-data/synonyms/<int:id>/": ANNOTATOR,
}

# What a form must say before its page looks at anything else.
BODIES = {f"{_VERSION}train/": "bot=1", f"{_VERSION}<int:pk>/evaluate/": "kind=held_out"}

SOCKETS: dict[str, int] = {"ws/chat/": ANYONE, "ws/desk/<uuid:public_id>/": VIEWER}


def level_of(route: str, method: str) -> int | None:
    """None: the table has no row for it."""
    level = PAGES.get(route)
    if level is None:
        return _of_model(route, method)
    return level if isinstance(level, int) else level.get(_alike(route, method), list(level.values())[-1])


def _of_model(route: str, method: str) -> int | None:
    app, _, rest = route.removeprefix("admin/").partition("/")
    if route.startswith("admin/^(?P<app_label>"):
        return VIEWER
    name, _, page = rest.partition("/")
    model = MODELS.get(f"{app}_{name}")
    pages = {
        "": "view",
        "add/": "add",
        "<path:object_id>/history/": "view",
        "<path:object_id>/delete/": "delete",
        "<path:object_id>/change/": "view" if _alike(route, method) == "GET" else "change",
    }
    if model is None or (page not in pages and page != "<path:object_id>/"):
        return None
    return STAFF if page == "<path:object_id>/" else getattr(model, pages[page])  # that one sends on to the page


def _alike(route: str, method: str) -> str:
    """Django's pages know POST, and show themselves for all else; those of training data only for GET and HEAD."""
    if route.startswith(_INTENT):
        return "GET" if method == "HEAD" else method
    shown = method != "POST" if route.startswith("admin/") else method in {"HEAD", "OPTIONS", "TRACE"}
    return "GET" if shown else method
