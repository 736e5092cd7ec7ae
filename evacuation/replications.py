"""Many plays of the same study: common random numbers, intervals, a rule when to stop, and a journal to go on from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evacuation.condition import Condition
from evacuation.tracks import Evacuation
from twin.errors import ModelError, near
from twin.seeds import Streams

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Curve",
    "Interval",
    "Replications",
    "StopRule",
    "curve_interval",
    "mean_interval",
    "quantile_interval",
    "replicate",
]

SHARES = np.linspace(0.0, 1.0, 101)  # of the people who walk, at which the egress curve is kept
_RESAMPLES = 2000
Draw = TypeVar("Draw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure over the replications, and between what it lies.

    Parameters
    ----------
    value
        The figure.
    low, high
        Ends of the interval; NaN for a single replication and for a mean over runs that did not all finish.
    cover
        Confidence.
    """

    value: float
    low: float
    high: float
    cover: float = 0.95

    @property
    def relative(self) -> float:
        """Half the width over the value; 0 where both are 0, inf where the value is not finite."""
        if not (math.isfinite(self.value) and math.isfinite(self.high - self.low)):
            return math.inf
        half = 0.5 * (self.high - self.low)
        return half / abs(self.value) if self.value else (0.0 if half == 0.0 else math.inf)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Average egress curve: when each share of those who were to walk had arrived, mean over the replications.

    Parameters
    ----------
    share
        Shares, shape (k,).
    mean
        Mean time, inf where some run did not come so far, shape (k,). [s]
    low, high
        Ends of the interval of the mean at each share; NaN where it is not finite, shape (k,). [s]
    """

    share: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When there are enough replications.

    Parameters
    ----------
    least, most
        Fewest and most replications.
    every
        The rule is asked after every so many, so that it does not depend on threads or breaks.
    width
        Half-width of the intervals over the value that is narrow enough: of the 95 % quantile of the clearance time
        and of the mean number of deaths.

    References
    ----------
    IMO MSC.1/Circ.1533: 50 runs and more, and the 95 % quantile. Grandison A. (2020), Determining confidence intervals,
    and convergence, for parameters in stochastic evacuation models, Fire Technology 56, 2137-2177.
    """

    least: int = 50
    most: int = 500
    every: int = 10
    width: float = 0.05

    def __post_init__(self) -> None:
        if not (1 <= self.least <= self.most and self.every >= 1 and self.width > 0.0):
            what = f"from {self.least} to {self.most} replications in steps of {self.every} to {self.width:g}"
            raise ModelError(what, where="StopRule", fix="give 1 <= least <= most, and a positive step and width")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replications:
    """What the replications of a study gave.

    Parameters
    ----------
    policies
        What was played.
    rows
        For every replication the measures of each policy, by name; inf for a time that was not reached.
    curves
        Times at which the shares :data:`SHARES` of the walkers had arrived, for every policy of shape
        (replications, shares). [s]
    seed
        Root seed.
    converged
        Whether the intervals are as narrow as the rule wants.
    """

    policies: tuple[str, ...]
    rows: tuple[Mapping[str, Mapping[str, float]], ...]
    curves: Mapping[str, NDArray[np.float64]]
    seed: int
    converged: bool = field(default=False)

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, policy: str, measure: str) -> NDArray[np.float64]:
        """A measure of every replication.

        Raises
        ------
        ModelError
            Unknown policy or measure.
        """
        if policy not in self.policies:
            raise ModelError(f"no policy {policy!r} was played", where="Replications", fix=near(policy, self.policies))
        known = tuple(self.rows[0][policy])
        if measure not in known:
            raise ModelError(f"no measure {measure!r} was taken", where="Replications", fix=near(measure, known))
        return np.array([row[policy][measure] for row in self.rows])

    def mean(self, policy: str, measure: str, *, against: str | None = None) -> Interval:
        """Mean of a measure, or of its difference from another policy with the same people.

        Runs without the measure (no clearance time, for nobody walked) are left out; the warnings count them.
        """
        values = self.values(policy, measure)
        other = np.zeros(len(self)) if against is None else self.values(against, measure)
        known = ~(np.isnan(values) | np.isnan(other))
        with np.errstate(invalid="ignore"):  # two runs that did not finish have no difference
            values = values - other
        return mean_interval(values[known], self._rng(measure))

    def quantile(self, policy: str, measure: str, share: float = 0.95) -> Interval:
        """Quantile of a measure; runs that did not finish rank as infinite, runs without the measure are left out."""
        values = self.values(policy, measure)
        return quantile_interval(values[~np.isnan(values)], share, self._rng(measure))

    def curve(self, policy: str) -> Curve:
        """Average egress curve with its interval, over the runs in which somebody walked."""
        self.values(policy, "clearance")
        curves = self.curves[policy]
        return curve_interval(curves[~np.isnan(curves).any(axis=1)], SHARES, self._rng("curve"))

    def unfinished(self, policy: str) -> int:
        """Runs in which somebody who could walk had not arrived by the horizon."""
        return int(np.isposinf(self.values(policy, "clearance")).sum())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits the figures."""
        found = []
        for policy in self.policies:
            late, n = self.unfinished(policy), len(self)
            if late:
                found.append(
                    f"{late} of {n} runs of {policy} did not finish by the horizon: they count as infinite, so that"
                    f" neither the mean clearance time is known nor any quantile above {1.0 - late / n:.2f}"
                )
            empty = int(np.isnan(self.values(policy, "clearance")).sum())
            if 0 < empty < n:
                found.append(f"in {empty} of {n} runs of {policy} nobody could walk: clearance times are of the others")
        if not self.converged:
            found.append(f"after {len(self)} replications the intervals are wider than the rule to stop wants")
        return tuple(found)

    def to_pandas(self) -> pd.DataFrame:
        """One row a replication and policy."""
        import pandas as pd

        return pd.DataFrame(
            [{"replication": k, "policy": p, **row[p]} for k, row in enumerate(self.rows) for p in self.policies]
        )

    def _rng(self, name: str) -> np.random.Generator:
        return Streams(self.seed)[f"bootstrap/{name}"]

    def __repr__(self) -> str:
        told = [f"{p} {self.quantile(p, 'clearance').value:.0f} s" for p in self.policies]
        return f"<Replications: {len(self)} of seed {self.seed}, 95 % clearance times: {', '.join(told)}>"


def mean_interval(values: NDArray[np.float64], rng: np.random.Generator, *, cover: float = 0.95) -> Interval:
    """Mean with its bootstrap interval.

    The percentile interval is expanded for the smallness of the sample, so that it covers what it says from ten
    replications on.

    References
    ----------
    Hesterberg T.C. (2015), What teachers should know about the bootstrap, The American Statistician 69, 371-386,
    section 4.3: expanded percentile interval.
    """
    told = curve_interval(np.asarray(values, float)[:, None], np.ones(1), rng, cover=cover)
    return Interval(value=float(told.mean[0]), low=float(told.low[0]), high=float(told.high[0]), cover=cover)


def quantile_interval(
    values: NDArray[np.float64], share: float, rng: np.random.Generator, *, cover: float = 0.95
) -> Interval:
    """Quantile, the least value that `share` of the replications do not pass, with its percentile bootstrap interval.

    The interval ends at the largest value of the sample: with n replications that lies below the quantile with the
    chance ``share**n``, for 0.95 a chance of 8 % after 50 and of 0.6 % after 100.
    """
    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    if not n or np.isnan(ordered).any():
        return Interval(value=math.nan, low=math.nan, high=math.nan, cover=cover)
    rank = max(math.ceil(share * n - 1e-9), 1) - 1
    if n < 2:
        return Interval(value=float(ordered[rank]), low=math.nan, high=math.nan, cover=cover)
    drawn = np.partition(rng.integers(n, size=(_RESAMPLES, n)), rank, axis=1)[:, rank]
    low, high = np.quantile(drawn, [(1.0 - cover) / 2.0, (1.0 + cover) / 2.0], method="inverted_cdf")
    return Interval(value=float(ordered[rank]), low=float(ordered[low]), high=float(ordered[high]), cover=cover)


def curve_interval(
    curves: NDArray[np.float64], share: NDArray[np.float64], rng: np.random.Generator, *, cover: float = 0.95
) -> Curve:
    """Mean of curves at each share with the interval of :func:`mean_interval`, the same resamples for all shares.

    Parameters
    ----------
    curves
        One row a replication, shape (n, k). [s]
    share
        Shares, shape (k,).
    rng
        For the resamples.
    cover
        Confidence of the interval at each share by itself.

    References
    ----------
    Grandison A. (2020), Fire Technology 56, 2137-2177: bootstrap interval of the average egress curve.
    """
    n, k = curves.shape
    mean = curves.mean(axis=0) if n else np.full(k, np.nan)
    low, high = np.full(k, np.nan), np.full(k, np.nan)
    good = np.isfinite(curves).all(axis=0)
    if n > 1 and good.any():
        from scipy.stats import norm, t

        tail = float(norm.cdf(math.sqrt(n / (n - 1)) * t.ppf((1.0 - cover) / 2.0, n - 1)))
        often = rng.multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLES)
        low[good], high[good] = np.quantile(often @ curves[:, good] / n, [tail, 1.0 - tail], axis=0)
    return Curve(share=share, mean=mean, low=low, high=high)


def measure(result: Evacuation) -> dict[str, float]:
    """What is kept of a run: numbers of people, and the clearance time, inf if not reached. [s]"""
    horizon = float(result.settings["horizon"])
    return {
        "clearance": result.clearance_time,
        "walkers": float(np.isfinite(result.start_time).sum()),
        "mustered": float(np.isfinite(result.arrival_time).sum()),
        "impaired": float(np.isfinite(result.impaired_time).sum()),
        "incapacitated": float((result.condition >= Condition.INCAPACITATED).sum()),
        "deaths": result.expected_deaths if "load_unit" in result.settings else 0.0,
        "unaccounted": float(result.unaccounted(horizon)),
    }


def replicate(
    draw: Callable[[Streams], Draw],
    play: Callable[[Draw, str], Evacuation],
    *,
    policies: Sequence[str] = ("plan",),
    seed: int,
    rule: StopRule | None = None,
    threads: int = 1,
    journal: str | Path | None = None,
    study: str = "",
) -> Replications:
    """Play a study again and again with other people, weather and equipment, the same for all policies.

    Parameters
    ----------
    draw
        Draws all chance of a replication from its streams: the people and whatever else is left to chance.
    play
        Plays a policy with what was drawn. Nothing may be drawn here: that is what makes the policies comparable.
    policies
        Names handed to `play`.
    seed
        Root seed; replication k draws from ``Streams(seed).child(f"replication/{k}")``.
    rule
        When to stop; None: :class:`StopRule`.
    threads
        Replications played at the same time. The result does not depend on it.
    journal
        File to which every finished replication is appended. If it holds replications of this study, they are not
        played again: a study that was killed goes on where it was and ends with the same bytes. One thread loses the
        replication it was playing; several lose those they were playing and what waited for an earlier one.
    study
        What tells the study from others with the same policies and seed, such as a hash of the scenario.

    Raises
    ------
    ModelError
        No policy, no thread, or a journal of another study.
    """
    rule, policies = rule or StopRule(), tuple(dict.fromkeys(policies))
    if not policies or threads < 1:
        what = f"{len(policies)} policies in {threads} threads"
        raise ModelError(what, where="replicate", fix="give one policy and one thread or more")
    streams, book = Streams(seed), None if journal is None else _Journal(Path(journal), study, policies, seed)

    def one(number: int) -> dict[str, Any]:
        drawn = draw(streams.child(f"replication/{number}"))
        return {policy: _row(play(drawn, policy)) for policy in policies}

    kept = [] if book is None else book.rows[: rule.most]
    rows: list[dict[str, Any]] = []
    done = False
    while len(rows) < rule.most and not done:
        until = rule.least if not rows else len(rows) + rule.every
        numbers = range(len(rows), min(until, rule.most))
        for number, row in zip(numbers, _played(one, numbers, kept, threads), strict=True):
            if book is not None and number >= len(kept):
                book.append(number, row)
            rows.append(row)
        done = _narrow(_gather(policies, rows, seed), rule)
    return _gather(policies, rows, seed, converged=done)


def _played(
    one: Callable[[int], dict[str, Any]], numbers: range, kept: Sequence[dict[str, Any]], threads: int
) -> Iterator[dict[str, Any]]:
    """Rows in the order of their numbers, those of the journal first."""
    fresh = [number for number in numbers if number >= len(kept)]
    yield from (kept[number] for number in numbers if number < len(kept))
    if threads == 1:
        yield from map(one, fresh)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, fresh)


def _row(result: Evacuation) -> dict[str, Any]:
    walkers = np.sort(result.arrival_time[np.isfinite(result.start_time)])
    rank = np.clip(np.ceil(SHARES * walkers.size - 1e-9).astype(np.int64) - 1, 0, None)
    curve = walkers[rank] if walkers.size else np.full(SHARES.size, np.nan)
    return {"measures": measure(result), "curve": curve.tolist()}


def _gather(policies: tuple[str, ...], rows: Sequence[Any], seed: int, *, converged: bool = False) -> Replications:
    return Replications(
        policies=policies,
        rows=tuple({policy: row[policy]["measures"] for policy in policies} for row in rows),
        curves={policy: np.array([row[policy]["curve"] for row in rows], float) for policy in policies},
        seed=seed,
        converged=converged,
    )


def _narrow(so_far: Replications, rule: StopRule) -> bool:
    told = [interval for policy in so_far.policies
            for interval in (so_far.quantile(policy, "clearance"), so_far.mean(policy, "deaths"))]  # fmt: skip
    return all(math.isnan(interval.value) or interval.relative < rule.width for interval in told)


class _Journal:
    """Finished replications on disk: a line that names the study, and one line each; what was torn off is cut off."""

    def __init__(self, path: Path, study: str, policies: tuple[str, ...], seed: int) -> None:
        self._path = path
        head = json.dumps({"study": study, "policies": policies, "seed": seed}) + "\n"
        text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
        if text and not head.startswith(text) and not text.startswith(head):
            what = "the journal is of another study: another scenario, seed or other policies"
            raise ModelError(what, where=str(path), fix="remove it, or give another path")
        whole = text[: text.rfind("\n") + 1] if text.startswith(head) else head
        if whole != text:
            path.write_text(whole, encoding="utf-8", newline="\n")
        self.rows: list[dict[str, Any]] = []
        for number, line in enumerate(whole.splitlines()[1:]):
            entry = self._read(line, number)
            self.rows.append(
                {
                    policy: {
                        "measures": {name: float(value) for name, value in row["measures"].items()},
                        "curve": [float(value) for value in row["curve"]],
                    }
                    for policy, row in entry.items()
                }
            )

    def _read(self, line: str, number: int) -> dict[str, Any]:
        try:
            entry = json.loads(line)
            found: dict[str, Any] = entry["policies"]
            right = entry["replication"] == number
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            what = f"line {number + 2} is not replication {number}"
            raise ModelError(what, where=str(self._path), fix="the journal was changed; remove it")
        return found

    def append(self, number: int, row: Mapping[str, Any]) -> None:
        """Write a replication to the end in one piece; times that were not reached become the text "inf"."""

        def plain(value: float) -> float | str:
            return value if math.isfinite(value) else str(value)

        told = {
            policy: {
                "measures": {name: plain(value) for name, value in part["measures"].items()},
                "curve": [plain(value) for value in part["curve"]],
            }
            for policy, part in row.items()
        }
        line = json.dumps({"replication": number, "policies": told}) + "\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
