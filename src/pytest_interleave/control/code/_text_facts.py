"""Facts that the source shows about names, for code that is in no file and whose source `linecache` has.

IPython, doctest, attrs and the interactive interpreter put it there for tracebacks.
"""

from __future__ import annotations

import linecache
from types import CodeType
from typing import Any

from ._file_facts import FileFacts, all_codes, facts_of_source


class TextFacts:
    """The facts of source texts, each determined once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[CodeType, FileFacts] | None] = {}

    def of(self, code: CodeType, namespace: dict[str, Any]) -> FileFacts | None:
        """Return the facts about `code`; None if there is no source, or it belongs to other code of the same name."""
        source = _source_of(code.co_filename, namespace)
        if not source:
            return None
        key = (code.co_filename, source)
        if key not in self._known:
            self._known[key] = facts_of_source(source, code.co_filename)
        found = self._known[key]
        if found is None:
            return None
        module, facts = found
        return facts if any(_is_alike(code, other) for other in all_codes(module)) else None


def _source_of(filename: str, namespace: dict[str, Any]) -> str:
    loader = dict.get(namespace, "__loader__")
    if type(loader).__module__ == "zipimport":
        linecache.lazycache(filename, namespace)
    return "".join(linecache.getlines(filename))


def _is_alike(code: CodeType, other: CodeType) -> bool:
    # Code objects compiled from the same text may still differ in what surrounds them.
    return (
        code.co_name == other.co_name
        and code.co_firstlineno == other.co_firstlineno
        and code.co_code == other.co_code
        and code.co_names == other.co_names
    )
