"""How kernels are compiled."""

from __future__ import annotations

BARE = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
"""For kernels that make no array: without numba's counting of references, which costs a locked addition at every use of
an array in a branch, half of the time of the queue network."""

INLINE = {**BARE, "forceinline": True}
"""For what is done at every step for every person: a call hands over seven words or more an array."""
