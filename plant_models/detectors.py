"""Set points of gas detectors after GB/T 50493-2019, from the limits of the gas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from plant_models.discharge import ATMOSPHERE, check_ranges
from plant_models.harm import Threshold, concentration_to_ppm
from plant_models.substances import Substance
from plant_models.substances import substance as find
from twin.errors import ModelError, near

__all__ = ["DetectorSettings", "detector_settings"]

Basis = Literal["OEL", "IDLH", "LFL"]

# First alarm, second alarm and range as shares of the limit. GB/T 50493-2019, clause 5.5.2 (read in quotations of it):
# combustible at most 25 % and 50 % LEL; toxic at most 100 % and 200 % OEL, and where the range of the instruments
# cannot serve that, at most 5 % and 10 % IDLH. Clause 5.5.1 (not checked against its text): range 100 % LEL, 300 % OEL,
# 30 % IDLH.
_SHARES: Mapping[Basis, tuple[float, float, float]] = MappingProxyType(
    {"LFL": (0.25, 0.50, 1.00), "OEL": (1.00, 2.00, 3.00), "IDLH": (0.05, 0.10, 0.30)}
)
# The order in which occupational limits are taken. The alarm values printed with the standard's table of common toxic
# gases follow it: carbon monoxide 20 mg/m³ from PC-TWA 20, not PC-STEL 30 (tests/validation/thresholds_gbt_50493.csv).
_OCCUPATIONAL = ("MAC", "PC-TWA", "PC-STEL")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """Set points of a point-type gas detector; ``alarm_1``, ``alarm_2``, ``range_high`` are attributes of its asset.

    Parameters
    ----------
    substance
        Name of the gas.
    kind
        "toxic" or "combustible".
    alarm_1, alarm_2
        Highest set points of the first and the second alarm. [kg m⁻³]
    range_high
        Upper end of the range. [kg m⁻³]
    shown
        The same three as an instrument shows them. [`unit`]
    unit
        "ppm" or "%LEL".
    limit
        The limit they were taken from.
    basis
        How they were taken, in words.
    """

    substance: str
    kind: Literal["toxic", "combustible"]
    alarm_1: float
    alarm_2: float
    range_high: float
    shown: tuple[float, float, float]
    unit: Literal["ppm", "%LEL"]
    limit: Threshold
    basis: str

    @property
    def status(self) -> str:
        """Status of the limit: "verified" when it was read in its source or in a quotation of it, else "unverified"."""
        return self.limit.status

    def __repr__(self) -> str:
        first, second, top = self.shown
        doubt = "" if self.status == "verified" else " (unverified)"
        return (
            f"<DetectorSettings {self.substance} {self.kind}: alarms {first:.4g} and {second:.4g} {self.unit}, "
            f"range {top:.4g} {self.unit}; {self.basis}{doubt}>"
        )


def detector_settings(
    substance: str | Substance,
    *,
    kind: Literal["toxic", "combustible"] | None = None,
    basis: Basis | None = None,
    temperature: float = 293.15,
    pressure: float = ATMOSPHERE,
) -> DetectorSettings:
    """Highest set points GB/T 50493-2019 allows for a detector of the gas.

    Parameters
    ----------
    substance
        The gas, or its name.
    kind
        What the detector is for; None: toxic where an occupational limit is known that lies below the first alarm of
        a combustible gas, else combustible where the gas is flammable, else toxic. A gas that is both is watched as a
        toxic one (GB/T 50493-2019, chapter 3; not checked against its text); ask for "combustible" where the fire is
        the greater worry.
    basis
        Limit of a toxic gas: "OEL", the occupational one, or "IDLH", which the standard allows only where the range of
        the instruments on the market cannot serve the OEL. None: OEL where one is known.
    temperature, pressure
        Air a limit stated as a volume fraction is turned into a mass at, and the other way round. [K], [Pa]

    Raises
    ------
    ModelError
        No limit of the kind is known, or a kind or basis that does not exist.

    References
    ----------
    GB/T 50493-2019, Standard for design of combustible gas and toxic gas detection and alarm for petrochemical
    industry, clauses 5.5.1 and 5.5.2.
    """
    check_ranges(
        ("temperature", temperature, 200.0, 350.0, "K"),
        ("pressure", pressure, 3e4, 1.2e5, "Pa"),
        where="detector_settings",
    )
    gas = find(substance) if isinstance(substance, str) else substance
    limits = {t.name: t for t in gas.harm.thresholds}
    occupational = next((limits[name] for name in _OCCUPATIONAL if name in limits), None)
    found: dict[Basis, Threshold | None] = {
        "OEL": occupational,
        "IDLH": limits.get("IDLH"),
        "LFL": limits.get("LFL"),
    }
    chosen = _choose(gas.name, kind, basis, found)
    limit = found[chosen]
    if limit is None:
        known = ", ".join(name for name, one in found.items() if one is not None) or "no limit at all"
        raise ModelError(
            f"there is no {chosen} for {gas.name}",
            where="detector_settings",
            fix=f"known: {known}; or set alarm_1, alarm_2 and range_high of the detector from another source",
        )
    shares = _SHARES[chosen]
    first, second, top = (share * limit.concentration(temperature, pressure) for share in shares)
    if chosen == "LFL":
        shown = (shares[0] * 100.0, shares[1] * 100.0, shares[2] * 100.0)
    else:
        ppm = concentration_to_ppm(
            [first, second, top], molar_mass=gas.molar_mass, temperature=temperature, pressure=pressure
        )
        shown = (float(ppm[0]), float(ppm[1]), float(ppm[2]))
    return DetectorSettings(
        substance=gas.name,
        kind="combustible" if chosen == "LFL" else "toxic",
        alarm_1=first,
        alarm_2=second,
        range_high=top,
        shown=shown,
        unit="%LEL" if chosen == "LFL" else "ppm",
        limit=limit,
        basis=_in_words(chosen, limit, shares),
    )


def _choose(
    name: str,
    kind: Literal["toxic", "combustible"] | None,
    basis: Basis | None,
    found: Mapping[Basis, Threshold | None],
) -> Basis:
    where = "detector_settings"
    if kind is not None and kind not in ("toxic", "combustible"):
        raise ModelError(f"kind is {kind!r}", where=where, fix=near(str(kind), ["toxic", "combustible"]))
    if basis is not None and basis not in _SHARES:
        raise ModelError(f"basis is {basis!r}", where=where, fix=near(str(basis), _SHARES))
    if basis is not None:
        if kind is not None and (basis == "LFL") != (kind == "combustible"):
            raise ModelError(f"basis {basis} is not for a {kind} gas", where=where, fix="leave one of the two out")
        return basis
    if kind == "combustible":
        return "LFL"
    order: tuple[Basis, ...] = ("OEL", "LFL", "IDLH") if kind is None else ("OEL", "IDLH")
    fire, health = found["LFL"], found["OEL"]
    if kind is None and fire is not None and health is not None and health.ppm > _SHARES["LFL"][0] * fire.ppm:
        return "LFL"  # it would burn before the toxic alarm: a little carbon dioxide in natural gas
    for one in order:
        if found[one] is not None:
            return one
    tried = "flammable or toxic" if kind is None else "toxic"
    raise ModelError(
        f"no {tried} limit is known for {name}",
        where=where,
        fix="set alarm_1, alarm_2 and range_high of the detector from another source",
    )


def _in_words(chosen: Basis, limit: Threshold, shares: tuple[float, float, float]) -> str:
    called = {"LFL": "LEL", "OEL": "OEL", "IDLH": "IDLH"}[chosen]
    value = f"{limit.ppm:.4g} ppm"
    if limit.mass_concentration is not None:
        value = f"{limit.mass_concentration * 1e6:.4g} mg/m3"
    first, second, top = (f"{share * 100.0:g}" for share in shares)
    return (
        f"alarms at most {first} % and {second} % {called} (GB/T 50493-2019, 5.5.2), range {top} % {called} (5.5.1, "
        f"not checked against its text), {called} taken as {limit.name} {value}"
    )
