"""How kernels are compiled."""

from __future__ import annotations

BARE = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
"""For kernels that make no array: without numba's counting of references, which costs a locked addition at every use of
an array in a branch, half of the time of the queue network."""
