"""Properties as functions of temperature, read from tables and interpolated smoothly.

One file a substance in ``plant_models/data/properties``, written by :mod:`plant_models.tabulation`, which tells where
each column comes from. Saturated states are tabulated evenly in θ = (1 - T/Tc)^(1/3), in which every one of them is
smooth up to the critical point, gases evenly in temperature; between the rows a cubic Hermite polynomial runs, with
slopes of fourth order. Against the equations of state behind the tables densities are within 2e-5 of the value and
vapour pressures within 5e-5 above half the critical temperature, 4e-4 at 10 Pa; the last step before the critical point
is within 4e-3 (``tests/plant_models/test_properties.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from twin.errors import ModelError, UnitError

__all__ = ["Curve", "Curves", "curves_of", "hermite_slopes", "read_curves"]

_LOGARITHMIC = frozenset({"vapour_pressure", "vapour_density", "liquid_viscosity"})
_DERIVED = ("latent_heat",)


def hermite_slopes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes per step of evenly spaced values along the first axis, of fourth order inside and third at the ends."""
    v = np.asarray(values, dtype=np.float64)
    slopes = np.empty_like(v)
    slopes[2:-2] = (v[:-4] - 8.0 * v[1:-3] + 8.0 * v[3:-1] - v[4:]) / 12.0
    slopes[1] = (-2.0 * v[0] - 3.0 * v[1] + 6.0 * v[2] - v[3]) / 6.0
    slopes[-2] = (2.0 * v[-1] + 3.0 * v[-2] - 6.0 * v[-3] + v[-4]) / 6.0
    slopes[0] = (-11.0 * v[0] + 18.0 * v[1] - 9.0 * v[2] + 2.0 * v[3]) / 6.0
    slopes[-1] = (11.0 * v[-1] - 18.0 * v[-2] + 9.0 * v[-3] - 2.0 * v[-4]) / 6.0
    return slopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A property as a function of temperature.

    Parameters
    ----------
    name
        What it gives.
    unit
        Unit of the answer.
    low, high
        Range of temperature. [K]
    values
        Values at evenly spaced places of the coordinate from `low` to `high`, at least four.
    source
        Where the values come from.
    critical_temperature
        Of the substance: the coordinate is θ = (1 - T/Tc)^(1/3); None: it is the temperature itself. [K]
    """

    name: str
    unit: str
    low: float
    high: float
    values: tuple[float, ...]
    source: str
    critical_temperature: float | None = None

    def __hash__(self) -> int:  # not over all values: it is asked for at every look-up
        return hash((self.name, self.low, self.high, self.values[0], self.values[-1]))

    def at(self, temperature: float, *, of: str = "") -> float:
        """Value at the temperature [K]; `of` names the substance in an error.

        Raises
        ------
        ModelError, UnitError
            The temperature is outside `low` to `high`, or is no number.
        """
        try:
            inside = bool(self.low <= temperature <= self.high)
        except (TypeError, ValueError):
            raise UnitError(
                f"{self.name} of {of or 'the substance'} is asked for at {temperature!r}, not a number",
                fix="give one temperature in kelvin, such as 293.15; for several, ask for each",
            ) from None
        if not inside:
            raise ModelError(
                f"{self.name} of {of or 'the substance'} is asked for at {temperature:.5g} K",
                fix=f"give a temperature from {self.low:.5g} to {self.high:.5g} K",
            )
        logarithmic, values, slopes, start, step = _prepared(self)
        place = (_coordinate(temperature, self.critical_temperature) - start) / step
        k = min(max(int(place), 0), len(values) - 2)
        t = place - k
        a, b, da, db = values[k], values[k + 1], slopes[k], slopes[k + 1]
        value = a + t * (da + t * (3.0 * (b - a) - 2.0 * da - db + t * (da + db - 2.0 * (b - a))))
        return math.exp(value) if logarithmic else value


def _coordinate(temperature: float, critical: float | None) -> float:
    return temperature if critical is None else math.cbrt(max(1.0 - temperature / critical, 0.0))


@lru_cache(maxsize=1024)
def _prepared(curve: Curve) -> tuple[bool, list[float], list[float], float, float]:
    """What the interpolation needs of a curve: whether in logarithms, values, slopes, start and step."""
    logarithmic = curve.name.replace(" ", "_") in _LOGARITHMIC
    values = np.log(curve.values) if logarithmic else np.array(curve.values)
    start, end = (_coordinate(t, curve.critical_temperature) for t in (curve.low, curve.high))
    return logarithmic, values.tolist(), hermite_slopes(values).tolist(), start, (end - start) / (len(values) - 1)


class Curves(Mapping[str, Curve]):
    """The curves of a shipped substance by name, read from its table when first asked for."""

    __slots__ = ("cas",)

    def __init__(self, cas: str) -> None:
        self.cas = cas

    def __getitem__(self, name: str) -> Curve:
        return curves_of(self.cas)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(curves_of(self.cas))

    def __len__(self) -> int:
        return len(curves_of(self.cas))

    def __reduce__(self) -> tuple[type[Curves], tuple[str]]:
        return Curves, (self.cas,)


@lru_cache(maxsize=128)
def curves_of(cas: str) -> Mapping[str, Curve]:
    """Curves of the substance with a CAS number whose table is shipped.

    Raises
    ------
    ModelError
        No table is shipped for it.
    """
    path = files("plant_models") / "data" / "properties" / f"{cas}.csv"
    if not path.is_file():
        raise ModelError(f"no table of properties is shipped for CAS {cas}", fix="reinstall the package")
    return read_curves(path.read_text(encoding="utf-8"))


def read_curves(text: str) -> dict[str, Curve]:
    """Curves of a table written by :func:`plant_models.tabulation.tabulate`, by name.

    "latent_heat" is the difference of the two saturated enthalpies. [J kg⁻¹]
    """
    lines = text.splitlines()
    told = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    critical = float(told["critical_temperature"].split()[0])
    saturation, gas = lines.index("[saturation]"), lines.index("[gas]")
    found = _columns(lines[saturation + 1 : gas], told, critical)
    if "vapour_enthalpy" in found:
        liquid, vapour = found["liquid_enthalpy"], found["vapour_enthalpy"]
        found["latent_heat"] = Curve(
            name="latent heat",
            unit=vapour.unit,
            low=vapour.low,
            high=vapour.high,
            values=tuple(v - h for v, h in zip(vapour.values, liquid.values, strict=True)),
            source=told.get("latent_heat", vapour.source),
            critical_temperature=critical,
        )
    return found | _columns(lines[gas + 1 :], told, None)


def _columns(lines: Sequence[str], told: Mapping[str, str], critical: float | None) -> dict[str, Curve]:
    names, units = lines[0].split(","), lines[1].split(",")
    cells = [line.split(",") for line in lines[2:]]
    temperatures = [float(row[0]) for row in cells]
    found = {}
    for column, (name, unit) in enumerate(zip(names, units, strict=True)):
        known = [k for k, row in enumerate(cells) if row[column]]
        if column == 0 or len(known) < 4:
            continue
        first, last = known[0], known[-1]
        found[name] = Curve(
            name=name.replace("_", " "),
            unit=unit,
            low=temperatures[first],
            high=temperatures[last],
            values=tuple(float(row[column]) for row in cells[first : last + 1]),
            source=told.get(name, told.get("saturation", "")),
            critical_temperature=critical,
        )
    return found
