"""Pages that show files from the root of the repository: the changelog and the guide for contributors.

The source of such a page is only a comment; its text is read from the file. Fragments in `changelog/`, which a release
collects, are shown as the section "Unreleased".
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://github.com/pytest-interleave/pytest-interleave/blob/main/"
#: The types of `[tool.towncrier]`, in their order. A fragment of another type is an error there.
TYPES = ("added", "changed", "fixed", "removed", "internal")
#: As in `[tool.towncrier]`: the fragments of a release come below it.
START = "<!-- towncrier release notes start -->\n"

_LINK = re.compile(r"\]\((?!https?://|#)([^)\s]+)\)")


def setup(app):
    """Let the pages `changelog` and `contributing` have the text of their files."""
    app.connect("source-read", _replace)
    return {"parallel_read_safe": True}


def _replace(app, page, source):
    if page == "changelog":
        for fragment in _fragments():
            app.env.note_dependency(str(fragment))
        source[0] = _at_root("CHANGELOG.md").replace(START, START + unreleased(), 1)
        app.env.note_dependency(str(ROOT / "CHANGELOG.md"))
    elif page == "contributing":
        source[0] = _at_root("CONTRIBUTING.md")
        app.env.note_dependency(str(ROOT / "CONTRIBUTING.md"))


def _at_root(name):
    """Return the text of a file; its links lead to the pages of this site, or to the repository."""
    return _LINK.sub(_link, (ROOT / name).read_text(encoding="utf-8"))


def _link(found):
    target = found[1]
    return f"]({target.removeprefix('docs/')})" if target.startswith("docs/") else f"]({REPOSITORY}{target})"


def _fragments():
    return sorted(path for path in (ROOT / "changelog").glob("*.md") if path.name != "README.md")


def unreleased():
    """Return a section with all fragments, by type; or nothing if there are none."""
    parts = []
    for type_ in TYPES:
        texts = [
            path.read_text(encoding="utf-8") for path in _fragments() if path.suffixes[-2:] == [f".{type_}", ".md"]
        ]
        if texts:
            items = ("- " + "\n  ".join(text.strip().splitlines()) for text in texts)
            parts.append(f"### {type_.capitalize()}\n\n" + "\n".join(items) + "\n")
    return "\n".join(["\n## Unreleased\n", *parts]) if parts else ""
