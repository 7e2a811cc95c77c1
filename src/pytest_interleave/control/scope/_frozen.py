"""The source files of frozen modules, whose code objects give their file as `<frozen os>`."""

from __future__ import annotations

import os
import stat

from ._modules import imported

#: The real function: its stand-in may need this module.
_stat = os.stat

#: The directory of the standard library. Not from `sysconfig`, which takes longer to import than this whole plugin.
STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_BEGIN, _END = "<frozen ", ">"


class _Files(dict[str, str]):
    def __missing__(self, filename: str) -> str:
        path = self[filename] = _find(filename) if filename.startswith(_BEGIN) else filename
        return path


#: `file_of[co_filename]`: the source file of the code. It is `co_filename` itself, unless the code is frozen.
file_of = _Files()


def is_file(path: str) -> bool:
    """Whether there is a file at a path."""
    try:
        return stat.S_ISREG(_stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _find(filename: str) -> str:
    name = filename.removeprefix(_BEGIN).removesuffix(_END)
    stem = os.path.join(STDLIB, *name.split("."))
    for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
        if is_file(path):
            return path
    # An application may have frozen modules of its own.
    path = (imported(name) or {}).get("__file__", filename)
    return path if type(path) is str else filename
