"""The shipped property tables: thermodynamic consistency, agreement with other compilations, and how they are made."""

from __future__ import annotations

import csv
import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from plant_models.correlations import choose
from plant_models.properties import curves_of, read_curves
from plant_models.substances import known_substances, substance
from plant_models.tabulation import coolprop_name, identify, tabulate
from twin.errors import ModelError

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
SHIPPED = known_substances()
SATURATED = [s for s in SHIPPED if "vapour_density" in s.curves]
ASSOCIATES = {"hydrogen fluoride"}
QUANTUM = {"helium", "hydrogen"}  # latent heat rises from the triple point
SOURCES = ("CoolProp", "thermo", "ChemSep", "Clausius", "left out", "estimate")
VERSIONS = {"CoolProp": "8.0.0", "thermo": "0.6.1", "chemicals": "1.5.2"}

# Largest deviation from the ChemSep correlations. Vapour pressure: acrylonitrile and vinyl acetate, whose two sets of
# measurements differ by 6 %. Heat capacity: sulfur trioxide, 12 % (a single value at 298 K behind either).
TOLERANCE = {"vapour_pressure": 0.065, "latent_heat": 0.025, "liquid_density": 0.01, "liquid_heat_capacity": 0.125}


def rows(name: str) -> list[dict[str, str]]:
    text = (VALIDATION / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def by_row(values):
    """Slope per row of a table, by a spline."""
    from scipy.interpolate import CubicSpline

    x = np.arange(len(values))
    return CubicSpline(x, values)(x, 1)


def saturation(of):
    """Columns of the saturation table, and the slopes of temperature and pressure per row."""
    curves = of.curves
    names = (
        "vapour_pressure liquid_density vapour_density liquid_enthalpy vapour_enthalpy liquid_entropy vapour_entropy"
    )
    table = {name: np.array(curves[name].values) for name in names.split()}
    pressure = curves["vapour_pressure"]
    tc = pressure.critical_temperature
    ends = [np.cbrt(max(1.0 - t / tc, 0.0)) for t in (pressure.low, pressure.high)]
    t = tc * (1.0 - np.linspace(*ends, len(pressure.values)) ** 3)
    p = table["vapour_pressure"]
    return table, t, by_row(t), p * by_row(np.log(p))


# The slopes come from a spline through 97 rows: 2e-4 of the value (ethane, at 10 Pa), and worse in the last rows before
# the critical point, which are left out.
INSIDE = slice(2, -8)


@pytest.mark.parametrize("known", SATURATED, ids=lambda s: s.name)
def test_latent_heat_obeys_clausius_and_clapeyron(known):
    table, t, dt, dp = saturation(known)
    swell = 1.0 / table["vapour_density"] - 1.0 / table["liquid_density"]
    latent = table["vapour_enthalpy"] - table["liquid_enthalpy"]
    assert (t * swell * dp / dt)[INSIDE] == pytest.approx(latent[INSIDE], rel=3e-4)
    difference = table["vapour_entropy"] - table["liquid_entropy"]
    assert (t * difference)[INSIDE] == pytest.approx(latent[INSIDE], rel=1e-6)  # nine digits are printed


@pytest.mark.parametrize("known", SATURATED, ids=lambda s: s.name)
@pytest.mark.parametrize("phase", ["liquid", "vapour"])
def test_enthalpy_entropy_and_pressure_agree_along_saturation(known, phase):
    table, t, _, dp = saturation(known)
    dh, ds = by_row(table[f"{phase}_enthalpy"]), by_row(table[f"{phase}_entropy"])
    work = dp / table[f"{phase}_density"]
    scale = np.maximum(np.abs(dh), np.abs(work)) + np.abs(t * ds)
    # dh = T ds + v dp: 4e-4 of the larger term, as above.
    assert np.all(np.abs(dh - t * ds - work)[INSIDE] < 4e-4 * scale[INSIDE])


@pytest.mark.parametrize("known", SATURATED, ids=lambda s: s.name)
def test_properties_rise_and_fall_as_they_must(known):
    table, *_ = saturation(known)
    curves = known.curves
    assert np.all(np.diff(table["vapour_pressure"]) > 0.0)
    assert np.all(np.diff(table["vapour_density"]) > 0.0)
    assert np.all(np.diff(table["liquid_density"]) < 0.0)
    assert np.all(table["liquid_density"][:-1] > table["vapour_density"][:-1])
    latent = np.diff(curves["latent_heat"].values)
    if known.name not in ASSOCIATES | QUANTUM:
        assert np.all(latent < 0.0)
    assert np.all(np.array(curves["liquid_heat_capacity"].values) > 0.0)
    for name in ("surface_tension", "liquid_viscosity"):
        if name in curves and known.name != "helium":  # its viscosity rises from the superfluid up
            assert np.all(np.diff(curves[name].values) < 0.0), name
    gas = curves["gas_viscosity"]
    assert np.all(np.diff(gas.values) > 0.0)


@pytest.mark.parametrize("known", SATURATED, ids=lambda s: s.name)
def test_the_saturated_vapour_is_a_plausible_gas(known):
    # Below 10 kPa Z lies between 0.92 (acrolein at 186 K; helium) and 1.02 (vinyl acetate): what measured latent heats
    # and vapour pressures of different authors leave. Hydrogen fluoride forms clusters.
    pressure = known.curves["vapour_pressure"]
    for t in np.linspace(pressure.low, pressure.high, 40):
        z = pressure.at(t) / (known.curves["vapour_density"].at(t) * 8.314462618 / known.molar_mass * t)
        if known.name in ASSOCIATES:
            assert 0.15 < z < 0.5
        elif pressure.at(t) < 1e4:
            assert 0.92 < z < 1.025
        else:
            assert 0.2 < z < 1.015


@pytest.mark.parametrize("known", SHIPPED, ids=lambda s: s.name)
def test_tables_boil_where_the_substance_boils(known):
    if known.name == "acetylene":  # sublimes
        assert known.curves["vapour_pressure"].values[0] > 101325.0
        return
    if known.name == "carbon dioxide":
        assert known.curves["vapour_pressure"].values[0] > 5e5
        return
    # Reference equations: rounding of the constant. Others: 0.5 K (methyl isocyanate, acrolein), two sources each.
    tolerance = 0.01 if coolprop_name(known.cas) else 0.5
    assert known.saturation_temperature(101325.0) == pytest.approx(known.boiling_point, abs=tolerance)


@pytest.mark.parametrize("known", SHIPPED, ids=lambda s: s.name)
def test_every_column_tells_its_source(known):
    for name, curve in known.curves.items():
        assert any(word in curve.source for word in SOURCES), name
    assert known.curves["vapour_pressure"].low < max(known.boiling_point, 217.0) + 5.0


@pytest.mark.validation
@pytest.mark.parametrize("prop", sorted(TOLERANCE))
def test_correlations_agree_with_another_compilation(prop):
    checked = 0
    for row in rows("compilation_properties.csv"):
        if row["property"] == prop:
            value = getattr(substance(row["substance"]), prop)(float(row["temperature_K"]))
            assert value == pytest.approx(float(row["value"]), rel=TOLERANCE[prop]), row
            checked += 1
    assert checked >= 20


# [J mol⁻¹ K⁻¹] at 298.15 K; CRC Handbook, Standard Thermodynamic Properties of Chemical Substances, as in chemicals
# 1.5.2.
CRC_LIQUID_HEAT = {
    "hydrogen cyanide": 70.6,
    "nitric acid": 109.9,
    "carbon disulfide": 76.4,
    "bromine": 75.7,
    "aniline": 191.9,
}


@pytest.mark.validation
@pytest.mark.parametrize("name", sorted(CRC_LIQUID_HEAT))
def test_liquid_heat_capacity_agrees_with_the_handbook(name):
    # Corresponding states alone give hydrogen cyanide and nitric acid 43 % more.
    liquid = substance(name)
    assert liquid.liquid_heat_capacity(298.15) * liquid.molar_mass == pytest.approx(CRC_LIQUID_HEAT[name], rel=0.005)


def test_surface_tension_vanishes_towards_the_critical_point():
    # The fits of ethanol, methanol and propane turn upward there and end at 1e308 N/m.
    for known in SHIPPED:
        curve = known.curves.get("surface_tension")
        if curve is not None:
            assert 0.0 < curve.values[-1] < curve.values[0]
            assert curve.values[0] < 0.1  # N/m: no shipped liquid holds together like a metal


@pytest.mark.validation
@pytest.mark.parametrize("name", ["chlorine", "hydrogen cyanide", "phosphine", "nitrogen dioxide", "hydrogen fluoride"])
def test_shipped_tables_are_what_the_libraries_give(name):
    if {package: importlib.metadata.version(package) for package in VERSIONS} != VERSIONS:
        pytest.skip("the tables were written with other versions of the libraries")
    known = substance(name)
    made = read_curves(tabulate(known.cas, known.name))
    shipped = curves_of(known.cas)
    assert set(made) == set(shipped)
    for prop, curve in made.items():
        # Nine digits are printed; platforms differ in the last of them.
        assert np.array(curve.values) == pytest.approx(np.array(shipped[prop].values), rel=1e-7, abs=1e-3), prop
        assert curve.source == shipped[prop].source


class Known:
    """Stands for a property of thermo: a handbook from 300 to 320 K, and an estimate that is twice as high."""

    method = "HANDBOOK"
    ranked_methods = ("HANDBOOK", "ROWLINSON_POLING")
    all_methods = frozenset({"HANDBOOK", "ROWLINSON_POLING", "CRCSTD"})

    def __init__(self, low: float) -> None:
        self.T_limits = {"HANDBOOK": (low, 320.0), "ROWLINSON_POLING": (100.0, 500.0), "CRCSTD": (248.0, 348.0)}

    def calculate(self, temperature: float, method: str) -> float:
        return {"HANDBOOK": temperature, "ROWLINSON_POLING": 2.0 * temperature + 10.0, "CRCSTD": 77.0}[method]


def test_data_that_cover_the_range_are_taken_as_they_are():
    pick = choose(Known(300.0), kind="HeatCapacityLiquid", cas="0-00-0", span=(300.0, 320.0))
    assert pick.method == "HANDBOOK"
    assert pick.at(310.0) == 310.0
    assert "estimate" not in pick.told(np.array([300.0, 320.0]))


def test_short_data_fix_the_scale_of_an_estimate():
    pick = choose(Known(300.0), kind="HeatCapacityLiquid", cas="0-00-0", span=(200.0, 400.0))
    assert pick.short
    assert pick.at(310.0) == 310.0
    assert pick.at(400.0) == pytest.approx(320.0 * 810.0 / 650.0)  # the estimate, scaled to meet the data at 320 K
    assert pick.at(320.0 + 1e-6) == pytest.approx(320.0, rel=1e-6)
    assert "beyond it ROWLINSON_POLING scaled to meet it (estimate)" in pick.told(np.array([200.0, 400.0]))


def test_a_single_measured_value_fixes_the_scale_of_an_estimate():
    pick = choose(Known(319.0), kind="HeatCapacityLiquid", cas="0-00-0", span=(100.0, 300.0))  # no data in the span
    assert pick.at(298.15) == pytest.approx(77.0)
    assert pick.at(250.0) == pytest.approx(77.0 * 510.0 / 606.3)
    assert "one value at 298.1 K" in pick.told(np.array([200.0, 400.0]))


def test_a_salt_is_refused():
    with pytest.raises(ModelError, match="liquid that evaporates"):
        tabulate("7647-14-5", "sodium chloride")


def test_names_are_identified_by_the_libraries():
    assert identify("xenon") == identify("Xe") == "7440-63-3"
    assert identify("R1234yf") == "754-12-1"
    assert not identify("unobtainium")
    assert not identify("")
