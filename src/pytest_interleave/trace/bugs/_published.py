"""Publication before initialization: other threads find an object that the thread which has made it still changes."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...control import Place, Step
from ..causes._overlaps import Access
from ..causes._places import short_place
from ..causes._sources import tree_of
from ..effects._accesses import Accesses
from ..effects._spans import common_call
from ..words._words import Words
from ._bug import WIDEST, Bug

#: At most this many steps before the use are examined.
_MOST_STEPS = 5_000


class _Publication(NamedTuple):
    """The steps by which a thread makes an object visible, and by which another one finds it."""

    published: Access
    found: Access
    #: The name of the variable that refers to the object since then, or of the object.
    name: str


def of_publication(access: Access, later: Access, accesses: Accesses, log: Sequence[Step], words: Words) -> Bug | None:
    """Return the bug that a thread uses an object before the one that has published it has completed it; or None."""
    publication = _published_before(access, later, accesses, log, words)
    if publication is None:
        return None
    published, found, name = publication
    headline = f"Order violation: {name} is published before it is complete"
    if len(headline) > WIDEST:
        headline = "Order violation: an object is published before it is complete"
    helps = f"complete the object before {short_place(published.place)} makes it visible to other threads"
    return Bug(headline, help=helps, instead=(published.position, found.position, access.position, later.position))


def _published_before(
    access: Access, later: Access, accesses: Accesses, log: Sequence[Step], words: Words
) -> _Publication | None:
    """Return the publication of what `access` uses, and another thread changes only after that, with `later`.

    That thread has published the object in the function that makes the change, or calls what makes it. The source says
    that both are about one object, as `self.jobs = jobs` and `jobs.load()` do.
    """
    changing = words.calls(later.position)
    for position in range(access.position - 1, max(access.position - _MOST_STEPS, 0) - 1, -1):
        if log[position][0].path != later.thread:
            continue
        for written in accesses.at(position):
            both = common_call(words.calls(position), changing) if written.writes else None
            objects = set() if both is None else _published_at(both[0]) & _changed_at(both[1])
            if both is None or both[0] == both[1] or not objects:
                continue
            found = _found(written, access, accesses)
            if found is not None:
                return _Publication(written, found, _name(written, min(objects), words))
    return None


def _found(written: Access, access: Access, accesses: Accesses) -> Access | None:
    """Return where the thread of an access has found what was written before it; None if it has not."""
    for position in range(written.position + 1, access.position):
        for each in accesses.at(position):
            if each.thread == access.thread and not each.writes and accesses.source(each) == written:
                return each
    return None


def _name(written: Access, text: str, words: Words) -> str:
    if written.assigns and not written.updates:
        return words.what(written.position)
    # As in `workers.append(self)`.
    return written.place.function.split(".")[-2] if text == "self" and "." in written.place.function else text


def _published_at(place: Place) -> frozenset[str]:
    """Return the expressions for objects that a line may make visible: those that it stores, and where it does so."""
    return frozenset(text for node in _statements(place) for text in _stored(node))


def _changed_at(place: Place) -> frozenset[str]:
    """Return the expressions for objects whose methods a line calls, or whose attributes or items it assigns."""
    return frozenset(text for node in _statements(place) for text in _changed(node))


def _stored(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (ast.unparse(target) for target in targets)
        if isinstance(node.value, ast.Name) and not all(isinstance(target, ast.Name) for target in targets):
            yield node.value.id
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # As in `workers.append(self)`.
        yield from (argument.id for argument in node.value.args if isinstance(argument, ast.Name))


def _changed(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            yield ast.unparse(part.func.value)
        elif isinstance(part, (ast.Attribute, ast.Subscript)) and isinstance(part.ctx, (ast.Store, ast.Del)):
            yield ast.unparse(part.value)


def _statements(place: Place) -> tuple[ast.stmt, ...]:
    return _statements_of(place.filename).get(place.lineno, ())


@functools.lru_cache(maxsize=64)
def _statements_of(filename: str) -> dict[int, tuple[ast.stmt, ...]]:
    """Return the simple statements of a file, by each of their lines."""
    tree = tree_of(filename)
    found: dict[int, tuple[ast.stmt, ...]] = {}
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                found[line] = (*found.get(line, ()), node)
    return found
