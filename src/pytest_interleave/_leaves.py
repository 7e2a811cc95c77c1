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


def is_made_of(error: BaseException, others: Iterable[BaseException]) -> bool:
    """Whether an exception consists only of the others, and of what is in them."""
    known = {id(leaf) for other in others for leaf in leaves(other)}
    return all(id(leaf) in known for leaf in leaves(error))
