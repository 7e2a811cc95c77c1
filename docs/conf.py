"""Configuration of the documentation's build."""

import sys
from pathlib import Path

from pytest_interleave._version import __version__

project = "pytest-interleave"
author = "The pytest-interleave team"
version = release = __version__

sys.path.insert(0, str(Path(__file__).parent))

extensions = ["myst_parser", "layers"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"pytest-interleave {release}"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
