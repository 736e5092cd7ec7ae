"""Mixtures that stay together: fuel gases, LPG and LNG as one substance with the properties of the whole.

A mixture boils as a whole: its vapour has the composition of its liquid. That is careful for the rate of a spill of LPG
and wrong for the last of it; the components do not part in this model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from plant_models.harm import DangerousLoad, Harm, Probit, Threshold
from plant_models.matter import Substance
from plant_models.properties import Curve
from twin.errors import ModelError

__all__ = ["flammable_limits", "mix"]

Status = Literal["verified", "unverified"]
Parts = Sequence[tuple[Substance, float]]
_SUM = 1e-6  # how far the mole fractions may be from 1
_TRACE = 0.05  # mole fraction up to which a component may lie outside its table
_TOP = 0.95  # of the lowest critical temperature; closer to it a liquid is not an ideal mixture
_ROWS = 97
_ATMOSPHERE = 101325.0  # Pa
_HOUR = 3600.0  # s
_FLAMMABLE = frozenset({"LFL", "UFL"})
_PURE = 1e6  # ppm: more of a gas there cannot be
_DECIDES = ("AEGL-3", "IDLH")  # the first of these that a component has tells which one is the most dangerous
_LE_CHATELIER = "Le Chatelier 1891, Ann. Mines 19:388, over the flammable components"
_STOPPED = "; stopped at 1, too high: the rule fails at the upper limit of a gas with much inert gas in it"


def mix(
    parts: Parts,
    *,
    name: str,
    name_zh: str = "",
    aliases: Sequence[str] = (),
    phase: Literal["gas", "liquid"] = "gas",
    source: str = "",
    status: Status = "verified",
    notes: str = "",
) -> Substance:
    """One substance that stands for a mixture.

    Molar mass and heat capacity of the gas follow from the mole fractions, its viscosity from Wilke. Critical
    temperature and pressure are those of Kay's rule (pseudo-critical), the acentric factor is the mole average.
    Flammable limits are those of Le Chatelier. Thresholds add: ppm of the mixture = 1/Σ(x_i/ppm_i) over the components
    that have one of the name and duration, as for substances that act alike, which is careful for others; one that not
    even the pure mixture reaches is left out. Probits are those of the component that decides; they do not add.

    A liquid mixture has the bubble pressure of Raoult, ideal volumes, mass averages of latent heat, heat capacity and
    conductivity, the mole average of the surface tension and the logarithmic mole average of the viscosity. It has no
    saturated enthalpies: flash and two-phase flow refuse.

    Parameters
    ----------
    parts
        Pure substance and mole fraction of each component; the fractions sum to 1.
    name, name_zh, aliases
        Names.
    phase
        "liquid" for a mixture that is stored as a liquid.
    source, status
        Where the composition comes from, and whether it was read there.
    notes
        What a user must know.

    Raises
    ------
    ModelError
        No component, a fraction out of range, fractions that do not sum to 1, an unknown phase, or a liquid whose
        components have no temperature in common.

    References
    ----------
    Wilke, C.R., 1950, J. Chem. Phys. 18:517. Kay, W.B., 1936, Ind. Eng. Chem. 28:1014. Poling, B.E., Prausnitz, J.M.
    and O'Connell, J.P., 2001, The Properties of Gases and Liquids, 5th ed., chapters 5 (pseudo-critical constants), 8
    (Raoult), 9 (viscosity of gas and liquid mixtures). Mashuga, C.V. and Crowl, D.A., 2000, Process Saf. Prog. 19:112
    (derivation of Le Chatelier's rule).
    """
    _check(parts, name, phase)
    molar_mass = sum(x * s.molar_mass for s, x in parts)
    curves = _gas_curves(parts, molar_mass) | (_liquid_curves(parts, molar_mass, name) if phase == "liquid" else {})
    limits = flammable_limits(parts)
    acentric = [s.acentric_factor for s, _ in parts]
    mixed = Substance(
        name=name,
        name_zh=name_zh,
        formula="mixture",
        cas="",
        aliases=tuple(aliases),
        molar_mass=molar_mass,
        boiling_point=min(s.boiling_point for s, _ in parts),
        critical_temperature=sum(x * s.critical_temperature for s, x in parts),
        critical_pressure=sum(x * s.critical_pressure for s, x in parts),
        lfl=limits[0] if limits else None,
        ufl=limits[1] if limits else None,
        associates=any(s.associates for s, _ in parts),
        acentric_factor=None
        if None in acentric
        else sum(x * (w or 0.0) for (_, x), w in zip(parts, acentric, strict=True)),
        components=tuple((s.cas, x) for s, x in parts),
        curves=curves,
        harm=_harm(parts, _Whole(name=name, molar_mass=molar_mass, status=status), limits),
        sources={
            "composition": source or "given by the user",
            "constants": "pseudo-critical point by Kay 1936, Ind. Eng. Chem. 28:1014; mole average of acentric factors",
            "flammability": _LE_CHATELIER if limits else "not flammable in air by Le Chatelier's rule",
        },
        notes=" ".join(part for part in (notes, _boils(phase)) if part),
    )
    return replace(mixed, boiling_point=mixed.saturation_temperature(_ATMOSPHERE)) if phase == "liquid" else mixed


def _boils(phase: str) -> str:
    if phase == "liquid":
        return "The boiling point is the bubble point by Raoult's law; the mixture boils as a whole."
    return "The boiling point is that of the most volatile component."


def _check(parts: Parts, name: str, phase: str) -> None:
    where = f"mixture {name!r}"
    if not parts:
        raise ModelError("a mixture has no component", where=where, fix="give at least one substance and its share")
    if phase not in {"gas", "liquid"}:
        raise ModelError(f"phase is {phase!r}", where=where, fix='give "gas" or "liquid"')
    for part, x in parts:
        if not isinstance(x, int | float) or not 0.0 < x <= 1.0:
            raise ModelError(
                f"the mole fraction of {part.name} is {x!r}", where=where, fix="give a number above 0, at most 1"
            )
    total = math.fsum(x for _, x in parts)
    if abs(total - 1.0) > _SUM:
        raise ModelError(
            f"the mole fractions sum to {total:.7g}, not 1",
            where=where,
            fix="divide each by the sum, or name what makes up the rest (nitrogen?)",
        )


def flammable_limits(parts: Parts) -> tuple[float, float] | None:
    """Flammable limits of a mixture in air by Le Chatelier, 1/Σ(x_i/L_i) over the flammable components.

    Inert components only dilute, and the upper limit stops at 1: with much inert gas it is too high, which is
    the careful side.

    Parameters
    ----------
    parts
        Substance and mole fraction of each component.

    Returns
    -------
    tuple of float, or None
        Lower and upper limit, mole fraction of the mixture in air; None when it cannot burn.

    References
    ----------
    Le Chatelier, H., 1891, Ann. Mines 19:388; Mashuga, C.V. and Crowl, D.A., 2000, Process Saf. Prog. 19:112.
    """
    burn = [(x, s.lfl, s.ufl) for s, x in parts if s.lfl is not None and s.ufl is not None]
    lower = sum(x / low for x, low, _ in burn)
    if lower <= 1.0:  # not even the pure gas
        return None
    return 1.0 / lower, min(1.0 / sum(x / high for x, _, high in burn), 1.0)


# --- curves


def _curve(
    parts: Parts, prop: str, rule: Callable[[Sequence[float]], float], source: str, *, top: float = math.inf
) -> dict[str, Curve]:
    """Curve of a mixture from the values of the components at each temperature; empty when one of them has none.

    A component of at most `_TRACE` is held at the end of its table where it is colder, and in a liquid (`top` given)
    where it is hotter.
    """
    known = [s.curves.get(prop) for s, _ in parts]
    curves = [c for c in known if c is not None]
    if len(curves) < len(parts):
        return {}
    main = [c for c, (_, x) in zip(curves, parts, strict=True) if x > _TRACE] or curves
    low = max(c.low for c in main)
    high = min(top, *(c.high for c in (main if top < math.inf else curves)))
    if not low < high:
        return {}
    values = [rule([c.at(min(max(t, c.low), c.high)) for c in curves]) for t in np.linspace(low, high, _ROWS).tolist()]
    first = curves[0]
    told = f"{source}; components of up to {_TRACE:.0%} are held at the ends of their tables"
    return {prop: Curve(name=first.name, unit=first.unit, low=low, high=high, values=tuple(values), source=told)}


def _mean(weights: Sequence[float]) -> Callable[[Sequence[float]], float]:
    return lambda values: math.fsum(w * v for w, v in zip(weights, values, strict=True))


def _gas_curves(parts: Parts, molar_mass: float) -> dict[str, Curve]:
    masses = [x * s.molar_mass / molar_mass for s, x in parts]
    return _curve(parts, "gas_heat_capacity", _mean(masses), "mass average of the components") | _curve(
        parts, "gas_viscosity", _wilke(parts), "Wilke 1950, J. Chem. Phys. 18:517, from those of the components"
    )


def _wilke(parts: Parts) -> Callable[[Sequence[float]], float]:
    """η = Σ x_i η_i / Σ_j x_j φ_ij with φ_ij = (1 + (η_i/η_j)^½ (M_j/M_i)^¼)² / (8 (1 + M_i/M_j))^½."""
    mass = np.array([s.molar_mass for s, _ in parts])
    share = np.array([x for _, x in parts])
    ratio = mass[:, None] / mass

    def rule(values: Sequence[float]) -> float:
        eta = np.array(values)
        phi = (1.0 + np.sqrt(eta[:, None] / eta) * ratio.T**0.25) ** 2 / np.sqrt(8.0 * (1.0 + ratio))
        return float(np.sum(share * eta / (phi @ share)))

    return rule


def _liquid_curves(parts: Parts, molar_mass: float, name: str) -> dict[str, Curve]:
    shares = [x for _, x in parts]
    masses = [x * s.molar_mass / molar_mass for s, x in parts]
    top = _TOP * min(s.critical_temperature for s, x in parts if x > _TRACE)
    ideal = "Raoult's law, ideal mixing, boils as a whole"
    rules: Mapping[str, tuple[Callable[[Sequence[float]], float], str]] = {
        "vapour_pressure": (_mean(shares), f"bubble pressure, {ideal}"),
        "liquid_density": (lambda d: 1.0 / sum(w / v for w, v in zip(masses, d, strict=True)), f"volumes add, {ideal}"),
        "latent_heat": (_mean(masses), f"mass average, {ideal}"),
        "liquid_heat_capacity": (_mean(masses), f"mass average, {ideal}"),
        "surface_tension": (_mean(shares), "mole average of the components"),
        "liquid_viscosity": (
            lambda v: math.exp(math.fsum(x * math.log(e) for x, e in zip(shares, v, strict=True))),
            "logarithmic mole average of the components",
        ),
        "liquid_conductivity": (_mean(masses), "mass average of the components"),
    }
    found: dict[str, Curve] = {}
    for prop, (rule, source) in rules.items():
        found |= _curve(parts, prop, rule, source, top=top)
    if "vapour_pressure" not in found:
        raise ModelError(
            f"the components of {name} are never liquid together",
            where=f"mixture {name!r}",
            fix='use phase="gas", or other components',
        )
    return found


# --- harm


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """The mixture that harm is stated for."""

    name: str
    molar_mass: float
    status: Status

    def own(self, of: Threshold | Probit | DangerousLoad) -> dict[str, Any]:
        """What a value of a component takes from the mixture."""
        both = of.status == self.status == "verified"
        return {"substance": self.name, "molar_mass": self.molar_mass, "status": "verified" if both else "unverified"}

    def share(self, of: Probit | DangerousLoad, x: float) -> float:
        """Concentration of a component for one of the mixture, in the unit of its load."""
        return x if of.unit == "ppm" else x * of.molar_mass / self.molar_mass


def _harm(parts: Parts, whole: _Whole, limits: tuple[float, float] | None) -> Harm:
    toxic = [t for s, _ in parts for t in s.harm.thresholds if t.name not in _FLAMMABLE]
    wanted = sorted({(t.name, t.duration or 0.0) for t in toxic})
    stated = [_added(parts, word, at or None, whole) for word, at in wanted]
    thresholds = [t for t in stated if t.ppm <= _PURE]
    for word, value in zip(("LFL", "UFL"), limits or (), strict=False):
        thresholds.append(
            Threshold(
                name=word,
                ppm=value * 1e6,
                duration=None,
                substance=whole.name,
                molar_mass=whole.molar_mass,
                source=_LE_CHATELIER + (_STOPPED if value == 1.0 else ""),
                status=whole.status,
            )
        )
    given = {t.name for t in thresholds}
    refused = {w: f"{s.name}: {why}" for s, _ in parts for w, why in s.harm.refused.items() if w not in given}
    refused |= {t.name: "not reached, not even in the pure mixture" for t in stated if t.name not in given}
    worst = _worst(parts)
    if worst is None:
        return Harm(substance=whole.name, thresholds=tuple(thresholds), refused=refused)
    part, x = worst
    told = f"; of {part.name}, mole fraction {x:.4g}, which decides; other components are not counted"
    known = part.harm
    return Harm(
        substance=whole.name,
        thresholds=tuple(thresholds),
        refused=refused,
        probits={k: _thin_probit(p, x, whole, told) for k, p in known.probits.items()},
        default_probit=known.default_probit,
        load_exponent=known.load_exponent,
        load_exponent_source=known.load_exponent_source and known.load_exponent_source + told,
        dangerous_loads={k: _thin_load(d, x, whole, told) for k, d in known.dangerous_loads.items()},
    )


def _asked(part: Substance, word: str, duration: float | None) -> Threshold | None:
    """Threshold of a component at a duration, worked out between or held before the published ones if need be."""
    try:
        return part.harm.threshold(word, duration=duration)
    except ModelError:
        return None


def _added(parts: Parts, word: str, duration: float | None, whole: _Whole) -> Threshold:
    """Threshold of the mixture, Σ c_i/T_i = 1 over the components that have one; told of the one that decides most."""
    found = [(t.ppm / x, t, s, x) for s, x in parts if (t := _asked(s, word, duration)) is not None]
    least, limit, part, x = min(found, key=lambda item: item[0])
    share = 1.0 / sum(least / alone for alone, *_ in found)
    mass = limit.mass_concentration
    told = f"{limit.source}; of {part.name}, mole fraction {x:.4g}"
    if len(found) > 1:
        rest = ", ".join(s.name for _, _, s, _ in found if s is not part)
        told += f", which decides, added to {rest} (the sum of the shares is 1: careful where they act differently)"
    sound = all(t.status == "verified" for _, t, *_ in found)
    return replace(
        limit,
        ppm=share * limit.ppm / x,
        mass_concentration=None if mass is None else share * mass / (x * part.molar_mass / whole.molar_mass),
        source=told,
        **whole.own(limit if sound else replace(limit, status="unverified")),
    )


def _worst(parts: Parts) -> tuple[Substance, float] | None:
    """Component that reaches AEGL-3 (1 h) first, or IDLH where none has an AEGL-3."""
    for word in _DECIDES:
        duration = _HOUR if word.startswith("AEGL") else None
        found = [(t.ppm / x, s, x) for s, x in parts if (t := _asked(s, word, duration)) is not None]
        if found:
            _, part, x = min(found, key=lambda item: item[0])
            return part, x
    return None


def _thin_probit(p: Probit, x: float, whole: _Whole, told: str) -> Probit:
    """Pr = a + b ln((s c)ⁿ t) = (a + b n ln s) + b ln(cⁿ t), with s the share of the component."""
    return replace(p, a=p.a + p.b * p.n * math.log(whole.share(p, x)), source=p.source + told, **whole.own(p))


def _thin_load(d: DangerousLoad, x: float, whole: _Whole, told: str) -> DangerousLoad:
    """(s c)ⁿ t = L where cⁿ t = L/sⁿ."""
    return replace(d, value=d.value / whole.share(d, x) ** d.n, source=d.source + told, **whole.own(d))
