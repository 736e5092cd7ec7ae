"""The drill on paper: scenario files, the library, and what a scenario needs of a park."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
