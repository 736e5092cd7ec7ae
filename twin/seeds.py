"""Named random streams: one seed, and a new stream moves no other."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["Streams"]


class Streams:
    """Independent random generators by name, all derived from one seed.

    The name is hashed (BLAKE2b, 128 bit) into the ``spawn_key`` of a :class:`numpy.random.SeedSequence`, so the stream
    called "people" draws the same numbers whatever other streams exist and in whatever order they are asked for.

    Parameters
    ----------
    seed
        Non-negative integer.

    Examples
    --------
    >>> a = Streams(7)["people"].random()
    >>> streams = Streams(7)
    >>> _ = streams["response"].random()
    >>> streams["people"].random() == a
    True
    """

    __slots__ = ("_prefix", "seed")

    def __init__(self, seed: int, *, _prefix: str = "") -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ValueError(f"seed must be a non-negative integer, not {seed!r}")
        self.seed = int(seed)
        self._prefix = _prefix

    def __getitem__(self, name: str) -> np.random.Generator:
        """Return a fresh generator at the start of the stream called `name`."""
        digest = hashlib.blake2b((self._prefix + name).encode(), digest_size=16).digest()
        key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def child(self, name: str) -> Streams:
        """Return the streams of a sub-task, such as one replication."""
        return Streams(self.seed, _prefix=f"{self._prefix}{name}/")

    def __repr__(self) -> str:
        return f"Streams(seed={self.seed})"
