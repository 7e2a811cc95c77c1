"""The object, and the part of it, that an access touches."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._expressions import called_expression, touched_expression
    from ._keys import UNKNOWN, shows_key
    from ._natives import LruCache
    from ._object_names import key_of, name_of, object_named, type_named
    from ._types import (
        CONTAINER,
        LOCAL,
        STILL,
        bases_of,
        class_holding,
        is_class,
        is_one_of,
        kind_of,
        module_of,
        name_of_class,
        namespace_of,
        qualname_of,
    )
    from ._values import short_text
    from ._written import is_of_library, python_function
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CONTAINER": "._types",
            "LOCAL": "._types",
            "LruCache": "._natives",
            "STILL": "._types",
            "UNKNOWN": "._keys",
            "bases_of": "._types",
            "called_expression": "._expressions",
            "class_holding": "._types",
            "is_class": "._types",
            "is_of_library": "._written",
            "is_one_of": "._types",
            "key_of": "._object_names",
            "kind_of": "._types",
            "module_of": "._types",
            "name_of": "._object_names",
            "name_of_class": "._types",
            "namespace_of": "._types",
            "object_named": "._object_names",
            "python_function": "._written",
            "qualname_of": "._types",
            "short_text": "._values",
            "shows_key": "._keys",
            "touched_expression": "._expressions",
            "type_named": "._object_names",
        },
    )

__all__ = [
    "CONTAINER",
    "LOCAL",
    "STILL",
    "UNKNOWN",
    "LruCache",
    "bases_of",
    "called_expression",
    "class_holding",
    "is_class",
    "is_of_library",
    "is_one_of",
    "key_of",
    "kind_of",
    "module_of",
    "name_of",
    "name_of_class",
    "namespace_of",
    "object_named",
    "python_function",
    "qualname_of",
    "short_text",
    "shows_key",
    "touched_expression",
    "type_named",
]
