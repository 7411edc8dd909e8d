"""`POST /webhooks/rest/webhook`: Rasa's own contract, on a running installation."""

import json
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.processes


def post_raw(live, body, headers=None):
    request = urllib.request.Request(f"{live.url}/webhooks/rest/webhook", body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_it_answers_as_rasa_does(live):
    assert live.post("maria", "ahoy") == (200, [{"recipient_id": "maria", "text": "You said: ahoy"}])


def test_it_passes_buttons_on(live):
    _, [reply] = live.post("maria", "/buttons")
    assert reply["buttons"] == [{"title": "Yes", "payload": "/yes"}, {"title": "No", "payload": "/no"}]


@pytest.mark.clock
def test_it_says_at_once_that_the_bot_keeps_quiet(live):
    live.post("quiet-maria", "ahoy")
    began = time.monotonic()

    assert live.post("quiet-maria", "/silent") == (200, [])
    assert time.monotonic() - began < 0.8


def test_it_answers_every_message_of_a_burst_with_its_own_replies(live):
    sender = uuid.uuid4().hex
    texts = [f"number {n}" for n in range(20)]
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda text: live.post(sender, text), texts))
    assert answers == [(200, [{"recipient_id": sender, "text": f"You said: {text}"}]) for text in texts]


def test_it_gives_the_same_answer_to_the_same_idempotency_key(live):
    first = live.post("key-maria", "ahoy", key="k-1")
    again = live.post("key-maria", "ahoy", key="k-1")
    other = live.post("key-maria", "goodbye", key="k-1")

    assert first == again
    assert other[0] == 422


@pytest.mark.clock
def test_it_keeps_many_callers_waiting_without_a_thread_each(live):
    began = time.monotonic()
    with ThreadPoolExecutor(300) as clients:
        statuses = list(clients.map(lambda n: live.post(f"caller-{n}", "ahoy")[0], range(300)))
    assert statuses == [200] * 300
    assert time.monotonic() - began < 20


def test_it_says_504_when_the_answer_takes_too_long_and_keeps_the_message(installation_with):
    installation = installation_with(REST_TIMEOUT="1")
    status, body = installation.post("slow-maria", "/sleep 2", key="slow")
    time.sleep(2)

    assert (status, body["extra"]["code"]) == (504, "timeout")
    assert installation.post("slow-maria", "/sleep 2", key="slow")[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b'{"sender": "m", "message": ""}', 400),
        (b'{"sender": "m", "message": 7}', 400),
        (b'{"sender": ["m"], "message": "hi"}', 400),
        (b'{"sender": "", "message": "hi"}', 400),
        (b'{"sender": "m", "message": "hi", "metadata": "x"}', 400),
        (b'{"sender": "m", "message": "hi", "metadata": {"a": "\\u0000"}}', 400),
        (b'{"sender": "m", "message": "\\u0000"}', 400),
        (b'{"sender": "m", "message": "\\ud800"}', 400),
        (b"not json", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (b'{"sender": "m", "message": "\xff"}', 400),
        (json.dumps({"sender": "m", "message": "x" * 4001}).encode(), 413),
    ],
    ids=range(14),
)
def test_it_says_what_is_wrong_with_a_request(live, body, status):
    found, answer = post_raw(live, body)
    assert found == status
    assert set(answer) == {"message", "extra"}


def test_it_refuses_other_methods(live):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{live.url}/webhooks/rest/webhook")
    assert refused.value.code == 405
