"""The scope of a run: the source files that count, places in them, and the interpreter's real functions."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._frozen import file_of
    from ._modules import imported, is_module, loaded, namespace_of_module, scoped_modules
    from ._places import place_of_code, place_of_frame, user_place
    from ._scope import missing
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "file_of": "._frozen",
            "imported": "._modules",
            "is_module": "._modules",
            "loaded": "._modules",
            "missing": "._scope",
            "namespace_of_module": "._modules",
            "place_of_code": "._places",
            "place_of_frame": "._places",
            "scoped_modules": "._modules",
            "user_place": "._places",
        },
    )

__all__ = [
    "file_of",
    "imported",
    "is_module",
    "loaded",
    "missing",
    "namespace_of_module",
    "place_of_code",
    "place_of_frame",
    "scoped_modules",
    "user_place",
]
