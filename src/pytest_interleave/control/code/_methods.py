"""Names of methods and functions, by what a call does to its object and its arguments."""

from __future__ import annotations

#: Methods of the built-in containers and of similar types that read.
READING_METHODS = frozenset(
    "copy count difference get index intersection isdisjoint issubset issuperset items keys "
    "symmetric_difference union values most_common elements "
    "__contains__ __getattribute__ __getitem__ __iter__ __len__".split()
)
#: The same for methods that write.
WRITING_METHODS = frozenset(
    "add append appendleft clear difference_update discard extend extendleft insert intersection_update "
    "move_to_end pop popitem popleft remove reverse rotate setdefault sort subtract "
    "symmetric_difference_update update __delattr__ __delitem__ __setattr__ __setitem__".split()
)
#: Built-in functions that read or change the contents of their arguments.
READING_BUILTINS = frozenset(
    "all any dict frozenset getattr hasattr len list max min set sorted sum tuple vars".split()
)
WRITING_BUILTINS = frozenset("delattr next setattr".split())
#: Methods of the synchronization primitives: each call is a scheduling point of its own.
SYNC_METHODS = frozenset(
    "acquire release locked wait wait_for notify notify_all set is_set clear abort reset put put_nowait get "
    "get_nowait task_done join start is_alive submit result".split()
)
#: Built-in functions, and special methods called by name, that access an attribute or an item that is given to them.
OF_ATTRIBUTES = frozenset(("getattr", "hasattr", "setattr", "delattr"))
SPECIAL_OF_ATTRIBUTES = frozenset((".__getattribute__()", ".__setattr__()", ".__delattr__()"))
SPECIAL_OF_ITEMS = frozenset((".__getitem__()", ".__setitem__()", ".__delitem__()"))
#: Functions of the module `operator` that access an item.
READING_OPERATORS = frozenset(("contains", "countOf", "getitem", "indexOf"))
WRITING_OPERATORS = frozenset(("delitem", "setitem"))
#: Functions of the standard library, mostly written in Python, that read everything in their arguments.
THOROUGH_READERS = frozenset(
    "asdict astuple choice choices copy deepcopy dump dumps mean median nlargest nsmallest pformat pprint "
    "sample".split()
)
#: Methods and functions written in C, of arrays, streams and the like, that only read.
READING_NATIVES = frozenset(
    "all any argmax argmin argsort array_equal astype copy cumsum digest dot end findall finditer flatten fullmatch "
    "getvalue group groups hexdigest item match max mean min prod ravel readable reshape round search seekable span "
    "start std sum tell tobytes tolist transpose var where writable".split()
)
