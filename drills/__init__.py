"""Play a drill in the park, score it against plan and outcome, and write the after-action report."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
