"""Readers of layout files, one a format, behind the entry points ``parktwin.layouts``."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
