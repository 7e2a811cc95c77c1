"""The import of this package's modules as Python imports others, once this one is. PYTEST_DONT_REWRITE.

pytest would rewrite the assertions of all modules of a plugin. That takes longer than everything else that an idle
plugin does; if no bytecode is written, in every session. What an installer has compiled would not be used either. The
marker in the docstring above is for the modules that pytest is given by name: without it, pytest warns if they are
imported already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_INSIDE = __name__.rpartition(".")[0] + "."


class _PlainFinder:
    """A finder of this package's modules; it leaves all others to the finders behind it."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith(_INSIDE) else None


# In front of pytest's finder, which is already there when the plugin is loaded.
sys.meta_path.insert(0, _PlainFinder)
