"""Objects that other threads find before they are complete."""

from __future__ import annotations

from threading import Lock

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at = MARKS.at

settings = None


def get_settings():
    global settings
    if settings is None:
        settings = {}  # settings: publish
        settings["debug"] = True  # settings: complete
    return settings


class Catalog:
    def __init__(self):
        self.texts, self.ready = {}, False

    def load(self):
        self.texts["hello"] = "Hallo"  # catalog: complete


class Catalogs:
    def __init__(self):
        self.catalogs, self.lock = {}, Lock()

    def get(self, language):
        if language not in self.catalogs:  # catalogs: find
            with self.lock:
                if language not in self.catalogs:
                    self.catalogs[language] = Catalog()  # catalogs: publish
                    self.catalogs[language].load()
        return self.catalogs[language]


def test_a_global_dictionary_without_its_item():
    def body():
        global settings
        settings = None
        in_threads(makes=get_settings, uses=lambda: get_settings()["debug"])  # settings: use

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: global settings is published before it is complete"
    assert [mark for _, mark in steps(timeline)][::2] == ["settings: publish", "settings: use"]
    assert steps(timeline)[3] == ("makes sets settings['debug'] to True after the failure", "settings: complete")
    assert timeline.help == (f"complete the object before {at('settings: publish')} makes it visible to other threads")


def test_an_object_that_a_method_completes():
    def body():
        catalogs = Catalogs()
        in_threads(makes=lambda: catalogs.get("de"), uses=lambda: catalogs.get("de").texts["hello"])

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: self.catalogs['de'] is published before it is complete"
    assert [mark for _, mark in steps(timeline)][0] == "catalogs: publish"
    assert [mark for _, mark in steps(timeline)][3] == "catalog: complete"


class Table:
    def __init__(self):
        self.rows, self.lock = None, Lock()

    def get(self):
        if self.rows is None:
            with self.lock:
                if self.rows is None:
                    self.rows = []  # rows: publish
                    for number in range(3):
                        self.rows.append(number)  # rows: complete
        return self.rows


def test_a_list_that_a_loop_fills():
    def body():
        table, found = Table(), []
        in_threads(makes=table.get, uses=lambda: found.append(len(table.get())))
        assert found == [3]

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: Table.rows is published before it is complete"
    # The lock of the thread that makes it does not help a thread that has found it.
    assert timeline.help == f"complete the object before {at('rows: publish')} makes it visible to other threads"


class Widget:
    def __init__(self, registry):
        registry.append(self)  # widget: publish
        self.name = "widget"  # widget: complete


def test_an_object_that_registers_itself_in_its_constructor():
    def body():
        registry, found = [], []

        def use():
            found.extend(widget.name for widget in registry)  # widget: use

        in_threads(makes=lambda: Widget(registry), uses=use)

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: Widget is published before it is complete"
    assert [mark for _, mark in steps(timeline)][::3] == ["widget: publish", "widget: complete"]


class Account:
    def __init__(self):
        self.balance, self.log = 100, []

    def withdraw(self):
        self.log.append("withdraw")  # withdraw: log
        self.balance = 0  # withdraw: write


def test_two_fields_that_belong_together_are_no_publication():
    def body():
        account, found = Account(), []
        in_threads(writes=account.withdraw, reads=lambda: found.append((len(account.log), account.balance)))
        assert found[0] in ((0, 100), (1, 0))

    assert "published" not in timeline_of(body).bug
