"""The scope of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._scope import Scope

#: Set when the plugin is configured, before any test module is imported.
scope: Scope


def set_scope(new: Scope) -> Scope | None:
    """Make `new` the scope of this process, and return the previous scope, if there was one."""
    global scope
    before: Scope | None = globals().get("scope")
    scope = new
    return before


def current_scope() -> Scope:
    """Return the scope of this process."""
    return scope
