"""Settings of the site: ``make docs`` builds it with Sphinx from the pages, the tutorials and the docstrings.

The source folder is the root of the checkout, so that a page's link to a record, to the change log or to a file of the
code is the same link here and on a code host.
"""

import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
import_module("benchmarks.tables")  # what `gnn_toolkit.bench` documents is then this checkout's runner

project = "gnn_toolkit"
author = "The gnn_toolkit authors"
project_copyright = author
version = release = import_module("gnn_toolkit").__version__

root_doc = "docs/index"
include_patterns = ["docs/**", "benchmarks/results/*.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".*", "build", "dist", "runs", "tests", "**/__pycache__", "datasets", "gnn_toolkit", "docs/_static"]
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "formulas",
    "public_names",
    "command_help",
]

# Pages: Markdown that also reads well on a code host.
myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # records begin with a heading of the second level

# Tutorials: run anew at every build, each in an empty folder; a cell that fails fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300  # seconds a cell, on a machine that is busy
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "remove"  # bars, and what other packages say of notebooks

# Reference: the docstrings are Google's form with the plain formulas that `help()` shows.
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Shapes", "params_style")]
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"gnn_toolkit {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_additional_pages = {"index": "redirect.html"}
templates_path = ["_templates"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a94", "color-brand-content": "#005a94"},
    "dark_css_variables": {"color-brand-primary": "#6cb6e8", "color-brand-content": "#6cb6e8"},
    "top_of_page_buttons": [],
}
