"""The list of intents, and the page of one: its examples, its answer, its name."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import Http404, HttpResponse

from assistant.lib.admin import parse_id
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from training.admin.data.desk import Desk, Undo
from training.admin.data.lists import listed, staff_of
from training.admin.data.marking import parsed
from training.models import Example, Intent, Response
from training.selectors import entity_names, findings_of, intent_names, same_text
from training.selectors.findings import f1_of, newest_cross_validation
from training.selectors.lists import intent_lines
from training.selectors.usage import answer_of, usage_of
from training.services import add_example, create_intent, delete_intent, merge_intents, rename_intent, set_answer

MOST_LINES = 500


def overview(desk: Desk) -> HttpResponse:
    if desk.request.method == "POST":
        return _create(desk)
    tried = newest_cross_validation(desk.bot)
    found = Counter(name for finding in findings_of(desk.bot) for name in finding.intents[:1])
    lines = intent_lines(desk.bot, usage_of(desk.bot), f1_of(tried), found)
    totals = {"training": sum(it.training for it in lines), "held_out": sum(it.held_out for it in lines)}
    return desk.shown("intents", tab="intents", title="Training data", lines=lines, totals=totals, tried=tried)


def one(desk: Desk, object_id: str) -> HttpResponse:
    intent = _intent(desk, object_id)
    usage = usage_of(desk.bot)
    answer = answer_of(intent, usage)
    name = answer or f"utter_{intent.name}"  # one of that name that nothing says yet is what will be written
    response = Response.objects.filter(bot=desk.bot, name=name, deleted=None).first()
    texts = [variation.get("text", "") for variation in response.variations] if response else []
    unsaved = desk.kept(f"answer-{intent.pk}") or {}
    revision = response.revision if response else 0
    return desk.shown(
        "intent",
        tab="intents",
        title=intent.name,
        intent=intent,
        list=listed(desk.request, desk.bot, intent.name),
        names=[name for name in intent_names(desk.bot) if name != intent.name],
        entities=entity_names(desk.bot),
        staff=staff_of(desk.bot),
        origins=Example.Origin.choices,
        response=response,
        answered=bool(answer and response),
        texts=unsaved.get("texts") or texts or [""],
        adding=desk.kept(f"add-{intent.pk}"),
        theirs=texts if unsaved.get("conflict") else None,
        seen=unsaved.get("revision", revision),
        revision=revision,
        ruled=intent.name in usage.answers,
        handled=() if answer else usage.handled.get(intent.name, ()),
        f1=f1_of(newest_cross_validation(desk.bot)).get(intent.name),
        findings=[finding for finding in findings_of(desk.bot) if intent.name in finding.intents],
        alive=Example.objects.filter(intent=intent, deleted=None).count(),
    )


def add_examples(desk: Desk, object_id: int) -> HttpResponse:
    """One per line, in Rasa's markup. What is refused stays in the field."""
    intent = _intent(desk, object_id)
    lines = [line.strip() for line in desk.request.POST.get("texts", "").splitlines() if line.strip()]
    use = Example.Use.HELD_OUT if desk.request.POST.get("held_out") else Example.Use.TRAINING
    before, added = intent.examples.filter(deleted=None).count(), list[Example]()
    refused, left = list[str](), lines[MOST_LINES:]
    for line in lines[:MOST_LINES]:
        try:
            text, entities = parsed(line)
            row = add_example(bot=desk.bot, intent=intent.name, text=text, entities=entities, use=use, by=desk.user)
            added.append(row)
        except FrontdeskError as error:
            refused.append(f"{line[:60]}: {error.message}")
            left.insert(len(refused) - 1, line)
    _tell(desk, intent, added, intent.examples.filter(deleted=None).count() - before)
    if refused or len(lines) > MOST_LINES:
        more = [f"only {MOST_LINES} lines at a time"] if len(lines) > MOST_LINES else []
        desk.warn(f"Not added: {'; '.join([*refused, *more])}")
    if not lines:
        desk.warn("Write at least one line.")
    desk.keep(f"add-{intent.pk}", texts="\n".join(left), held_out=use == Example.Use.HELD_OUT)
    return desk.back("admin:training_intent_change", intent.pk)


def answer(desk: Desk, object_id: int) -> HttpResponse:
    """What is refused stays in its field."""
    intent, texts = _intent(desk, object_id), desk.request.POST.getlist("text")
    try:
        response = set_answer(intent=intent, texts=texts, by=desk.user, revision=desk.revision)
    except FrontdeskError as error:
        desk.warn(error.message)
        conflict = isinstance(error, ChangedMeanwhile)
        desk.keep(f"answer-{intent.pk}", texts=texts, revision=desk.revision, conflict=conflict)
    else:
        desk.say(
            f"Saved. After the next training, {intent.name} is answered so." if response else "No answer any more."
        )
    return desk.back("admin:training_intent_change", intent.pk)


def rename(desk: Desk, object_id: int) -> HttpResponse:
    intent, given = _intent(desk, object_id), desk.request.POST
    try:
        renamed = rename_intent(intent=intent, name=given.get("name", ""), by=desk.user, seen=given.get("seen"))
        desk.say(f"It is called {renamed.name} now, in rules, stories and buttons, too.")
    except FrontdeskError as error:
        desk.warn(error.message)
    return desk.to("admin:training_intent_change", intent.pk)


def merge(desk: Desk, object_id: int) -> HttpResponse:
    """Asked first: rules may be left out by it."""
    intent = _intent(desk, object_id)
    name = desk.request.POST.get("into") or desk.request.GET.get("into") or ""
    target = Intent.objects.filter(bot=desk.bot, name=name, deleted=None).exclude(pk=intent.pk).first()
    if target is None:
        desk.warn("Choose the intent to merge it into.")
        return desk.to("admin:training_intent_change", intent.pk)
    if desk.request.method != "POST":
        return _confirm(desk, intent, "merge", f"Merge {intent} into {target}?", target=target)
    try:
        merged = merge_intents(source=intent, target=target, by=desk.user)
    except FrontdeskError as error:  # a colleague was quicker
        desk.warn(error.message)
        return desk.to("admin:training_intent_changelist")
    desk.offer(Undo(f"Merged {intent.name} into {target.name}.", merge=merged))
    return desk.to("admin:training_intent_change", target.pk)


def remove(desk: Desk, object_id: int) -> HttpResponse:
    intent = _intent(desk, object_id)
    if desk.request.method != "POST":
        return _confirm(desk, intent, "delete", f"Delete {intent}?")
    try:
        mark = delete_intent(intent=intent, by=desk.user)
        desk.offer(Undo(f"Deleted {intent.name} and its examples.", mark))
    except FrontdeskError as error:
        desk.warn(error.message)
    return desk.to("admin:training_intent_changelist")


def _create(desk: Desk) -> HttpResponse:
    try:
        intent = create_intent(bot=desk.bot, name=desk.request.POST.get("name", ""), by=desk.user)
    except FrontdeskError as error:
        desk.warn(error.message)
        return desk.to("admin:training_intent_changelist")
    desk.say(f"Created {intent.name}. Now write what people say.")
    return desk.to("admin:training_intent_change", intent.pk)


def _confirm(desk: Desk, intent: Intent, kind: str, title: str, **context: Any) -> HttpResponse:
    paths = dict.fromkeys(usage_of(desk.bot).named.get(intent.name, ()))
    count = intent.examples.filter(deleted=None).count()
    context |= {"intent": intent, "kind": kind, "paths": list(paths), "example_count": count}
    return desk.shown("confirm", tab="intents", title=title, **context)


def _tell(desk: Desk, intent: Intent, added: list[Example], new: int) -> None:
    others = {row.intent.name for it in added for row in same_text(desk.bot, it.text)} - {intent.name}
    if added:
        there = len(added) - new
        known = f" {there} {'was' if there == 1 else 'were'} there already." if there > 0 else ""
        also = f" The same stands under {', '.join(sorted(others))}: see Findings." if others else ""
        desk.say(f"Added {new}.{known}{also}")


def _intent(desk: Desk, object_id: str | int) -> Intent:
    """The page of an intent of another bot changes the bot."""
    row = Intent.objects.select_related("bot").filter(pk=parse_id(str(object_id)) or 0, deleted=None).first()
    if row is None:
        raise Http404
    desk.bot = row.bot
    return row
