"""Names and lists of names that fit into the cells of a table."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

#: A name has at most this many characters.
_WIDEST_NAME = 18
#: This many characters are shown in front of the first one in which names differ.
_BEFORE_DIFFERENCE = 8
#: Of more names, only the first one and the last one are shown.
_MOST_NAMES = 4


def cut_name(name: str) -> str:
    """Shorten a name in its middle: names differ at their ends."""
    if len(name) <= _WIDEST_NAME:
        return name
    end = _WIDEST_NAME // 2
    return f"{name[: _WIDEST_NAME - end - 1]}…{name[-end:]}"


def cut_names(names: Sequence[str]) -> list[str]:
    """Shorten names; those that would be the same are cut where they differ."""
    short = [cut_name(name) for name in names]
    cut = list(short)
    for number, text in enumerate(short):
        alike = [name for name, other in zip(names, short, strict=True) if other == text]
        if len(alike) > 1:
            same = next((at for at, letters in enumerate(zip(*alike, strict=False)) if len(set(letters)) > 1), 0)
            begin = max(0, same - _BEFORE_DIFFERENCE)
            rest = names[number][begin : begin + _WIDEST_NAME - 2]
            cut[number] = f"…{rest}" + ("…" if begin + len(rest) < len(names[number]) else "")
    return cut


def with_lists(counts: Mapping[str, int], verbs: Container[str]) -> dict[str, int]:
    """Return texts in which the threads that one step after the other starts, or joins, are one list.

    `counts` has how often each text applies, and `verbs` has the verbs of which that is true.
    """
    parts: dict[str, int] = {}
    names: dict[str, list[str]] = {}
    for text, count in counts.items():
        verb, _, name = text.partition(" ")
        name, bracket, end = name.partition(" (")
        has_name = verb in verbs and name and not name.startswith("(")
        # Those that timed out are a list of their own: "join #1, #2 (timed out)".
        key = f"{verb} {{}}{bracket}{end}" if has_name else text
        if has_name:
            names.setdefault(key, []).append(name)
        parts[key] = count
    return {(key.replace("{}", _some(names[key]), 1) if key in names else key): count for key, count in parts.items()}


def _some(names: Sequence[str]) -> str:
    return f"{names[0]} to {names[-1]}" if len(names) > _MOST_NAMES else ", ".join(names)
