"""What stands in a park, what it holds, how it leaks, and what that does to people."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
