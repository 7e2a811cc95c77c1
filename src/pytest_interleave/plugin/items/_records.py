"""Drops the output, logs, warnings and properties of earlier executions: a report has those of one execution."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

#: Output of earlier executions is dropped once in this many executions: to read it takes as long as a short execution.
_EXECUTIONS_PER_READ = 32


class Records:
    """The records that pytest keeps of the executions of one test."""

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._properties = list(item.user_properties)
        logs = item.config.pluginmanager.getplugin("logging-plugin")
        self._log_handlers = () if logs is None else (logs.caplog_handler, logs.report_handler)
        self._known_warnings: set[tuple[object, ...]] = set()
        self._warnings_kept = 0

    @property
    def caplog_handler(self) -> Any:
        """The handler that has the log records of the fixture `caplog`; None if the test does not use that."""
        return self._log_handlers[0] if self._log_handlers and "caplog" in self._item.fixturenames else None

    def forget(self, executions: int) -> None:
        """Drop the records of `executions` earlier ones; `caplog` begins empty."""
        for handler in self._log_handlers:
            if handler.records:
                handler.reset()
        self._forget_warnings()
        self._item.user_properties[:] = self._properties
        if executions % _EXECUTIONS_PER_READ == 0:
            self.forget_output()

    def forget_output(self) -> None:
        """Drop what earlier executions have printed."""
        capture = self._item.config.pluginmanager.getplugin("capturemanager")
        if capture is not None and capture.is_globally_capturing():
            capture.read_global_capture()

    def _forget_warnings(self) -> None:
        """Keep one of each warning: every execution may give the same ones."""
        recorded = _recorded_warnings()
        if not recorded:
            return
        kept = self._warnings_kept
        for warning in recorded[kept:]:
            key = (warning.category, str(warning.message), warning.filename, warning.lineno)
            if key not in self._known_warnings:
                self._known_warnings.add(key)
                recorded[kept] = warning
                kept += 1
        del recorded[kept:]
        self._warnings_kept = kept


def _recorded_warnings() -> list[warnings.WarningMessage] | None:
    """Return the list of warnings that pytest has recorded of this test; None if it keeps no list that is known."""
    append = getattr(warnings, "_showwarnmsg_impl", None)
    recorded = getattr(append, "__self__", None)
    return recorded if isinstance(recorded, list) else None
