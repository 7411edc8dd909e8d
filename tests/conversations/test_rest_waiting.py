"""Callers of the REST channel get what the database says, whatever a hint says."""

import asyncio

import pytest

from assistant.lib.threads import in_pool
from conversations import services
from conversations.channels.rest import waiting
from conversations.channels.rest.waiting import AnswerIsLate, WaitingCallers

pytestmark = pytest.mark.usefixtures("lasting_model")


def receive(sender, text, key=None):
    return services.receive(channel="rest", external_id=sender, text=text, client_id=key)


async def test_it_believes_no_hint_without_the_row(monkeypatch):
    monkeypatch.setattr(waiting, "LOOK_EVERY", 60.0)
    waiters, asked = WaitingCallers(), await in_pool(receive, "maria", "ahoy")
    waiters.on_hint(asked.public_id.hex, 99)
    call = asyncio.create_task(waiters.wait(asked, 20))
    await asyncio.sleep(0.1)
    waiters.on_hint(asked.public_id.hex, asked.turn)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(call), 0.3)
    await in_pool(lambda: services.answer(asked.conversation_id))
    waiters.on_hint(asked.public_id.hex, asked.turn)

    assert [reply.text for reply in await call] == ["You said: ahoy"]


async def test_it_takes_a_hint_for_all_turns_before_it(monkeypatch):
    """Hints may be lost, or come before the caller has begun to wait."""
    monkeypatch.setattr(waiting, "LOOK_EVERY", 60.0)
    waiters, texts = WaitingCallers(), ["one", "two", "three"]
    first, second, third = [await in_pool(receive, "maria", text) for text in texts]
    waits = asyncio.create_task(waiters.wait(first, 5))
    await asyncio.sleep(0)
    await in_pool(lambda: services.answer(first.conversation_id))
    waiters.on_hint(first.public_id.hex, third.turn)
    calls = [await waits, await waiters.wait(second, 5), await waiters.wait(third, 5)]

    assert [[reply.text for reply in replies] for replies in calls] == [[f"You said: {text}"] for text in texts]


async def test_it_hears_from_a_worker_that_something_is_answered(monkeypatch):
    """A hint that comes before it listens is lost, so the visitor says more."""
    monkeypatch.setattr(waiting, "LOOK_EVERY", 60.0)
    asked = await in_pool(receive, "maria", "ahoy")
    call = asyncio.create_task(WaitingCallers().wait(asked, 5))
    while not call.done():
        await in_pool(receive, "maria", "more")
        await in_pool(lambda: services.answer(asked.conversation_id))
        await asyncio.sleep(0.01)

    assert [reply.text for reply in call.result()] == ["You said: ahoy"]


async def test_it_finds_each_caller_its_own_replies_without_any_hint(monkeypatch):
    monkeypatch.setattr(waiting, "LOOK_EVERY", 0.05)
    waiters, texts = WaitingCallers(), [f"number {n}" for n in range(5)]
    asked = [await in_pool(receive, sender, text) for sender in ("maria", "joe") for text in texts]
    calls = [asyncio.create_task(waiters.wait(one, 20)) for one in asked]
    for number in {one.conversation_id for one in asked}:
        await in_pool(lambda pk=number: services.answer(pk))

    assert [[reply.text for reply in await call] for call in calls] == [[f"You said: {text}"] for text in texts * 2]


async def test_it_says_that_an_answer_is_late():
    asked = await in_pool(receive, "maria", "ahoy")
    with pytest.raises(AnswerIsLate):
        await WaitingCallers().wait(asked, 0.05)


async def test_it_answers_a_repeated_message_at_once(monkeypatch):
    monkeypatch.setattr(waiting, "LOOK_EVERY", 60.0)
    first = await in_pool(receive, "maria", "/silent", "k-1")
    await in_pool(lambda: services.answer(first.conversation_id))
    again = await in_pool(receive, "maria", "/silent", "k-1")

    assert await WaitingCallers().wait(again, 20) == []
