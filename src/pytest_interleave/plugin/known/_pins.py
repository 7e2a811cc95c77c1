"""Reads the marker `interleaving`: schedules that are pinned in the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...explore import Token


def pins_of(item: pytest.Item) -> list[Token]:
    """Return the schedules that the marker `interleaving` pins for a test with its parameters.

    Raises `pytest.UsageError` that names the token.
    """
    markers = list(item.iter_markers("interleaving"))
    if not markers:
        return []
    from ...explore import Token, TokenError
    from ._fingerprints import name_of_test

    name = name_of_test(item)
    pins: list[Token] = []
    for marker in markers:
        if marker.kwargs or not marker.args or not all(isinstance(text, str) for text in marker.args):
            raise pytest.UsageError(
                '@interleaving takes tokens from failure reports: write @pytest.mark.interleaving("TOKEN")'
            )
        for text in marker.args:
            try:
                token = Token.parse(text)
                token.require_this_python()
            except TokenError as error:
                raise pytest.UsageError(f"@interleaving: {error}") from None
            if token.test.name != name.name and _is_inherited(item):
                # It is usually for the same function in another class.
                continue
            if token.test.name != name.name or not (name.parameters or token.test == name):
                raise pytest.UsageError(
                    f"@interleaving({text!r}): token belongs to another test. If this test was renamed, use "
                    f"{str(token._replace(test=name))!r}."
                )
            if token.test == name:
                pins.append(token)
    return pins


def _is_inherited(item: pytest.Item) -> bool:
    cls = getattr(item, "cls", None)
    return cls is not None and getattr(item, "originalname", None) not in vars(cls)


def unusable_pins(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
    """Yield an item and an error for each parametrized test with a pin for parameters that it does not have.

    The markers of the items have been checked.
    """
    tests: dict[tuple[Any, str], list[pytest.Function]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.get_closest_marker("interleaving"):
            tests.setdefault((item.parent, item.originalname), []).append(item)
    if not tests:
        return
    from ...explore import Token
    from ._fingerprints import name_of_test

    for (parent, function), selected in tests.items():
        names = {name_of_test(item) for item in selected}
        tokens = [Token.parse(text) for marker in selected[0].iter_markers("interleaving") for text in marker.args]
        own = [token for token in tokens if token.test.name == name_of_test(selected[0]).name]
        if all(token.test in names for token in own):
            continue
        # Other sets may not have been selected.
        names |= {name_of_test(item) for item in parent._genfunctions(function, getattr(parent.obj, function))}
        for token in own:
            if token.test not in names:
                yield (
                    selected[0],
                    f"@interleaving({str(token)!r}): token is for parameters this test no longer has: remove it.",
                )
                break
