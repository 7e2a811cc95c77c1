"""Configuration of the documentation's build."""

import sys
from pathlib import Path

from pytest_interleave._version import __version__

project = "pytest-interleave"
author = "The pytest-interleave team"
version = release = __version__

sys.path.insert(0, str(Path(__file__).parent))

extensions = ["myst_parser", "sphinx.ext.autodoc", "layers", "pictures", "root_files"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["blocks.css"]
html_title = f"pytest-interleave {release}"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
# Docstrings have single backticks around code.
default_role = "code"
autodoc_member_order = "bysource"
# `docs/reference/annotations.md` has the types, in a form that is easier to read.
autodoc_typehints = "none"


def setup(app):
    """Show classes without the arguments of `__init__`: fixtures create them, not tests."""
    app.connect("autodoc-process-signature", _without_arguments)


def _without_arguments(_app, what, *_args):
    return ("", None) if what in ("class", "exception") else None
