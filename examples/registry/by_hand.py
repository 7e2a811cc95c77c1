"""How such tests are written without the plugin; `pytest -o pythonpath=buggy by_hand.py` runs them.

Nothing in here is found by chance more than once in a while, or at all: the page in the documentation says why.
"""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

from assistant.tools import Tool, ToolRegistry


def test_concurrent_registration(registry):
    errors = []

    def register(thread):
        for number in range(10):
            try:
                registry.register(Tool(f"tool-{thread}-{number}", print))
            except Exception as error:
                errors.append(error)

    with ThreadPoolExecutor(max_workers=20) as executor:
        for future in as_completed([executor.submit(register, thread) for thread in range(20)]):
            future.result()
    assert len(errors) == 0
    assert len(registry.describe()) == 200


def test_singleton_creation():
    barrier = threading.Barrier(50)
    instances = []

    def create():
        barrier.wait()
        instances.append(ToolRegistry.instance())

    threads = [threading.Thread(target=create) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)
    assert all(instance is instances[0] for instance in instances)


def test_clear_while_reading(registry):
    results, errors = [], []
    for number in range(100):
        registry.register(Tool(f"tool-{number}", print))

    def read():
        for _ in range(50):
            try:
                results.append(len(registry.describe()))
            except RuntimeError as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(10)]
    for reader in readers:
        reader.start()
    registry.clear()
    for reader in readers:
        reader.join(timeout=5)
    assert all(result >= 0 for result in results)


def test_single_active_skill(skills):
    names = ["review", "translate", "plan"]

    def activate(number):
        for turn in range(100):
            skills.activate(names[(number + turn) % 3])

    with ThreadPoolExecutor(max_workers=10) as executor:
        list(executor.map(activate, range(10)))
    assert len(skills.active()) <= 1


def test_cache_hits(counter):
    with ThreadPoolExecutor(max_workers=10) as executor:
        for _ in range(10):
            assert set(executor.map(counter.count, ["to be"] * 10)) == {2}
    assert counter.hits > 0


def test_cache_eviction(web_cache):
    def put(number):
        for turn in range(100):
            web_cache.put(f"/{number}/{turn}", b"1234")

    with ThreadPoolExecutor(max_workers=10) as executor:
        executor.map(put, range(10))
    assert len(web_cache.usage()) == 2
