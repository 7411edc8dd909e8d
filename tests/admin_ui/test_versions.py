"""The pages of models: what is live, training, comparing, going live and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.training.conftest import TrainableBot, make_trainable_bot
from training.models import Activation, Environment, Evaluation, Job, ModelVersion
from training.reports import report_of
from training.selectors import production
from training.services import activate_version, add_example, run_next_job, train_version

VERSIONS = "/admin/training/modelversion/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def newer(live_model: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.create(
        bot=live_model.bot, name="main-newer", status="ready", size=2048, train_seconds=4.2
    )


@pytest.fixture
def trainable(db: None) -> TrainableBot:
    return make_trainable_bot()


def desk_with(*permissions: str) -> Client:
    user = User.objects.create_user("rita", password="desk-of-rita", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="training", codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_it_counts_what_is_new_from_the_newest_training_on(desk: Client, trainable: TrainableBot) -> None:
    while_live = train_version(bot=trainable.bot)
    Environment.objects.create(bot=trainable.bot, name="production", active_version=while_live)
    add_example(bot=trainable.bot, intent="greet", text="ahoy")
    newest = train_version(bot=trainable.bot)
    ModelVersion.objects.create(bot=trainable.bot, name="faq-copy", status="ready", sha256=while_live.sha256)
    shown = " ".join(page(desk, f"{VERSIONS}?bot__id__exact={trainable.bot.pk}").split())
    assert f"Nothing has changed since {newest} was trained." in shown
    assert f"{newest}</a> is ready and was not live yet" in shown


def test_it_lists_versions_and_where_they_are_live(
    desk: Client, newer: ModelVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        ModelVersion.objects.create(bot=newer.bot, name=f"main-{number}", status="failed")
    with django_assert_max_num_queries(35):
        shown = page(desk, VERSIONS)
    assert all(words in shown for words in ("main-newer", "chip-live", "4.2 s", "Failed", "Live now"))


def test_it_says_what_is_new_since_the_live_version(desk: Client, trainable: TrainableBot) -> None:
    first = train_version(bot=trainable.bot)
    activate_version(version=first)
    address = f"{VERSIONS}?bot__id__exact={trainable.bot.pk}"
    assert "Nothing has changed since the live version was trained" in page(desk, address)
    trainable.more("howdy", "ahoy")
    assert "2 examples added" in page(desk, address)
    train_version(bot=trainable.bot)
    assert "is ready and was not live yet" in page(desk, address)
    assert "+2" in page(desk, address)


def test_it_trains_at_the_press_of_a_button(desk: Client, trainable: TrainableBot, ana: User) -> None:
    response = desk.post(f"{VERSIONS}train/", {"bot": trainable.bot.pk, "note": " knows ahoy "})
    job = Job.objects.get()
    assert response.headers["Location"] == f"/admin/training/job/{job.pk}/change/"
    assert (job.requested_by, job.version.note, job.status) == (ana, "knows ahoy", "queued")
    assert run_next_job("worker")
    assert page(desk, response.headers["Location"]).count("Activate") == 1


def test_it_shows_all_that_is_known_of_a_version(desk: Client, trainable: TrainableBot) -> None:
    activate_version(version=train_version(bot=trainable.bot))
    trainable.more("howdy")
    version = train_version(bot=trainable.bot)
    shown = page(desk, f"{VERSIONS}{version.pk}/change/")
    assert all(
        words in shown for words in ("howdy", "1 added", version.sha256, "signed by us", "7 examples of 2 intents")
    )
    version.path.unlink()
    assert "The file is missing." in page(desk, f"{VERSIONS}{version.pk}/change/")


def test_it_asks_before_it_activates(desk: Client, newer: ModelVersion) -> None:
    shown = page(desk, f"{VERSIONS}{newer.pk}/activate/")
    assert "Activate this version?" in shown
    assert "main-test" in shown
    assert production().active_version != newer


def test_it_activates_and_offers_the_way_back(desk: Client, newer: ModelVersion, live_model: ModelVersion) -> None:
    response = desk.post(f"{VERSIONS}{newer.pk}/activate/", {"environment": "production"}, follow=True)
    assert "Undo: roll back to main-test" in response.content.decode()
    assert "main-newer is live in production now." in response.content.decode()
    assert production().active_version == newer
    assert LogEntry.objects.get().changes == {"active_version": ["main-test", "main-newer"]}

    seen = Activation.objects.get().pk
    back = desk.post(f"{VERSIONS}rollback/{production().pk}/", {"seen": seen}, follow=True)
    assert [str(message) for message in back.context["messages"]] == ["main-test is live again in production."]
    assert production().active_version == live_model
    twice = desk.post(f"{VERSIONS}rollback/{production().pk}/", {"seen": seen}, follow=True)
    assert "meanwhile" in twice.content.decode()
    assert production().active_version == live_model


def test_it_offers_the_way_back_quietly_after_a_while(desk: Client, newer: ModelVersion) -> None:
    activate_version(version=newer)
    assert "Undo: roll back to main-test" in page(desk, VERSIONS)
    Activation.objects.update(at=timezone.now() - timedelta(hours=1))
    assert "Undo" not in page(desk, VERSIONS)
    assert "Roll back to main-test" in page(desk, VERSIONS)


def test_it_refuses_a_version_that_is_not_ready(desk: Client, live_model: ModelVersion) -> None:
    failed = ModelVersion.objects.create(bot=live_model.bot, name="main-bad", status="failed")
    response = desk.post(f"{VERSIONS}{failed.pk}/activate/", {"environment": "production"}, follow=True)
    assert "go live" in response.content.decode()
    assert production().active_version == live_model


def test_it_activates_only_where_the_bot_has_an_environment(desk: Client, newer: ModelVersion) -> None:
    desk.post(f"{VERSIONS}{newer.pk}/activate/", {"environment": "elsewhere"})
    assert newer.bot.environments.count() == 1


def test_it_compares_two_versions_on_the_messages_that_they_share(desk: Client, trainable: TrainableBot) -> None:
    old, new = train_version(bot=trainable.bot), _with_more(trainable)
    shown = page(desk, f"{VERSIONS}compare/?left={old.pk}&right={new.pk}")
    assert shown.count(f"{old} and {new} were not evaluated so yet") == 2
    desk.post(f"{VERSIONS}{old.pk}/evaluate/", {"kind": "cross_validation", "also": new.pk})
    shown = page(desk, f"{VERSIONS}compare/?left={old.pk}&right={new.pk}")
    assert f"{old} and {new} are being evaluated so" in shown
    for version, said in ((old, "goodbye"), (new, "greet")):
        _evaluated(version, said)
    shown = page(desk, f"{VERSIONS}compare/?left={old.pk}&right={new.pk}")
    assert all(words in shown for words in ("1 got better", "0 got worse", "may be chance", "howdy", "good day"))


def _with_more(trainable: TrainableBot) -> ModelVersion:
    trainable.more("howdy")
    return train_version(bot=trainable.bot)


def _evaluated(version: ModelVersion, said: str) -> None:
    from assistant.engine import Guess, Labelled

    report = report_of([Guess(Labelled("good day", "greet"), said, 0.9)])
    Evaluation.objects.create(version=version, kind="held_out", example_count=1, report=report)


def test_it_compares_with_what_is_live_where_one_is_named(desk: Client, newer: ModelVersion) -> None:
    shown = page(desk, f"{VERSIONS}compare/?right={newer.pk}")
    assert "Activate main-newer" in shown
    assert "main-test (live)" in shown


def test_it_keeps_uploads_apart_until_they_are_checked(desk: Client, trainable: TrainableBot) -> None:
    archive = train_version(bot=trainable.bot).path.read_bytes()
    address = f"{VERSIONS}upload/?bot__id__exact={trainable.bot.pk}"
    wrong = desk.post(address, {"file": SimpleUploadedFile("m.tar.gz", archive), "sha256": "0" * 64})
    assert "not the one you meant" in wrong.content.decode()
    desk.post(address, {"file": SimpleUploadedFile("m.tar.gz", archive), "note": "From afar"})
    version = ModelVersion.objects.get(origin="uploaded")
    assert (version.status, version.bot, version.note) == ("quarantined", trainable.bot, "From afar")


def test_it_sends_a_model_whole_and_refuses_one_that_changed(desk: Client, trainable: TrainableBot) -> None:
    version = train_version(bot=trainable.bot)
    response = desk.get(f"{VERSIONS}{version.pk}/download/")
    assert b"".join(response.streaming_content) == version.path.read_bytes()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{version.name}.tar.gz"'
    version.path.write_bytes(b"other")
    assert "changed" in desk.get(f"{VERSIONS}{version.pk}/download/", follow=True).content.decode()


def test_it_finds_nothing_at_an_address_that_names_nothing(desk: Client) -> None:
    for name in ("modelversion", "evaluation", "job"):
        assert desk.get(f"/admin/training/{name}/main/change/").status_code == 404


def test_it_deletes_what_is_not_live(desk: Client, newer: ModelVersion, live_model: ModelVersion) -> None:
    assert "Are you sure" in page(desk, f"{VERSIONS}{newer.pk}/delete/")
    desk.post(f"{VERSIONS}{newer.pk}/delete/", {"post": "yes"})
    desk.post(f"{VERSIONS}{live_model.pk}/delete/", {"post": "yes"})
    assert list(ModelVersion.objects.exclude(status="deleted")) == [live_model]
    assert "main-newer" not in page(desk, VERSIONS)
    shown = page(desk, f"{VERSIONS}{newer.pk}/change/")
    assert "Deleted" in shown
    assert not any(words in shown for words in (">Activate", "Download<", ">Delete<"))


def test_it_lets_everyone_do_what_their_role_allows(newer: ModelVersion, live_model: ModelVersion) -> None:
    activate_version(version=newer)
    activate_version(version=live_model)
    viewer = desk_with("view_bot")
    acts = (">Activate", "Train</button>", "oll back to", ">Upload", ">Delete<", "Download<")
    for address in ("", f"{newer.pk}/change/", f"compare/?right={newer.pk}"):
        shown = page(viewer, VERSIONS + address)
        assert not any(words in shown for words in acts)
    of_one = [f"{newer.pk}/{act}/" for act in ("activate", "evaluate", "note")]
    posts = ["train/", "upload/", f"rollback/{production().pk}/", *of_one]
    assert {viewer.post(VERSIONS + address, {"kind": "held_out"}).status_code for address in posts} == {403}
    assert viewer.get(f"{VERSIONS}{newer.pk}/download/").status_code == 403
    assert viewer.get(f"{VERSIONS}{newer.pk}/delete/").status_code == 403
    assert production().active_version == live_model


def test_it_shows_nothing_to_those_who_may_not_see_models(stranger_desk: Client, live_model: ModelVersion) -> None:
    addresses = (VERSIONS, f"{VERSIONS}{live_model.pk}/change/", f"{VERSIONS}compare/", f"{VERSIONS}queue/")
    assert {stranger_desk.get(address).status_code for address in addresses} == {403}


def test_it_shows_bots_and_environments_to_read(desk: Client, live_model: ModelVersion) -> None:
    assert "main/production" in page(desk, "/admin/training/environment/")
    assert desk.get(f"/admin/training/bot/{live_model.bot_id}/change/").status_code == 200
    assert desk.get("/admin/training/bot/add/").status_code == 403


def test_it_leaves_out_what_came_to_nothing_until_it_is_asked_for(desk: Client, newer: ModelVersion) -> None:
    ModelVersion.objects.create(bot=newer.bot, name="main-garbage", status="failed")
    assert "main-garbage" not in page(desk, VERSIONS)
    assert all("main-garbage" in page(desk, f"{VERSIONS}?{how}") for how in ("status=all", "status=failed", "q=garb"))
    assert "main-newer" not in page(desk, f"{VERSIONS}?status=failed").split('id="result_list"')[1]
