"""How well predictions meet measurements: the measures in which dispersion models are judged, with their uncertainty.

References
----------
Chang, J. C. and Hanna, S. R. (2004), Air quality model performance evaluation, Meteorol. Atmos. Phys. 87:167-196.
Hanna, S. R., Chang, J. C. and Strimaitis, D. G. (1993), Hazardous gas model evaluation with field observations,
Atmos. Environ. 27A:2265-2285.
Ivings, M. J. et al. (2007), Evaluating vapor dispersion models for safety analysis of LNG facilities, Fire Protection
Research Foundation (MRB and MRSE).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MEASURES", "Performance", "performance"]

MEASURES = ("FAC2", "MG", "VG", "FB", "NMSE", "MRB", "MRSE")
_CONFIDENCE = 0.95
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Measures of a set of predictions against observations; MG > 1, FB > 0 and MRB > 0 mean under-prediction.

    Parameters
    ----------
    n
        Pairs of an observation and a prediction.
    zeros
        Pairs left out of MG and VG because one of the two is zero.
    groups
        Independent runs the pairs belong to.
    fac2
        Share of the pairs with 0.5 <= predicted / observed <= 2.
    mg
        Geometric mean bias, exp(mean ln(observed / predicted)).
    vg
        Geometric variance, exp(mean ln²(observed / predicted)).
    fb
        Fractional bias, 2 (mean observed - mean predicted) / (mean observed + mean predicted).
    nmse
        Normalised mean square error, mean (observed - predicted)² / (mean observed x mean predicted).
    mrb, mrse
        Mean relative bias and mean relative square error: mean of r and of r² with r the fractional bias of one pair.
    intervals
        Measure -> lower and upper end of its 95 % bootstrap interval; empty when none was asked for.
    """

    n: int
    zeros: int
    groups: int
    fac2: float
    mg: float
    vg: float
    fb: float
    nmse: float
    mrb: float
    mrse: float
    intervals: Mapping[str, tuple[float, float]]

    def to_pandas(self) -> pd.DataFrame:
        """Table with a row a measure and the columns "value", "low" and "high" (NaN without intervals)."""
        import pandas as pd

        nothing = (float("nan"), float("nan"))
        rows = [(getattr(self, name.lower()), *self.intervals.get(name, nothing)) for name in MEASURES]
        return pd.DataFrame(rows, index=pd.Index(MEASURES, name="measure"), columns=["value", "low", "high"])

    def __repr__(self) -> str:
        def shown(name: str) -> str:
            text = f"{name} {getattr(self, name.lower()):.2f}"
            ends = self.intervals.get(name)
            return text if ends is None else f"{text} [{ends[0]:.2f}, {ends[1]:.2f}]"

        left_out = f" ({self.zeros} with a zero left out of MG and VG)" if self.zeros else ""
        measures = ", ".join(shown(name) for name in MEASURES[:5])
        return f"<Performance of {self.n} pairs in {self.groups} groups{left_out}: {measures}>"


def performance(
    observed: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    samples: int = 1000,
    *,
    floor: float = 0.0,
) -> Performance:
    """Compare predictions with observations, pair by pair.

    Parameters
    ----------
    observed, predicted
        Concentrations or distances, shape (n,), in the same unit; not negative.
    groups
        Label of the independent run each pair belongs to, shape (n,); None: every pair is its own.
    rng
        Source of the bootstrap's draws; None: no intervals.
    samples
        Bootstrap samples.
    floor
        Detection limit: for MG and VG, which have no value at zero, what is smaller is raised to it (Chang and Hanna
        2004, section 3). With the default of 0 a pair with a zero is left out of MG and VG and counted in `zeros`;
        in FAC2 it is a miss unless both are zero, and it stays in the other measures.

    Returns
    -------
    Performance
        With `rng`, 95 % intervals between percentiles of the bootstrap: whole groups are drawn with replacement,
        because the distances of one run share its weather and its errors.

    Raises
    ------
    ModelError
        Different lengths, no pair, or a value that is negative or not finite.
    """
    o, p = _pairs(observed, predicted)
    labels = np.arange(o.size) if groups is None else np.asarray(groups)
    if labels.shape != o.shape:
        raise ModelError(f"{labels.size} groups for {o.size} pairs", where="performance.groups", fix="label each pair")
    if not 0.0 <= floor < np.inf or samples < 1:
        raise ModelError(
            f"floor is {floor!r} and samples {samples!r}", where="performance", fix="give floor >= 0 and samples >= 1"
        )
    names, member = np.unique(labels, return_inverse=True)
    terms = _terms(o, p, floor)
    sums = np.zeros((names.size, terms.shape[1]))
    np.add.at(sums, member, terms)
    values = _measures(sums.sum(axis=0))
    intervals = {}
    if rng is not None:  # every measure is a function of sums over pairs, so a resample only weights the groups' sums
        drawn = rng.multinomial(names.size, np.full(names.size, 1.0 / names.size), size=samples)
        spread = _measures(drawn @ sums)
        for name, column in zip(MEASURES, spread.T, strict=True):
            defined = column[np.isfinite(column)]
            if defined.size:
                low, high = np.quantile(defined, [0.5 - _CONFIDENCE / 2, 0.5 + _CONFIDENCE / 2])
                intervals[name] = (float(low), float(high))
    return Performance(
        n=o.size,
        zeros=o.size - int(terms[:, 2].sum()),
        groups=names.size,
        intervals=MappingProxyType(intervals),
        **{name.lower(): float(value) for name, value in zip(MEASURES, values, strict=True)},
    )


def _pairs(observed: ArrayLike, predicted: ArrayLike) -> tuple[_Array, _Array]:
    o, p = np.atleast_1d(np.asarray(observed, float)), np.atleast_1d(np.asarray(predicted, float))
    if o.ndim != 1 or o.shape != p.shape or o.size == 0:
        raise ModelError(
            f"observed has the shape {o.shape}, predicted {p.shape}",
            where="performance",
            fix="give two lists of the same length",
        )
    for name, values in (("observed", o), ("predicted", p)):
        if not (np.isfinite(values) & (values >= 0.0)).all():
            raise ModelError(
                f"{name} has a value that is negative or not finite",
                where=f"performance.{name}",
                fix="leave out pairs that were not measured or not computed",
            )
    return o, p


def _terms(o: _Array, p: _Array, floor: float) -> _Array:
    """What each pair adds to the sums, shape (n, 10)."""
    low_o, low_p = np.maximum(o, floor), np.maximum(p, floor)
    positive = (low_o > 0.0) & (low_p > 0.0)
    log = np.zeros_like(o)
    log[positive] = np.log(low_o[positive] / low_p[positive])
    within = (p >= 0.5 * o) & (p <= 2.0 * o)
    total = o + p
    relative = 2.0 * (o - p) / np.where(total > 0.0, total, 1.0)
    return np.column_stack([
        np.ones_like(o), within, positive, log, log**2, o, p, (o - p) ** 2, relative, relative**2,
    ])  # fmt: skip


def _measures(sums: _Array) -> _Array:
    """Measures in the order of `MEASURES`, of sums with the last axis of `_terms`; NaN or inf where not defined."""
    n, within, positive, log, log_square, o, p, square, relative, relative_square = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (
            within / n, np.exp(log / positive), np.exp(log_square / positive), 2.0 * (o - p) / (o + p),
            n * square / (o * p), relative / n, relative_square / n,
        )  # fmt: skip
    return np.stack(found, axis=-1)
