"""Which way a substance leaves through a hole, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plant_models.discharge import check_ranges
from plant_models.matter import Substance
from plant_models.two_phase import RELAXATION_LENGTH
from twin.errors import ModelError, near

__all__ = ["REGIMES", "SATURATION_SLACK", "Regime", "RegimeName", "discharge_regime"]

RegimeName = Literal["gas", "vapour", "supercritical", "liquid", "frozen", "relaxation", "equilibrium"]
REGIMES: dict[str, str] = {
    "gas": "gas: choked or not, real",
    "vapour": "vapour from above a boiling liquid, which cools",
    "supercritical": "dense fluid above the critical temperature, along its real isentrope",
    "liquid": "liquid that does not boil at the air pressure: Bernoulli",
    "frozen": "liquid that boils outside only: Bernoulli, the most that can come out",
    "relaxation": "liquid that begins to boil inside a short opening: Fauske's rate model",
    "equilibrium": "liquid that boils inside the opening, phases in equilibrium (HEM)",
}
_GASES = frozenset({"gas", "vapour", "supercritical"})
_FLASHING = frozenset({"frozen", "relaxation", "equilibrium"})
SATURATION_SLACK = 0.03  # a vessel at its vapour pressure may be stated off it: rounded values of a layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How a substance leaves through a hole.

    Parameters
    ----------
    name
        One of `REGIMES`.
    reason
        Why, in one sentence.
    length
        Length of the opening that goes with it, as of :class:`plant_models.blowdown.Opening`. [m]
    """

    name: RegimeName
    reason: str
    length: float

    @property
    def is_liquid(self) -> bool:
        """Whether liquid enters the hole."""
        return self.name not in _GASES


def discharge_regime(
    of: Substance,
    *,
    pressure: float,
    temperature: float,
    submerged: bool,
    length: float,
    ambient_pressure: float,
    override: str | None = None,
) -> Regime:
    """Choose the regime of a discharge.

    Parameters
    ----------
    of
        Substance.
    pressure, temperature
        Inside. [Pa], [K]
    submerged
        Liquid, if there is any, stands above the hole.
    length
        Of the opening. [m]
    ambient_pressure
        Outside. [Pa]
    override
        Take this one of `REGIMES` instead, where the state allows it: a liquid that boils outside may be taken as
        frozen, as relaxing (in an opening shorter than 0.1 m) or in equilibrium.

    Raises
    ------
    ModelError
        No such regime, the state inside rules it out, or how the liquid boils is not known.
    """
    check_ranges(
        ("pressure", pressure, 1e3, 1e9, "Pa"),
        ("temperature", temperature, 10.0, 3000.0, "K"),
        ("length", length, 0.0, 1e6, "m"),
        ("ambient_pressure", ambient_pressure, 3e4, 1.2e5, "Pa"),
        where="discharge_regime",
    )
    name, reason = _natural(of, pressure, temperature, submerged=submerged, length=length, ambient=ambient_pressure)
    if name not in _GASES and (of.components or "latent_heat" not in of.curves):
        raise ModelError(
            f"how liquid {of.name} boils and evaporates is not known",
            where="discharge_regime",
            fix="name the pure substance that stands for it best, such as propane for LPG or methane for LNG",
        )
    if override is not None and override != name:
        _check_override(override, name, reason, length)
        name, reason = override, f"as asked; {name} by itself: {reason}"  # type: ignore[assignment]
    lengths = {"frozen": 0.0, "equilibrium": max(length, RELAXATION_LENGTH)}
    return Regime(name=name, reason=reason, length=lengths.get(name, length))


def _natural(
    of: Substance, pressure: float, temperature: float, *, submerged: bool, length: float, ambient: float
) -> tuple[RegimeName, str]:
    """Regime that fits the state, and why."""
    dense: RegimeName = "supercritical" if pressure > of.critical_pressure else "gas"
    if temperature >= of.critical_temperature:
        return dense, f"{temperature:.4g} K is above the critical temperature of {of.critical_temperature:.4g} K"
    if "vapour_pressure" not in of.curves:
        return dense, f"{of.name} is known as a gas only"
    saturation = of.vapour_pressure(temperature)
    if pressure < saturation * (1.0 - SATURATION_SLACK):
        return "gas", f"{pressure / 1e5:.4g} bar is below the vapour pressure of {saturation / 1e5:.4g} bar: all is gas"
    stands = f"its vapour pressure at {temperature:.4g} K is {saturation / 1e5:.4g} bar"
    if submerged:
        return _of_liquid(length, stands, boils=saturation > ambient)
    if saturation <= ambient:
        raise ModelError(
            f"the hole is above the liquid {of.name}, and {stands}: none of it flows out against the air",
            where="discharge_regime",
            fix="lower the hole; what leaves above the liquid is the gas that pads it, if any",
        )
    return "vapour", "the hole is above the liquid"


def _of_liquid(length: float, stands: str, *, boils: bool) -> tuple[RegimeName, str]:
    if not boils:
        return "liquid", f"{stands}: it does not boil at the air pressure"
    if length <= 0.0:
        return "frozen", f"{stands}, and a hole in a thin wall leaves no time to boil inside"
    if length < RELAXATION_LENGTH:
        return "relaxation", f"{stands}, and it begins to boil in an opening of {length * 1e3:.3g} mm"
    return "equilibrium", f"{stands}, and it comes to equilibrium in {RELAXATION_LENGTH:g} m of opening or more"


def _check_override(override: str, name: str, reason: str, length: float) -> None:
    """Refuse a regime that the state or the opening rules out."""
    where = "discharge_regime"
    if override not in REGIMES:
        raise ModelError(f"there is no regime {override!r}", where=where, fix=near(override, REGIMES))
    if not {name, override} <= _FLASHING:
        raise ModelError(
            f"the regime {override!r} does not fit: {reason}",
            where=where,
            fix=f"leave the choice open ({name}), or change the state inside",
        )
    if override == "relaxation" and not 0.0 < length < RELAXATION_LENGTH:
        raise ModelError(
            f"the regime 'relaxation' does not fit an opening of {length:g} m",
            where=where,
            fix=f"give a length of the opening between 0 and {RELAXATION_LENGTH:g} m",
        )
