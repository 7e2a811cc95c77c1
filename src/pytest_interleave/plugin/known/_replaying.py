"""The token of a run that replays a schedule: selects the test that it was made for."""

from __future__ import annotations

import pytest

from ...explore import Token, TokenError
from ..settings._marker_errors import note_error
from ..settings._markers import is_marked
from ._fingerprints import name_of_test

_token_key = pytest.StashKey[Token]()


def read_token(config: pytest.Config, text: str, option: str) -> None:
    """Keep the token that `option` has for the tests of this run.

    Raises `pytest.UsageError` if it is not a token that this version can read.
    """
    try:
        config.stash[_token_key] = Token.parse(text)
    except TokenError as error:
        raise pytest.UsageError(f"{option}: {error}") from None


def token_of(config: pytest.Config) -> Token | None:
    """Return the token whose schedule this run replays; None if it explores."""
    return config.stash.get(_token_key, None)


def keep_for_token(config: pytest.Config, items: list[pytest.Item], option: str) -> None:
    """Deselect all but the test that the token of this run was made for.

    Raises `pytest.UsageError` as `select_for_token` does. A worker of pytest-xdist has no way to end the run with an
    error: there, the first test fails with it.
    """
    try:
        items[:] = select_for_token(config, items, config.stash[_token_key], option)
    except pytest.UsageError as error:
        if not hasattr(config, "workerinput"):
            raise
        del items[1:]
        for item in items:
            note_error(item, error)


def select_for_token(config: pytest.Config, items: list[pytest.Item], token: Token, option: str) -> list[pytest.Item]:
    """Return the marked test that the token, given by `option`, was made for; deselect all others.

    Raises `pytest.UsageError` if there is none or more than one, or if the token holds on another Python only.
    """
    chosen = [item for item in items if is_marked(item) and name_of_test(item) == token.test]
    if not chosen:
        marked = [item.nodeid for item in items if is_marked(item)]
        if not marked:
            raise pytest.UsageError(
                f"{option}: no marked test was collected for this token. Copy the whole command from the report."
            )
        among = f"another test than {marked[0]}" if len(marked) == 1 else f"none of the {len(marked)} collected tests"
        raise pytest.UsageError(f"{option}: token belongs to {among}. Copy the whole command from the report.")
    if len(chosen) > 1:
        matches = "two tests" if len(chosen) == 2 else f"{len(chosen)} tests, among them"
        raise pytest.UsageError(
            f"{option}: token matches {matches}, {chosen[0].nodeid} and {chosen[1].nodeid}: add the node id to the "
            "command."
        )
    try:
        token.require_this_python()
    except TokenError as error:
        raise pytest.UsageError(f"{option}: {error}") from None
    others = [item for item in items if item not in chosen]
    if others:
        config.hook.pytest_deselected(items=others)
    return chosen
