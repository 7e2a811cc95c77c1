"""Puts stand-ins for locks and clocks in place before the first test module is imported, and takes them away."""

from __future__ import annotations

import os

import pytest

from ..control import Scope, set_scope
from ..control.clocks import ImportClocks
from ..control.primitives import install_names, remove_names


class Hold:
    """Knows what a run has put in place, and what was there before: one run may be started from within another."""

    def __init__(self, scope_before: Scope | None, *, names: bool, clocks: ImportClocks) -> None:
        self.scope_before = scope_before
        self.names = names
        self.clocks = clocks

    def release(self) -> None:
        """Put everything back that was there before."""
        self.clocks.remove()
        self.release_names()
        if self.scope_before is not None:
            set_scope(self.scope_before)

    def release_names(self) -> None:
        """Put the real primitives back."""
        if self.names:
            remove_names()


def take_hold(config: pytest.Config) -> Hold:
    """Put the scope of this run in place, and stand-ins for locks and for the clocks that modules import."""
    scope = Scope(
        str(config.rootpath),
        config.getini("interleave_include"),
        further=_given_paths(config),
        temporary=lambda: _base_temp(config),
    )
    return Hold(set_scope(scope), names=install_names(), clocks=ImportClocks())


def _given_paths(config: pytest.Config) -> list[str]:
    """Return the paths of tests that the command line names; they can be outside of the rootdir."""
    given = getattr(config.known_args_namespace, "file_or_dir", None) or ()
    return [path for path in (argument.partition("::")[0] for argument in given) if os.path.exists(path)]


def _base_temp(config: pytest.Config) -> str | None:
    """Return the directory of all `tmp_path` directories; None before the first of them is made."""
    factory = getattr(config, "_tmp_path_factory", None)
    path = getattr(factory, "_basetemp", None)
    return None if path is None else str(path)
