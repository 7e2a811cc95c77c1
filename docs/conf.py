"""Configuration of the documentation's build."""

from pytest_interleave._version import __version__

project = "pytest-interleave"
author = "The pytest-interleave team"
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"pytest-interleave {release}"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
