"""Settings of Sphinx: `sphinx-build -W docs docs/_build`. What comes from the code is in build.py."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import build  # noqa: E402

project = "sidr"
author = copyright = "the sidr developers"
release = metadata.version("sidr")

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "build"]
exclude_patterns = ["_build", "requirements.txt"]
default_role = "literal"        # of docstrings: `name` is code, as in Markdown

html_theme = "furo"
html_title = "sidr"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_math_renderer = "mathml"   # build.py: drawn by the browser itself, without a network

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
numpydoc_show_class_members = False

build.write_pages(Path(__file__).parent / "_generated")
