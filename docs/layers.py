"""Draws the folders of the package in layers, from their imports: an SVG image for `docs/internals.md`.

The build of the documentation calls `draw_all`. To see the images without a build:

    python docs/layers.py DIRECTORY
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.test_layout import ORDER, Layout, parting  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Pixels.
_WIDTH, _BOX, _HEIGHT, _GAP, _MARGIN = 150, 34, 34, 34, 24

#: The name of each image, the folder that it shows, and what is written for the modules in the folder itself.
IMAGES = {
    "packages": ("", "(ground)"),
    "control": ("control", "(top)"),
    "plugin": ("plugin", "(hooks)"),
}


def draw_all(directory: Path) -> None:
    """Write an image for each folder of `IMAGES`."""
    directory.mkdir(parents=True, exist_ok=True)
    layout = Layout(ROOT / "src" / "pytest_interleave")
    for name, (folder, here) in IMAGES.items():
        (directory / f"{name}.svg").write_text(picture(layout, folder, here), encoding="utf-8")


def picture(layout: Layout, folder: str, here: str) -> str:
    """The parts of `folder`, the ground at the bottom; a line for each pair if one imports the other."""
    layers = [step.split(" | ") for step in ORDER[folder]]
    modules, arrows = _counted(layout, folder)
    layers = [present for layer in layers if (present := [part for part in layer if modules[part]])]
    across = max(map(len, layers))
    width = 2 * _MARGIN + across * _WIDTH + (across - 1) * _GAP + 120
    height = 2 * _MARGIN + len(layers) * _HEIGHT + (len(layers) - 1) * _GAP
    at = {
        part: (_x(width, len(layer), place), height - _MARGIN - _HEIGHT - level * (_HEIGHT + _GAP))
        for level, layer in enumerate(layers)
        for place, part in enumerate(layer)
    }
    lines = list(_lines(at, arrows, [part for layer in layers for part in layer], layers))
    boxes = [
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + _WIDTH / 2}" y="{y + 15}">{escape(here if part == "." else part)}</text>'
        f'<text class="small" x="{x + _WIDTH / 2}" y="{y + 28}">{_modules(modules[part])}</text>'
        for part, (x, y) in at.items()
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
            "<style>rect{fill:#eef3fb;stroke:#41619b}path{fill:none;stroke:#8193b5}text{font:13px sans-serif;"
            "text-anchor:middle;fill:#1c2b4a}.small{font-size:10px;fill:#5a6a88}</style>",
            *lines,
            *boxes,
            "</svg>\n",
        )
    )


def _counted(layout: Layout, folder: str) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """How many modules each part has, and how many names one part imports from another."""
    depth = folder.count(".") + 1 if folder else 0
    modules: Counter[str] = Counter()
    for name in layout.paths:
        words = name.split(".")
        if words[:depth] == (folder.split(".") if folder else []) and not name.endswith("__init__"):
            modules["." if len(words) == depth + 1 else words[depth]] += 1
    arrows: Counter[tuple[str, str]] = Counter()
    for each in layout.imports:
        common, ours, theirs = parting(each.importer, each.imported)
        if common == folder and ours != theirs and each.importer != "__init__" and not each.typing_only:
            arrows[ours, theirs] += 1
    return modules, arrows


def _x(width: int, count: int, place: int) -> float:
    left = (width - count * _WIDTH - (count - 1) * _GAP) / 2
    return left + place * (_WIDTH + _GAP)


def _lines(
    at: dict[str, tuple[float, float]],
    arrows: Counter[tuple[str, str]],
    parts: Sequence[str],
    layers: Sequence[Sequence[str]],
) -> Iterator[str]:
    level = {part: number for number, layer in enumerate(layers) for part in layer}
    for (ours, theirs), count in sorted(arrows.items()):
        if ours not in at or theirs not in at:
            continue
        (x, y), (other_x, other_y) = at[ours], at[theirs]
        thick = min(4.0, 0.6 + count / 25)
        far = level[ours] - level[theirs]
        title = f"<title>{escape(ours)} imports {count} names from {escape(theirs)}</title>"
        if far == 1:
            path = f"M{x + _WIDTH / 2} {y + _HEIGHT}L{other_x + _WIDTH / 2} {other_y}"
        else:
            # Past the layers in between: alternately on the right and on the left.
            side = 1 if (parts.index(ours) + parts.index(theirs)) % 2 else -1
            edge = 14.0 * far
            start, end = (x + _WIDTH, other_x + _WIDTH) if side == 1 else (x, other_x)
            start_y, end_y = y + _HEIGHT / 2, other_y + _HEIGHT / 2
            path = f"M{start} {start_y}C{start + side * edge} {start_y} {end + side * edge} {end_y} {end} {end_y}"
        yield f'<path d="{path}" stroke-width="{thick:.1f}">{title}</path>'


def _modules(count: int) -> str:
    return "1 module" if count == 1 else f"{count} modules"


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx draw the images before it reads the pages."""
    app.connect("builder-inited", lambda app: draw_all(Path(app.srcdir) / "_generated"))
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
