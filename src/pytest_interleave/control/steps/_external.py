"""Steps on state outside memory: files, directories, databases, and what programs announce themselves."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from ._kinds import READ, WRITE
from ._operations import Operation
from ._touches import NOTHING

if TYPE_CHECKING:
    from ..scope._places import Place
    from ._kinds import Kind
    from ._operations import Resolver
    from ._touches import Touches


class Key:
    """Identifies something outside memory within an execution, as an address identifies an object."""

    __slots__ = ("name",)

    #: Whether it is the content of a file: writing it says nothing about what other threads have written.
    is_content = False
    #: Whether it is a directory: its parts are its entries, by their names.
    is_directory = False
    #: Its name in reports, if a step that touches it has another one; else empty.
    label = ""

    def __init__(self, name: str) -> None:
        #: Its name in messages.
        self.name = name

    def name_of(self, part: Any) -> str:  # noqa: ARG002
        """Return the name of a part in reports, or of all of it if `part` is None; empty if that of the step counts."""
        return self.label

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class Directory(Key):
    """A directory."""

    __slots__ = ()

    is_directory = True

    def name_of(self, part: Any) -> str:
        """See `Key.name_of`."""
        return self.label if part is None else str(part)


class Content(Key):
    """The content of a file."""

    __slots__ = ()

    is_content = True


class Doing:
    """The words for a step: what it does, "write data.json", and what is known of its result once it is done."""

    __slots__ = ("error", "has_waited", "is_change", "look", "result", "text")

    def __init__(self, text: str, *, is_change: bool = False) -> None:
        self.text = text
        #: Whether it writes.
        self.is_change = is_change
        #: "12 bytes", or the text of an error; empty if there is nothing to say.
        self.result = ""
        #: Finds out what the step would do now; None once it is done, or if that cannot change.
        self.look: Callable[[], Look] | None = None
        #: Whether it has only waited, and was done by a later step.
        self.has_waited = False
        #: The error that it has raised: then it has changed nothing.
        self.error: type[BaseException] | None = None

    def fail(self, error: BaseException) -> None:
        """Note that the step has raised an error."""
        self.error = type(error)
        if not isinstance(error, OSError):
            # As "database is locked".
            self.result = " ".join(str(error).split())

    @property
    def appends(self) -> bool:
        """Whether the step only adds to what is there."""
        return self.text.startswith("append ")

    @property
    def finds_nothing(self) -> bool:
        """Whether there was nothing where the step looked."""
        return self.error is FileNotFoundError

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.text}: {_ERRORS.get(self.error) or self.result or self.error.__name__}"
        result = "waits" if self.has_waited else self.result
        return f"{self.text} ({result})" if result else self.text


#: Errors in words.
_ERRORS: dict[type[BaseException], str] = {
    FileExistsError: "exists already",
    FileNotFoundError: "not found",
    IsADirectoryError: "is a directory",
    NotADirectoryError: "not a directory",
    PermissionError: "permission denied",
}


class Look(NamedTuple):
    """What a step would do if it were done now: what it touches, whether it writes, and the words for it."""

    touches: Touches
    writes: bool
    text: str


class External(Operation):
    """A step on state outside memory.

    `name` is a word that is the same in every execution: "write". `what` is the name of what is read or written, as
    reports show it: "data.json". `doing` says what the step does.
    """

    __slots__ = ("doing", "what")

    is_external = True

    def __init__(
        self,
        kind: Kind,
        target: None,
        code: CodeType,
        lasti: int,
        mutates: bool = True,
        name: str = "",
    ) -> None:
        super().__init__(kind, target, code, lasti, mutates, name)
        self.what = ""
        self.doing = Doing(name)

    @property
    def touch(self) -> Resolver:
        """See `Operation`. It is no attribute, because a step that has a reference to itself is not freed at once."""
        return self._touch

    @touch.setter
    def touch(self, resolver: Resolver) -> None:
        """Ignore the resolver that every operation has first."""

    def _touch(self, _frame: FrameType) -> Touches:
        return self.look_again()

    def look_again(self) -> Touches:
        """Find out what the step would do now, and return what it would touch."""
        look = self.doing.look
        if look is None:
            return NOTHING
        found = look()
        self.doing.text, self.doing.is_change = found.text, found.writes
        self.kind = WRITE if found.writes else READ
        return found.touches

    def at(self, place: Place | None) -> External:
        """See `Operation.at`."""
        same = super().at(place)
        assert isinstance(same, External)
        same.what, same.doing = self.what, self.doing
        return same


def external_step(what: str, verb: str, found: Look, place: FrameType) -> External:
    """Return a step that the code which runs in the frame `place` is about to do."""
    step = External(WRITE if found.writes else READ, None, place.f_code, place.f_lasti, found.writes, verb)
    step.what, step.doing = what, Doing(found.text, is_change=found.writes)
    return step
