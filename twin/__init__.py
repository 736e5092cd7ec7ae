"""The ground floor: the park as a graph, its live readings, weather, units, errors, seeds and the store."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
