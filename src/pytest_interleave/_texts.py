"""Parts of texts that reports and messages share."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: At most this many names are listed; of more, one fewer and the number of the others.
MOST_NAMED = 4
#: The characters of a headline, and of a name in one that is too long.
_WIDEST_HEADLINE = 72
_NARROWEST_NAME = 18
#: A name, with keys or arguments that may have spaces in them.
_NAME = re.compile(r"[^\s\[(]*\[[^]]*\]\S*|[^\s]+")
#: At most this many characters of a line of source text are shown.
_LONGEST = 60


def listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def named(names: Sequence[str]) -> str:
    """Return names as in a sentence, only the first ones of many: "a, b, c and 47 more"."""
    if len(names) <= MOST_NAMED:
        return listed(names)
    shown = names[: MOST_NAMED - 1]
    return f"{', '.join(shown)} and {len(names) - len(shown)} more"


def cut(text: str, longest: int = _LONGEST) -> str:
    """Shorten a line of source text."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def headline(text: str) -> str:
    """Shorten a headline to 72 characters: its longest names are cut in their middles, its other words are kept."""
    while len(text) > _WIDEST_HEADLINE:
        names = [name for name in _NAME.findall(text) if len(name) > _NARROWEST_NAME]
        if not names:
            break
        longest = max(names, key=len)
        rest = max(_NARROWEST_NAME, len(longest) - (len(text) - _WIDEST_HEADLINE))
        # The end says more: the attribute of an object, or the number of a thread.
        end = rest // 2
        text = text.replace(longest, f"{longest[: rest - 1 - end]}…{longest[-end:]}", 1)
    return text
