"""Changes to pytest's reports of tests: texts under a failure, and a note of pytest that would mislead."""

from __future__ import annotations

import pytest

from ._workers import raised_by_workers

#: The title of the section under a failure that shows its interleaving.
SECTION = "interleaving"


def remove_hidden_note(report: pytest.TestReport) -> None:
    """Remove pytest's note under an exception without a traceback of its own, such as a group of threads' exceptions.

    The note says that all entries are hidden and that --full-trace shows them. Neither is true here.
    """
    for traceback, *_ in getattr(report.longrepr, "chain", ()):
        if (getattr(traceback, "extraline", None) or "").startswith("All traceback entries are hidden"):
            traceback.extraline = None


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
        report.longrepr = item.repr_failure(pytest.ExceptionInfo.from_exception(shown))


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
