"""How many of independent people: the exact distribution of a count whose chances differ from person to person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError

__all__ = ["Casualties", "casualty_count"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Casualties:
    """A number of people that is left to chance.

    Parameters
    ----------
    mean
        Expected number.
    low, high
        Least interval of equal tails that holds the number with the chance of `cover` or more.
    cover
        Chance asked for.
    chance
        Chance of each number 0, 1, ..., n.
    """

    mean: float
    low: int
    high: int
    cover: float
    chance: NDArray[np.float64]


def casualty_count(probability: ArrayLike, *, cover: float = 0.95) -> Casualties:
    """Distribution of the number of people hit when each is hit with a chance of his own, independent of the others.

    It holds the chance of the people alone. The doubt about the cloud, the probit and the ways comes on top of it: see
    :mod:`evacuation.replications`.

    Parameters
    ----------
    probability
        Chance of each person, shape (n,), such as :attr:`evacuation.Evacuation.probability`.
    cover
        Chance with which the interval holds the number.

    Raises
    ------
    ModelError
        A probability or a cover outside 0 to 1.

    Notes
    -----
    The Poisson-binomial distribution, exact but for rounding (1e-12): the generating function, the product of
    ``1 - p + p z``, is multiplied out pair by pair with fast Fourier transforms.

    References
    ----------
    Hong Y. (2013), On computing the distribution function for the Poisson binomial distribution, Computational
    Statistics & Data Analysis 59, 41-51.
    """
    p = np.asarray(probability, float).ravel()
    if not (np.all((p >= 0.0) & (p <= 1.0)) and 0.0 < cover < 1.0):
        what = f"probabilities or the cover of {cover:g} are not between 0 and 1"
        raise ModelError(what, where="casualty_count", fix="give the probabilities of an evacuation with a hazard")
    terms = np.stack([1.0 - p, p], axis=1) if p.size else np.array([[1.0, 0.0]])
    while len(terms) > 1:
        if len(terms) % 2:
            terms = np.concatenate([terms, np.eye(1, terms.shape[1])])  # a person who is never hit
        width = 2 * terms.shape[1] - 1
        wave = np.fft.rfft(terms, width, axis=1)
        terms = np.clip(np.fft.irfft(wave[::2] * wave[1::2], width, axis=1), 0.0, None)
    chance = np.zeros(p.size + 1)
    chance[: min(terms.shape[1], p.size + 1)] = terms[0, : p.size + 1]
    chance /= chance.sum()
    until = np.cumsum(chance)
    tail = (1.0 - cover) / 2.0
    low, high = (min(int(np.searchsorted(until, level)), p.size) for level in (tail, 1.0 - tail))
    return Casualties(mean=float(p.sum()), low=low, high=high, cover=cover, chance=chance)
