"""Sphinx configuration: the notebooks of this folder are the documentation."""

from importlib.metadata import version as _version

project = "parktwin"
author = "The parktwin developers"
copyright = "the parktwin developers, Apache-2.0"
version = release = _version("parktwin")
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "**.ipynb_checkpoints", "parktwin-*"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["parktwin.css"]
html_title = f"parktwin {version}"
nb_execution_mode = "auto"
nb_execution_timeout = 300
nb_render_markdown_format = "myst"
nb_execution_raise_on_error = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
suppress_warnings = ["mystnb.unknown_mime_type"]
