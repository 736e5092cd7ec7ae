"""Substances: physical properties with their ranges and sources, and the harm they do.

The tables in ``plant_models/data`` carry a source for every group of values. A property asked for outside the range
of its table raises :class:`~twin.errors.ModelError`; nothing is extrapolated. A substance that is not shipped is looked
up in the property libraries when it is asked for; nothing is known of its harm.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

from plant_models.harm import DangerousLoad, Harm, Probit, Threshold
from plant_models.matter import Substance
from plant_models.mixtures import Status, mix
from plant_models.properties import Curves, read_curves
from plant_models.tabulation import constants, identify, tabulate
from twin.errors import ModelError, near

__all__ = ["Substance", "known_mixtures", "known_substances", "mixture", "substance"]

# Solutions in water by name, and what is dissolved: libraries take them for the dry substance, which boils far lower.
_SOLUTIONS = {
    "hydrogen chloride": ("hydrochloric acid", "muriatic acid", "盐酸", "氢氯酸"),
    "hydrogen bromide": ("hydrobromic acid", "氢溴酸"),
    "hydrogen fluoride": ("氢氟酸",),
    "ammonia": ("aqueous ammonia", "aqua ammonia", "ammonia water", "ammonia solution", "ammonium hydroxide", "氨水"),
    "formaldehyde": ("formalin", "福尔马林"),
    "hydrazine": ("hydrazine hydrate", "水合肼"),
}


def _plain(word: str) -> str:
    return re.sub(r"[\s_]+", " ", word).strip().casefold()


@lru_cache(maxsize=1)
def known_substances() -> tuple[Substance, ...]:
    """All pure substances shipped with the package, in alphabetical order."""
    tables = [_group(_table(name)) for name in ("thresholds", "probits", "loads")]
    known = [_build(row, *(table.get(row["cas"], []) for table in tables)) for row in _table("substances")]
    return tuple(sorted(known, key=lambda s: s.name))


def known_mixtures() -> tuple[Substance, ...]:
    """All mixtures shipped with the package, in alphabetical order; their compositions are typical ones."""
    return tuple(_shipped_mixture(name) for name in sorted(_mixtures()))


@lru_cache(maxsize=1)
def _index() -> Mapping[str, Substance]:
    return MappingProxyType(
        {_plain(word): s for s in known_substances() for word in (s.name, s.name_zh, s.formula, s.cas, *s.aliases)}
    )


@lru_cache(maxsize=1)
def _mixtures() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["name"]: row for row in _table("mixtures")})


@lru_cache(maxsize=1)
def _mixture_index() -> Mapping[str, str]:
    """Name of a shipped mixture by each of its names."""
    rows = _mixtures().items()
    return MappingProxyType(
        {_plain(word): name for name, row in rows for word in (name, row["name_zh"], *_words(row["aliases"]))}
    )


def substance(name: str) -> Substance:
    """Substance by name, formula, CAS number or Chinese name; upper and lower case are the same.

    Shipped substances come first, then shipped mixtures, then whatever the property libraries know: of that
    nothing is known of the harm it does, which its notes say.

    Raises
    ------
    ModelError
        Nobody knows it, and the message names the closest ones; or a library knows it by name and lacks a property; or
        the name is that of a solution in water, such as hydrochloric acid.
    """
    word = _plain(str(name))
    if word in _index():
        return _index()[word]
    if word in _mixture_index():
        return _shipped_mixture(_mixture_index()[word])
    return _foreign(str(name).strip())


@lru_cache(maxsize=64)
def _shipped_mixture(name: str) -> Substance:
    row = _mixtures()[name]
    shares = dict(part.rsplit(maxsplit=1) for part in _words(row["components"]))
    return mix(
        [(substance(cas), float(share)) for cas, share in shares.items()],
        name=name,
        name_zh=row["name_zh"],
        aliases=_words(row["aliases"]),
        phase=cast("Literal['gas', 'liquid']", row["phase"]),
        source=row["source"],
        status=cast("Status", row["status"]),
        notes=row["notes"],
    )


def mixture(
    components: Mapping[str, float],
    *,
    name: str,
    name_zh: str = "",
    phase: Literal["gas", "liquid"] = "gas",
    source: str = "",
    notes: str = "",
) -> Substance:
    """Mixture of named components that stays together; see :func:`plant_models.mixtures.mix` for its rules.

    Parameters
    ----------
    components
        Mole fraction by any name that :func:`substance` understands; they sum to 1. A mixture among them is taken
        apart.
    name, name_zh
        Names of the mixture.
    phase
        "liquid" for one that is stored as a liquid.
    source
        Where the composition comes from.
    notes
        What a user must know.

    Raises
    ------
    ModelError
        An unknown component, a fraction out of range, or fractions that do not sum to 1 within 1e-6.

    Examples
    --------
    >>> mixture({"carbon monoxide": 0.6, "nitrogen": 0.4}, name="lean gas").threshold("IDLH").ppm
    2000.0
    """
    if not isinstance(components, Mapping):
        what = f"the components are {components!r:.60}, a {type(components).__name__}"
        raise ModelError(what, where="mixture", fix='give mole fractions by name: {"methane": 0.9, "ethane": 0.1}')
    shares: dict[str, float] = {}
    known: dict[str, Substance] = {}
    for word, share in components.items():
        found = substance(word)
        inner = found.components or ((found.cas, 1.0),)
        for cas, part in inner:
            known[cas] = substance(cas)
            sound = isinstance(share, int | float) and share > 0.0
            shares[cas] = shares.get(cas, 0.0) + share * part if sound else share
    parts = [(known[cas], share) for cas, share in shares.items()]
    return mix(parts, name=name, name_zh=name_zh, phase=phase, source=source, notes=notes)


@lru_cache(maxsize=256)
def _foreign(name: str) -> Substance:
    """Substance that is not shipped, tabulated now."""
    for dry, solutions in _SOLUTIONS.items():
        if _plain(name) in solutions:
            raise ModelError(
                f"{name!r} is a solution in water, which is not modelled",
                fix=f"name {dry} for the dry substance: it boils far lower, and far more of it goes into the air",
            )
    cas = identify(name)
    if _plain(cas) in _index():  # a name that the tables lack
        return _index()[_plain(cas)]
    if not cas:
        words = [word for s in known_substances() for word in (s.name, s.name_zh, s.formula, s.cas, *s.aliases)]
        hint = near(name, [*words, *_mixtures()])
        raise ModelError(
            f"there is no substance {name!r}",
            fix=near("", [s.name for s in known_substances()]) if hint.startswith("known:") else hint,
        )
    found = constants(cas)
    lfl, ufl = found.lfl, found.ufl
    where = "not stated in the libraries: unknown, not absent" if lfl is None else found.limits_source
    return Substance(
        name=found.name,
        name_zh="",
        formula=found.formula,
        cas=cas,
        molar_mass=found.molar_mass,
        boiling_point=found.boiling_point,
        critical_temperature=found.critical_temperature,
        critical_pressure=found.critical_pressure,
        lfl=lfl,
        ufl=ufl,
        acentric_factor=found.acentric_factor,
        freezing_point=found.freezing_point,
        curves=read_curves(tabulate(cas, found.name)),
        harm=Harm(substance=found.name),
        sources={"constants": found.source, "flammability": where},
        notes="Not shipped with the package: properties from the libraries, unchecked. Nothing is known of its harm; "
        f"flammable limits: {where}.",
    )


def _table(name: str) -> list[dict[str, str]]:
    text = (files("plant_models") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def _group(rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["cas"], []).append(row)
    return grouped


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";") if word.strip())


def _maybe(text: str) -> float | None:
    return float(text) if text else None


def _build(
    row: dict[str, str], thresholds: list[dict[str, str]], probits: list[dict[str, str]], loads: list[dict[str, str]]
) -> Substance:
    name, molar_mass = row["name"], float(row["molar_mass"])
    lfl, ufl = _maybe(row["lfl"]), _maybe(row["ufl"])
    published = [_threshold(name, molar_mass, given) for given in thresholds if given["status"] != "refused"]
    published += [
        Threshold(
            name=limit,
            ppm=value * 1e6,
            duration=None,
            substance=name,
            molar_mass=molar_mass,
            source=row["flammability_source"],
            status="verified",
        )
        for limit, value in (("LFL", lfl), ("UFL", ufl))
        if value is not None
    ]
    sets = {given["set"]: _probit(name, molar_mass, given) for given in probits}
    harm = Harm(
        substance=name,
        thresholds=tuple(published),
        refused={given["name"]: given["source"] for given in thresholds if given["status"] == "refused"},
        probits=sets,
        default_probit=next((given["set"] for given in probits if given["default"] == "yes"), ""),
        load_exponent=_maybe(row["load_exponent"]),
        load_exponent_source=row["load_exponent_source"],
        dangerous_loads={given["name"]: _load(name, molar_mass, given) for given in loads},
    )
    return Substance(
        name=name,
        name_zh=row["name_zh"],
        formula=row["formula"],
        cas=row["cas"],
        aliases=_words(row["aliases"]),
        molar_mass=molar_mass,
        boiling_point=float(row["boiling_point"]),
        critical_temperature=float(row["critical_temperature"]),
        critical_pressure=float(row["critical_pressure"]),
        lfl=lfl,
        ufl=ufl,
        associates=row["associates"] == "yes",
        acentric_factor=_maybe(row["acentric_factor"]),
        freezing_point=_maybe(row["freezing_point"]),
        curves=Curves(row["cas"]),
        harm=harm,
        sources={"constants": row["constants_source"], "flammability": row["flammability_source"]},
        notes=row["notes"],
    )


def _threshold(name: str, molar_mass: float, row: dict[str, str]) -> Threshold:
    return Threshold(
        name=row["name"],
        ppm=float(row["ppm"] or "nan"),
        mass_concentration=float(row["mg_per_m3"]) * 1e-6 if row["mg_per_m3"] else None,
        duration=float(row["minutes"]) * 60.0 if row["minutes"] else None,
        substance=name,
        molar_mass=molar_mass,
        source=row["source"],
        status="verified" if row["status"] == "verified" else "unverified",
    )


def _load(name: str, molar_mass: float, row: dict[str, str]) -> DangerousLoad:
    return DangerousLoad(
        name=row["name"],
        substance=name,
        value=float(row["load"]),
        n=float(row["n"]),
        unit=cast("Literal['ppm', 'mg/m3']", row["unit"]),
        molar_mass=molar_mass,
        source=row["source"],
        status="verified" if row["status"] == "verified" else "unverified",
    )


def _probit(name: str, molar_mass: float, row: dict[str, str]) -> Probit:
    return Probit(
        name=row["set"],
        substance=name,
        a=float(row["a"]),
        b=float(row["b"]),
        n=float(row["n"]),
        unit=cast("Literal['ppm', 'mg/m3']", row["unit"]),
        molar_mass=molar_mass,
        source=row["source"],
        status="verified" if row["status"] == "verified" else "unverified",
    )
