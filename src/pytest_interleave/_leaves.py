"""Exceptions in groups of exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, however deep, that are no groups; any other exception itself."""
    # Not by `isinstance`, which asks the exception for its class.
    if issubclass(type(error), BaseExceptionGroup):
        group: Any = error
        for inner in group.exceptions:
            yield from leaves(inner)
    else:
        yield error


def is_made_of(error: BaseException, others: Iterable[BaseException]) -> bool:
    """Whether there is nothing in an exception that is not one of the others, or in one of them."""
    known = {id(leaf) for other in others for leaf in leaves(other)}
    return all(id(leaf) in known for leaf in leaves(error))
