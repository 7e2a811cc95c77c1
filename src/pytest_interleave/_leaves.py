"""Functions for groups of exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions in a group, however deep, that are not groups; of any other exception, itself."""
    # Not by `isinstance`, which reads the exception's `__class__`.
    if issubclass(type(error), BaseExceptionGroup):
        group: Any = error
        for inner in group.exceptions:
            yield from leaves(inner)
    else:
        yield error


def connected(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, those that it was raised from or that were being handled then, and those in groups of these.

    Each is yielded once, however often it can be reached.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        # Not by `isinstance`, which reads the exception's `__class__`.
        if issubclass(type(one), BaseExceptionGroup):
            group: Any = one
            waiting += group.exceptions


def is_made_of(error: BaseException, others: Iterable[BaseException]) -> bool:
    """Whether an exception consists only of the others, and of what is in them."""
    known = {id(leaf) for other in others for leaf in leaves(other)}
    return all(id(leaf) in known for leaf in leaves(error))
