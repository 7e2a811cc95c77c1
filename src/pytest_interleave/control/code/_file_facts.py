"""Facts that a source file shows about the names in it: what is assigned where, and what is private."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from ..interpreter._opcodes import is_function_code
from ._handed_over import NOTHING_HANDED_OVER, HandedOver, handed_over
from ._private_names import NOTHING_PRIVATE, PrivateUses, private_uses

_INITIALISERS = frozenset(("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__"))

#: Decorators whose result is called like the function, or calls the function.
_MAKING_METHODS = frozenset(
    "abstractmethod asynccontextmanager cache classmethod contextmanager deleter final fixture getter lru_cache "
    "overload override parametrize property setter staticmethod usefixtures wraps".split()
)


class FileFacts(NamedTuple):
    """Facts that a whole file shows about the names that are accessed in it."""

    #: Module globals that some function assigns.
    assigned_globals: frozenset[str]
    #: Closure variables that are assigned more than once, in a loop, from an inner function, or after an inner function
    #: has captured them.
    assigned_cells: frozenset[str]
    #: Attributes that are assigned elsewhere than in an initializer.
    assigned_attributes: frozenset[str]
    #: Attributes that are assigned in initializers only.
    initial_attributes: frozenset[str]
    #: Functions defined in class bodies, unless a decorator may have made something else of them.
    methods: frozenset[str]
    #: The uses of local containers that no other thread can see.
    private: PrivateUses
    #: Where functions written in C may be handed over.
    handed_over: HandedOver = NOTHING_HANDED_OVER


NO_FACTS = FileFacts(frozenset(), frozenset(), frozenset(), frozenset(), frozenset(), NOTHING_PRIVATE)


def facts_of_file(filename: str) -> FileFacts | None:
    """Compile a file and return its facts, or None if there is no source to compile."""
    try:
        with open(filename, "rb") as file:
            source = file.read()
    except (OSError, ValueError):
        return None
    found = facts_of_source(source, filename)
    return None if found is None else found[1]


def facts_of_source(source: str | bytes, filename: str) -> tuple[CodeType, FileFacts] | None:
    """Compile a text and return its code and its facts, or None if it cannot be compiled."""
    try:
        tree = ast.parse(source, filename)
        module = compile(tree, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    globals_, cells, attributes, initial, methods, private, _ = facts_of_code(module, private_uses(tree))
    methods -= _made_otherwise(tree)
    patched = _patched(tree)
    return module, FileFacts(
        globals_ | patched, cells, attributes | patched, initial - patched, methods, private, handed_over(tree)
    )


def facts_of_code(module: CodeType, private: PrivateUses = NOTHING_PRIVATE) -> FileFacts:
    """Return the facts that a module's code, with all code in it, shows about names."""
    global_names: set[str] = set()
    cells: set[str] = set()
    assigned: set[str] = set()
    initial: set[str] = set()
    methods: set[str] = set()
    dynamic = False
    for code in all_codes(module):
        is_function = is_function_code(code)
        stored: dict[str, int] = {}
        captured: set[str] = set()
        loops: list[tuple[int, int]] = []
        for instruction in dis.get_instructions(code):
            name = instruction.opname
            if name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                global_names.add(instruction.argval)
            elif name in ("STORE_ATTR", "DELETE_ATTR"):
                (initial if code.co_name in _INITIALISERS else assigned).add(instruction.argval)
            elif name in ("STORE_DEREF", "DELETE_DEREF"):
                if instruction.argval in (*code.co_freevars, *stored, *captured):
                    cells.add(instruction.argval)
                stored[instruction.argval] = instruction.offset
            elif isinstance(instruction.argval, CodeType):
                # Except the function's own name, which is assigned as soon as the function is made.
                captured.update(set(instruction.argval.co_freevars) - {instruction.argval.co_name})
            elif name == "STORE_NAME" and not is_function and code is not module:
                methods.add(instruction.argval)
            elif name.startswith("JUMP_BACKWARD"):
                loops.append((instruction.argval, instruction.offset))
            elif instruction.argval in ("setattr", "__setattr__", "__dict__", "vars"):
                dynamic = True
        cells.update(
            variable for variable, offset in stored.items() if any(begin <= offset <= end for begin, end in loops)
        )
    if dynamic:
        assigned |= initial
        initial = set()
    return FileFacts(
        frozenset(global_names),
        frozenset(cells),
        frozenset(assigned),
        frozenset(initial - assigned),
        frozenset(_defined(module) & methods),
        private,
    )


#: Functions that assign an attribute, or a global, whose name is the last part of a text: `patch("os.getcwd")`.
_PATCHING = frozenset(("delattr", "multiple", "object", "patch", "setattr"))


def _patched(tree: ast.AST) -> frozenset[str]:
    """Return the names that are assigned as texts in patches, such as those of `mock` and `monkeypatch`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name_of(node.func) in _PATCHING:
            found.update(keyword.arg for keyword in node.keywords if keyword.arg)
            for argument in node.args[:2]:
                texts = (each.value for each in ast.walk(argument) if isinstance(each, ast.Constant))
                found.update(text.rpartition(".")[2] for text in texts if isinstance(text, str))
    return frozenset(name for name in found if name.isidentifier())


def _made_otherwise(tree: ast.AST) -> frozenset[str]:
    """Return the functions with a decorator that may make a value of them, as `cached_property` does."""
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and any(_name_of_decorator(decorator) not in _MAKING_METHODS for decorator in node.decorator_list)
    )


def _name_of_decorator(decorator: ast.expr) -> str:
    return _name_of(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _defined(module: CodeType) -> set[str]:
    return {code.co_name for code in all_codes(module)}


def all_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all code objects in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from all_codes(constant)
