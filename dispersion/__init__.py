"""Where the gas goes: dispersion models, the clouds they return, and fields and footprints of them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
