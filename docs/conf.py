"""Settings of Sphinx: `sphinx-build -W docs build/site`. What comes from the code is in build.py."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import build  # noqa: E402

project = "sidr"
author = copyright = "the sidr developers"
release = metadata.version("sidr")

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "build"]
default_role = "literal"        # of docstrings: `name` is code, as in Markdown

html_theme = "furo"
html_title = "sidr"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_math_renderer = "svg"      # of build.py: no network and no script when read

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "remove"  # Cobaya's and getdist's logs

autodoc_member_order = "bysource"
numpydoc_show_class_members = False

build.write_pages(Path(__file__).parent / "_generated")
