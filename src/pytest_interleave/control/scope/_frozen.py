"""Where the source of a frozen module is: its code says `<frozen os>`, whatever file it was made from."""

from __future__ import annotations

import os

from ._modules import imported

#: Not by `sysconfig`, which takes longer to import than all of this plugin.
STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_BEGIN, _END = "<frozen ", ">"


class _Files(dict[str, str]):
    def __missing__(self, filename: str) -> str:
        path = self[filename] = _find(filename) if filename.startswith(_BEGIN) else filename
        return path


#: `file_of[co_filename]`: the file that it stands for, which is itself as a rule.
file_of = _Files()


def _find(filename: str) -> str:
    name = filename.removeprefix(_BEGIN).removesuffix(_END)
    stem = os.path.join(STDLIB, *name.split("."))
    for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
        if os.path.isfile(path):
            return path
    # Of an application that has frozen its own.
    path = (imported(name) or {}).get("__file__", filename)
    return path if type(path) is str else filename
