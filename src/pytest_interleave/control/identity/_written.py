"""Where a function is written: in scope, elsewhere in Python, or in C.

Of code in scope every step is seen. What is done in C is done in one step. But code in Python that is out of scope is
neither: another thread could come in between anywhere, and never does under control.
"""

from __future__ import annotations

import os
from types import CodeType, FunctionType, MethodType
from typing import Any

from ..scope import _current_scope
from ..scope._places import is_ours, is_stdlib
from ..steps._touches import FOREIGN, OPAQUE, UNSURE
from ._types import class_holding, is_class, is_made_by_a_program

#: Modules of the standard library that keep nothing that threads share, or that see to it that threads may share it,
#: and that do not go through what they are given.
_SAFE_MODULES = frozenset(
    "_pydatetime _pydecimal _pyio _strptime _threading_local _weakrefset abc ast base64 bisect calendar codecs codeop "
    "colorsys concurrent contextlib contextvars copyreg datetime decimal dis encodings enum errno fnmatch fractions "
    "functools genericpath getpass gettext glob hashlib hmac importlib inspect io ipaddress keyword linecache locale "
    "logging ntpath numbers operator os pathlib pkgutil platform posixpath queue quopri re secrets shlex shutil signal "
    "site socket stat struct subprocess sysconfig tempfile textwrap threading time timeit token tokenize "
    "traceback types typing unicodedata uu uuid warnings zipimport zoneinfo".split()
)
#: The same of `unittest`, of which `mock` is not.
_SAFE_FILES = (os.path.join("unittest", "case.py"), os.path.join("unittest", "util.py"))
#: Installed packages that run tests.
_RUNNERS = frozenset("_pytest debugpy hypothesis pytest".split())
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"


class _Answers(dict[str, bool]):
    """By file name: whether functions written there may be halfway through something that threads share."""

    def __missing__(self, filename: str) -> bool:
        answer = self[filename] = not _is_safe(filename)
        return answer


_interruptible = _Answers()


def _is_safe(filename: str) -> bool:
    if is_ours(filename):
        return True
    if filename.startswith("<frozen "):
        return _module(filename.removeprefix("<frozen ").removesuffix(">").replace(".", os.sep)) in _SAFE_MODULES
    if filename.startswith("<"):
        # Made by `dataclasses`, `namedtuple`, `attrs` and the like: they read, or fill what is new.
        return True
    if is_stdlib(filename):
        return _module(filename.removeprefix(_STDLIB)) in _SAFE_MODULES or filename.endswith(_SAFE_FILES)
    return _module(filename.rpartition(_INSTALLED)[2]) in _RUNNERS


def _module(path: str) -> str:
    """The outermost package, or the module, that a file belongs to."""
    return path.partition(os.sep)[0].removesuffix(".py")


def python_function(function: Any) -> Any:
    """The function written in Python that is called, in the end, where `function` is; None where there is none."""
    kind = type(function)
    while kind is not FunctionType:
        if kind is not MethodType and kind is not staticmethod and kind is not classmethod:
            return None
        function = function.__func__
        kind = type(function)
    return function


def in_scope(function: Any) -> bool:
    """Whether `function` is written in Python, in code whose accesses are scheduling points."""
    python = python_function(function)
    if python is None:
        return False
    scope = _current_scope.scope
    code = python.__code__
    filename = code.co_filename
    if filename in scope.all_of:
        return True
    return scope.may_hold[filename] and scope.holds_code(code, python.__globals__)


def runs_in_scope(kind: type, special: str) -> bool:
    """Whether a special method of a type's values is the program's own: what it does is seen where it does it."""
    if not is_made_by_a_program(kind):
        return False
    holder = class_holding(kind, special)
    return holder is not None and in_scope(holder[1])


def is_foreign(function: Any) -> bool:
    """Whether `function`, which is not in scope, is written in Python, and may be halfway when a thread is left."""
    python = python_function(function)
    return python is not None and _interruptible[python.__code__.co_filename]


def is_of_library(code: CodeType) -> bool:
    """Whether `code` is a library's: written in Python, not in scope, and no part of Python itself."""
    filename = code.co_filename
    return _interruptible[filename] and not is_stdlib(filename) and not _current_scope.scope.may_hold[filename]


def is_primitive_method(function: Any) -> bool:
    """Whether a method is that of one of our primitives."""
    python = python_function(function)
    return python is not None and is_ours(python.__code__.co_filename)


def is_generated(function: Any) -> bool:
    """Whether a method was made by `dataclasses` and the like, from the names of a class's attributes."""
    python = python_function(function)
    filename = "" if python is None else python.__code__.co_filename
    return filename.startswith("<") and not filename.startswith("<frozen ")


def flags_of(function: Any) -> int:
    """What is added to the touches of what a method does that is not in scope."""
    return FOREIGN | OPAQUE | UNSURE if is_foreign(function) else 0


def special_flags(kind: type, special: str) -> int | None:
    """The same for a special method of a type's values; None where that is in scope."""
    if not is_made_by_a_program(kind):
        return 0
    holder = class_holding(kind, special)
    if holder is None:
        return 0
    return None if in_scope(holder[1]) else flags_of(holder[1])


def called(function: Any) -> Any:
    """What is run where a class or an instance is called: its `__init__`, or `__call__`; a function is so itself."""
    kind = type(function)
    if is_class(kind):
        maker = class_holding(function, "__init__")
        return None if maker is None else maker[1]
    if python_function(function) is None and is_made_by_a_program(kind):
        holder = class_holding(kind, "__call__")
        return None if holder is None else holder[1]
    return function
