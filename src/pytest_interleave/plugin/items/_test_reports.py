"""Changes to pytest's reports of tests: texts under a failure, and a note of pytest that would mislead."""

from __future__ import annotations

import os
import re
import textwrap
import threading

import pytest
from _pytest import python as pytest_python

from ..._leaves import connected
from ._workers import raised_by_workers

#: The title of the section under a failure that shows its interleaving.
SECTION = "interleaving"


def correct_without_traceback(report: pytest.TestReport) -> None:
    """Correct how pytest shows an exception without a traceback of its own, such as a group of threads' exceptions.

    A note says that all entries are hidden and that --full-trace shows them. Neither is true here. And of a message
    with several lines, only the first one is marked as that of an error.
    """
    for traceback, *_ in getattr(report.longrepr, "chain", ()):
        if (getattr(traceback, "extraline", None) or "").startswith("All traceback entries are hidden"):
            traceback.extraline = None
        for entry in traceback.reprentries:
            lines = entry.lines
            if getattr(entry, "reprfileloc", None) is None and lines and lines[0].startswith(_MARK):
                lines[1:] = [line if line.startswith("E") else f"{_MARK}{line[len(_MARK) :]}" for line in lines[1:]]


def show_only_failure(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show, in place of a group, the exception of the only worker that failed, or one of each that are alike."""
    error = None if call.excinfo is None else call.excinfo.value
    if report.outcome != "failed" or not isinstance(error, BaseExceptionGroup):
        return
    from ...detect import one_of_each

    only = error.exceptions[0]
    shown = one_of_each(error)
    single = len(error.exceptions) == 1 and not isinstance(only, BaseExceptionGroup)
    if single and raised_by_workers(error) and only.__traceback__ is not None:
        if not error.message.startswith("1 of 1 ") and error.message not in getattr(only, "__notes__", ()):
            # That the other workers have not failed.
            only.add_note(error.message)
        shown = only
    if shown is not error:
        if shown.__traceback__ is None:
            # A group of one of each is a new exception, which nothing has raised.
            shown = shown.with_traceback(call.excinfo.tb if call.excinfo is not None else None)
        report.longrepr = item.repr_failure(pytest.ExceptionInfo.from_exception(shown))


#: What pytest puts in front of each line of the message of an exception.
_MARK = "E   "
#: The module of the plugin's own exceptions.
_OWN = "pytest_interleave"
#: Types of other exceptions that fixtures of the plugin raise, and the first words of their messages.
_OF_FIXTURES: dict[type[BaseException], str] = {
    threading.BrokenBarrierError: "barrier ",
    TimeoutError: "run_concurrent ",
}
#: The first words of the messages of groups that the plugin raises.
_OF_GROUPS = re.compile(
    r"unchecked exceptions in \w+_pool |\d+ (of \d+ )?(workers|threads?) |\d+ failures in one test|"
    r"the test and \d+ |(deadlock|livelock|timeout), and \d+ "
)
#: The first words of notes on exceptions that name threads.
_OF_NOTES = re.compile(r"and \d+ more like this: |and, with other messages, |raised in ")
#: What is in front of a line of a message where pytest and Python show an exception, perhaps in a group.
_MARGIN = re.compile(r"(?:E\s+)?[\s|]*")
#: The modules that the name of an exception begins with.
_MODULES = re.compile(r"^(?:\w+\.)+")
#: At least this many characters of a message are in a line, however far it is indented.
_NARROWEST = 40


def wrap_own_messages(error: BaseException | None, report: pytest.TestReport, width: int) -> None:
    """Break lines of the plugin's own messages that are wider than the terminal where the report shows exceptions."""
    own: set[str] = set()
    for each in () if error is None else connected(error):
        notes = getattr(each, "__notes__", ())
        own.update(_own_lines(each), (note for note in notes if type(note) is str and _OF_NOTES.match(note)))
    if not own:
        return
    for traceback, *_ in getattr(report.longrepr, "chain", ()):
        for entry in traceback.reprentries:
            shown = []
            for text in entry.lines:
                parts = [part for line in text.split("\n") for part in _wrapped(line, own, width)]
                # Those of a group end with a newline each.
                shown += ["\n".join(parts)] if "\n" in text else parts
            entry.lines[:] = shown


def _own_lines(error: BaseException) -> list[str]:
    """Return the lines of the message if the plugin has written it, as Python shows them without the module's name."""
    kind = type(error)
    if issubclass(kind, BaseExceptionGroup):
        text = BaseExceptionGroup.__str__(error)
        return [f"{kind.__qualname__}: {text}"] if _OF_GROUPS.match(text) else []
    if kind.__module__ != _OWN and kind not in _OF_FIXTURES:
        return []
    text = str(error)
    if kind.__module__ != _OWN and not text.startswith(_OF_FIXTURES[kind]):
        return []
    return [line.strip() for line in f"{kind.__qualname__}: {text}".splitlines()]


def _wrapped(line: str, own: set[str], width: int) -> list[str]:
    found = _MARGIN.match(line)
    margin = "" if found is None else found.group()
    text = line[len(margin) :].rstrip()
    if len(line) <= width or not (text in own or _MODULES.sub("", text, count=1) in own):
        return [line]
    room = max(width - len(margin), _NARROWEST)
    # Deeper than the lists that follow the first line.
    # The number of exceptions in a group stays with its unit.
    text = text.replace(" sub-exceptions)", "\0sub-exceptions)")
    parts = textwrap.wrap(text, room, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return [f"{margin}{part}".replace("\0", " ") for part in parts]


def point_at_test(item: pytest.Item, report: pytest.TestReport) -> None:
    """Say that a failure is in the test if pytest names a place of its own, as all frames of the plugin are hidden."""
    crash = getattr(report.longrepr, "reprcrash", None)
    path, line, _ = item.location
    if crash is not None and line is not None and os.path.dirname(crash.path) == _PYTEST:
        crash.path, crash.lineno = str(item.config.rootpath / path), line + 1


_PYTEST = os.path.dirname(pytest_python.__file__)


def outcome_of(report: pytest.TestReport) -> str:
    """Return the outcome as pytest shows it: with expected failures, and tests that passed unexpectedly."""
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.outcome == "passed" else "xfailed"
    return report.outcome


def add_text(report: pytest.TestReport, text: str) -> None:
    """Put `text` under what the report shows of the failure, whatever form that has."""
    add_section = getattr(report.longrepr, "addsection", None)
    if add_section is not None:
        add_section(SECTION, text)
    else:
        report.longrepr = f"{report.longrepr}\n\n{text}"
