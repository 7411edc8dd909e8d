"""What keeps one installation's keys, queues and hints from another's."""

import os
import pickle
import sys
import types

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

from assistant.lib.configuration import installation_name
from assistant.lib.redis.cache import SharedCache, SignedPickle, cache_key
from tests.running import Running

SHOP = {"HOST": "db.example.com", "PORT": "", "NAME": "shop"}
QUEUES = """
from assistant.celery import app
app.amqp.queues.select(["chat"])
[chat] = app.amqp.queues.consume_from.values()
training = app.amqp.router.route({}, "training.run_job")["queue"]
print(chat.name, chat.exchange.name, training.name, app.conf.control_exchange, app.conf.event_exchange)
"""


def test_it_has_a_name_that_a_restored_dump_does_not_bring_along():
    name = installation_name("", "key", SHOP)

    assert name == installation_name("", "key", {**SHOP, "PORT": 5432})
    others = [{**SHOP, "NAME": "copy"}, {**SHOP, "HOST": "other"}, {**SHOP, "PORT": "5433"}]
    assert name not in {installation_name("", "key", other) for other in others}
    assert name != installation_name("", "other key", SHOP)
    assert installation_name("shop", "key", SHOP) == "shop"


@pytest.mark.parametrize("name", ["shop*", "shop:chat", "sh op", "-shop", "shop[ab]", "x" * 64, "shop\n"])
def test_it_refuses_a_name_that_redis_could_take_for_a_pattern(name):
    with pytest.raises(ImproperlyConfigured, match="INSTALLATION"):
        installation_name(name, "key", SHOP)


def test_it_keeps_the_names_that_other_programs_know():
    assert cache_key("cache:config:booking", "shop", 1) == "shop:cache:config:booking"


class Evil:
    def __reduce__(self):
        return os.mkdir, (f"{os.environ['VAR_DIR']}/evil",)


def test_it_unpickles_nothing_that_a_neighbour_put_into_the_cache():
    serializer, evil = SignedPickle(), pickle.dumps(Evil())
    stored = serializer.dumps({"found": [1, 2]})

    assert serializer.loads(stored) == {"found": [1, 2]}
    assert [serializer.loads(forged) for forged in (evil, stored[:32] + evil, b"", stored[:-1])] == [None] * 4
    assert not os.path.exists(f"{os.environ['VAR_DIR']}/evil")
    assert serializer.loads(str(serializer.dumps(7)).encode()) == 7


def test_it_forgets_what_an_earlier_version_cached_under_another_name(monkeypatch):
    earlier = types.ModuleType("training.checking")
    exec("class Finding: pass", earlier.__dict__)
    monkeypatch.setitem(sys.modules, "training.checking", earlier)
    stored = SignedPickle().dumps([earlier.Finding()])
    assert len(SignedPickle().loads(stored)) == 1

    del earlier.Finding
    assert SignedPickle().loads(stored) is None
    monkeypatch.delitem(sys.modules, "training.checking")
    assert SignedPickle().loads(stored) is None


def test_it_caches_as_before():
    cache.set("findings:1", ("stamp", ["found"]))
    cache.set("number", 3)

    assert cache.get("findings:1") == ("stamp", ["found"])
    assert cache.incr("number") == 4


def test_it_finds_nothing_in_the_cache_where_redis_is_away():
    away = SharedCache("redis://127.0.0.1:1/0", {})
    away.set("findings:1", "found")
    assert (away.get("findings:1"), away.get("findings:1", 7), away.get_many(["findings:1"])) == (None, 7, {})


def test_it_names_queues_and_exchanges_of_a_broker_without_prefixes(tmp_path):
    """`-Q chat` stays what an operator writes."""
    settings = {"BROKER_URL": "amqp://127.0.0.1/", "REDIS_URL": "redis://127.0.0.1/0", "INSTALLATION": "shop"}
    settings["DATABASE_URL"] = ""  # as Compose passes on what nobody has set
    names = Running(tmp_path, "embedded", extra=settings).manage("shell", "-v", "0", "-c", QUEUES)
    assert names.split() == ["shop:chat", "shop:chat", "shop:training", "shop:celery", "shop:celeryev"]
