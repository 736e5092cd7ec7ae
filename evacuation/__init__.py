"""Who gets out: people, orders, ways on foot, head-count and the gas they breathe."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
