"""`/api/v1/models/`: train, upload, compare, put live, take back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from auditlog.models import LogEntry

from tests.api.conftest import Program
from tests.training.conftest import TrainableBot, trainable
from training.models import Environment
from training.services import run_next_job

__all__ = ["trainable"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def archives(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def trained(program: Program, trainable: TrainableBot, **body: Any) -> str:
    """The name of a version that is ready."""
    begun = program.post(f"models/train?bot={trainable.bot}", body)
    assert begun.status_code == 202, begun.content
    while run_next_job("test"):
        pass
    job = program.get(f"models/jobs/{begun.json()['job']['id']}").json()
    assert (job["status"], job["error"]) == ("done", "")
    return begun.json()["version"]["name"]


def live(trainable: TrainableBot) -> str:
    return str(Environment.objects.get(bot=trainable.bot, name="production").active_version)


def test_it_trains_and_says_how_far_it_is(annotator: Program, trainable: TrainableBot) -> None:
    name = trained(annotator, trainable, note="the first")
    version = annotator.get(f"models/{name}").json()
    assert (version["status"], version["note"], version["created_by"]) == ("ready", "the first", "anton")
    assert version["examples"] > 0
    assert [row["name"] for row in annotator.get("models", bot=str(trainable.bot)).json()["results"]] == [name]
    assert annotator.get("models", bot=str(trainable.bot), status="failed").json()["results"] == []


def test_it_asks_once_for_the_same_training(annotator: Program, trainable: TrainableBot) -> None:
    asked = [annotator.post(f"models/train?bot={trainable.bot}").json()["job"]["id"] for _ in range(2)]
    assert asked[0] == asked[1]
    cancelled = annotator.post(f"models/jobs/{asked[0]}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    again = annotator.post(f"models/jobs/{asked[0]}/cancel")
    assert (again.status_code, again.json()["extra"]["code"]) == (409, "job_ended")
    assert annotator.get("models/jobs", bot=str(trainable.bot), status="cancelled").json()["results"]


def test_it_puts_live_and_brings_back(admin: Program, trainable: TrainableBot) -> None:
    first = trained(admin, trainable)
    trainable.more("good day")
    second = trained(admin, trainable)
    for name in (first, second):
        assert admin.post(f"models/{name}/activate").json()["version"] == name
    back = admin.post(f"models/rollback?bot={trainable.bot}", {"environment": "production"})
    assert (back.json()["version"], live(trainable)) == (first, first)
    assert admin.get(f"models/{first}").json()["live_in"] == ["production"]
    assert admin.get("models/environments", bot=str(trainable.bot)).json()["results"][0]["version"] == first


def test_it_goes_back_once_however_often_it_is_asked(admin: Program, trainable: TrainableBot) -> None:
    first = trained(admin, trainable)
    trainable.more("good day")
    second = trained(admin, trainable)
    for name in (first, second):
        place = admin.post(f"models/{name}/activate").json()
    asked = {"seen": place["activation"]}
    answers = [admin.post(f"models/rollback?bot={trainable.bot}", asked).status_code for _ in range(2)]
    assert (answers, live(trainable)) == ([200, 409], first)


def test_it_makes_no_environment_of_a_slip(admin: Program, trainable: TrainableBot) -> None:
    name = trained(admin, trainable)
    assert admin.post(f"models/{name}/activate", {"environment": "prodution"}).status_code == 404
    assert not Environment.objects.filter(name="prodution").exists()


def test_it_says_that_an_upload_is_too_large(admin: Program, trainable: TrainableBot, settings: Any) -> None:
    settings.MODEL_UPLOAD_MB = 0
    file = io.BytesIO(b"not a model")
    file.name = "model.tar.gz"
    refused = admin.upload(f"models/upload?bot={trainable.bot}", file=file)
    assert (refused.status_code, refused.json()["extra"]["code"]) == (413, "too_large")


def test_it_takes_nothing_live_that_is_not_ready(admin: Program, trainable: TrainableBot) -> None:
    name = admin.post(f"models/train?bot={trainable.bot}").json()["version"]["name"]
    refused = admin.post(f"models/{name}/activate")
    assert (refused.status_code, refused.json()["extra"]["code"]) == (409, "cannot_activate")
    assert admin.post(f"models/rollback?bot={trainable.bot}").status_code in {404, 409}


def test_it_compares_two_versions(annotator: Program, trainable: TrainableBot) -> None:
    trainable.hold_out("greet", "good day")
    first = trained(annotator, trainable)
    trainable.more("cheers", "howdy")
    second = trained(annotator, trainable)
    seen = annotator.get("models/compare", left=first, right=second)
    assert seen.status_code == 200, seen.content
    assert (seen.json()["messages"], seen.json()["left"]["name"]) == (1, first)
    evaluated = annotator.get(f"models/{first}/evaluations").json()["results"]
    report = annotator.get(f"models/{first}/evaluations/{evaluated[0]['id']}").json()["report"]
    assert report["count"] == 1
    other = annotator.get("models/compare", left=first, right=second, kind="cross_validation")
    assert (other.status_code, other.json()["extra"]["code"]) == (409, "not_evaluated")


def test_it_evaluates_when_asked(annotator: Program, trainable: TrainableBot) -> None:
    name = trained(annotator, trainable)
    assert annotator.post(f"models/{name}/evaluate").status_code == 409
    begun = annotator.post(f"models/{name}/evaluate", {"kind": "cross_validation"})
    assert (begun.status_code, begun.json()["job"]["status"]) == (202, "queued")


def test_it_downloads_and_takes_it_back_in(admin: Program, trainable: TrainableBot) -> None:
    name = trained(admin, trainable)
    answer = admin.get(f"models/{name}/download")
    archive = b"".join(answer.streaming_content)
    assert (answer["Content-Type"], int(answer["Content-Length"])) == ("application/gzip", len(archive))
    assert LogEntry.objects.filter(action=LogEntry.Action.ACCESS, actor__username="ada").exists()
    file = io.BytesIO(archive)
    file.name = "model.tar.gz"
    sent = admin.upload(f"models/upload?bot={trainable.bot}", file=file, note="from elsewhere")
    assert (sent.status_code, sent.json()["version"]["status"]) == (202, "quarantined")
    refused = admin.get(f"models/{sent.json()['version']['name']}/download")
    assert refused.status_code == 409


def test_it_refuses_an_upload_that_is_another_file(admin: Program, trainable: TrainableBot) -> None:
    file = io.BytesIO(b"not a model")
    file.name = "model.tar.gz"
    refused = admin.upload(f"models/upload?bot={trainable.bot}", file=file, sha256="0" * 64)
    assert (refused.status_code, refused.json()["extra"]["code"]) == (400, "wrong_sha256")
    assert "file" in admin.upload(f"models/upload?bot={trainable.bot}", note="no file").json()["extra"]["fields"]


def test_it_asks_for_the_right_role(viewer: Program, annotator: Program, trainable: TrainableBot) -> None:
    name = trained(annotator, trainable)
    assert viewer.get(f"models/{name}").status_code == 200
    assert viewer.post(f"models/train?bot={trainable.bot}").status_code == 403
    for program in (viewer, annotator):
        assert program.post(f"models/{name}/activate").status_code == 403
        assert program.get(f"models/{name}/download").status_code == 403
        assert program.post("models/rollback").status_code == 403
