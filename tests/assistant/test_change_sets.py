"""Steps of staff that can be undone."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from assistant.change_sets import CannotUndo, change_set, undo
from assistant.lib.cleanup import run_cleanup
from assistant.lib.erasure import Person, erase_personal_data
from assistant.models import Change, ChangeSet
from conversations.services import annotate_message
from tests.admin_ui.conftest import Write, said, wrote  # noqa: F401
from training.errors import BadExample
from training.models import Bot, Example
from training.services import (
    add_example,
    confirm_examples,
    delete_examples,
    hold_out_examples,
    move_examples,
    undo_change,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db: None) -> Bot:
    return Bot.objects.create(name="shop")


@pytest.fixture
def example(bot: Bot) -> Example:
    return add_example(bot=bot, intent="ask_hours", text="open on sunday?")


def state(example: Example) -> tuple[str, str, bool]:
    row = Example.objects.get(pk=example.pk)
    return row.intent.name, row.use, row.deleted is None


def held_out(example: Example, by: User) -> ChangeSet:
    with change_set("Held out.", about=example.bot, by=by) as step:
        hold_out_examples(ids=[example.pk], held_out=True, by=by)
    return step.row


def moved(example: Example, by: User) -> ChangeSet:
    with change_set("Moved.", about=example.bot, by=by) as step:
        move_examples(ids=[example.pk], intent="ask_prices", by=by)
    return step.row


def test_it_undoes_what_several_services_did_as_one_step(example: Example, ana: User) -> None:
    with change_set("Much at once.", about=example.bot, by=ana) as step:
        other = add_example(bot=example.bot, intent="ask_way", text="where are you?", by=ana)
        hold_out_examples(ids=[example.pk], held_out=True, by=ana)
        move_examples(ids=[example.pk, other.pk], intent="ask_prices", by=ana)
        delete_examples(ids=[example.pk], by=ana)
    assert ChangeSet.objects.count() == 1
    undone = undo(step=step.row, by=ana)
    assert state(example) == ("ask_hours", "training", True)
    assert not state(other)[2]
    assert list(example.bot.intents.filter(deleted=None).values_list("name", flat=True)) == ["ask_hours"]
    assert ({change.row for change in undone.changes} >= {example.pk, other.pk}, undone.left) == (True, [])


def test_it_undoes_step_by_step_and_each_once(example: Example, ana: User) -> None:
    bea = User.objects.create_user("bea")
    first, second = held_out(example, ana), moved(example, ana)
    undo(step=second, by=bea)
    undo(step=first, by=ana)
    assert state(example) == ("ask_hours", "training", True)
    second.refresh_from_db()
    assert (second.undone_by, second.undone is None) == (bea, False)
    with pytest.raises(CannotUndo):
        undo(step=second, by=ana)


def test_it_leaves_what_somebody_changed_since_until_that_is_undone_too(example: Example, ana: User) -> None:
    first, second = held_out(example, ana), moved(example, ana)
    assert [change.row for change in undo(step=first, by=ana).left] == [example.pk]
    assert state(example) == ("ask_prices", "held_out", True)
    undo(step=second, by=ana)
    assert state(example) == ("ask_hours", "training", True)


def test_it_keeps_nothing_of_a_step_that_failed_or_changed_nothing(example: Example, ana: User) -> None:
    with suppress(ZeroDivisionError), change_set("Failed.", about=example.bot, by=ana):
        hold_out_examples(ids=[example.pk], held_out=True, by=ana)
        raise ZeroDivisionError
    with change_set("Nothing.", about=example.bot, by=ana):
        hold_out_examples(ids=[example.pk], held_out=False, by=ana)
    assert not ChangeSet.objects.exists()
    assert state(example) == ("ask_hours", "training", True)


def test_it_changes_nothing_where_an_intent_is_gone_for_good(example: Example, ana: User) -> None:
    with change_set("Moved.", about=example.bot, by=ana) as step:
        hold_out_examples(ids=[example.pk], held_out=True, by=ana)
        move_examples(ids=[example.pk], intent="ask_prices", by=ana)
    example.bot.intents.get(name="ask_hours").delete()  # as when files come without it
    with pytest.raises(BadExample):
        undo_change(step=step.row, by=ana)
    assert state(example) == ("ask_prices", "held_out", True)
    assert ChangeSet.objects.get().undone is None


def test_it_is_kept_as_long_as_the_settings_say(example: Example, ana: User) -> None:
    held_out(example, ana)
    with time_machine.travel(timezone.now() + timedelta(days=729)):
        assert run_cleanup()["changes that could be undone"] == 0
    with time_machine.travel(timezone.now() + timedelta(days=731)):
        assert run_cleanup()["changes that could be undone"] == 1
    assert not Change.objects.exists()


def test_it_is_kept_while_an_annotation_needs_it(wrote: Write, ana: User) -> None:  # noqa: F811
    message = said(wrote(), 1, "Open on Sunday?", turn=1, intent="ask_way")
    annotate_message(message=message, verdict="corrected", intent="ask_hours", revision=0, by=ana)
    with time_machine.travel(timezone.now() + timedelta(days=731)):
        assert run_cleanup()["changes that could be undone"] == 0
        annotate_message(message=message, verdict="", revision=1, by=ana)
    assert not Example.objects.filter(deleted=None).exists()


def test_it_forgets_what_is_erased(bot: Bot, ana: User) -> None:
    name = {"start": 5, "end": 8, "entity": "name", "value": "Joe"}
    row = add_example(bot=bot, intent="say", text="I am Joe", entities=[name], by=ana)
    with change_set("Noted Joe.", about=bot, by=ana):
        confirm_examples(ids=[row.pk], by=ana)
    erase_personal_data(Person(texts=("joe",)))
    assert not Change.objects.exists()
    assert "Joe" not in ChangeSet.objects.get().label
