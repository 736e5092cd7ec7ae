"""Interpolation of the property tables: against the equations of state behind them, at the ends, and outside."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.properties import Curve, Curves, curves_of, hermite_slopes, read_curves
from plant_models.substances import substance
from plant_models.tabulation import coolprop_name
from twin.errors import ModelError

FLUIDS = (
    "chlorine",
    "ammonia",
    "propane",
    "water",
    "carbon dioxide",
    "hydrogen",
    "benzene",
    "hydrogen sulfide",
    "helium",
)

TABLE = """# substance: test, CAS 0-00-0
# critical_temperature: 400 K
# saturation: made up
# surface_tension: somebody
[saturation]
temperature,vapour_pressure,liquid_enthalpy,vapour_enthalpy,surface_tension
K,Pa,J kg-1,J kg-1,N m-1
200,100,0,50,
250,200,10,55,0.03
300,400,20,60,0.02
350,800,30,65,0.01
390,1600,40,70,0.005
[gas]
temperature,gas_heat_capacity
K,J kg-1 K-1
200,1000
300,1100
400,1200
500,1300
"""


def middles(curve: Curve) -> list[float]:
    """Temperatures half way between the rows of a saturation table, where an interpolation is worst."""
    tc = curve.critical_temperature
    ends = [math.cbrt(max(1.0 - t / tc, 0.0)) for t in (curve.low, curve.high)]
    rows = np.linspace(*ends, len(curve.values))
    return list(tc * (1.0 - (0.5 * (rows[1:] + rows[:-1])) ** 3))


@pytest.mark.validation
@pytest.mark.parametrize("name", FLUIDS)
def test_interpolation_agrees_with_the_equation_of_state(name):
    # Half-way between the rows. Densities 2e-5; ln p is steep at the cold end, where 10 Pa is 4e-4 off and half the
    # critical temperature 5e-5; energies are measured by the latent heat. The last step before the critical point,
    # where everything turns vertical, is left to 4e-3.
    import CoolProp

    fluid, curves = substance(name), substance(name).curves
    state = CoolProp.AbstractState("HEOS", coolprop_name(fluid.cas))
    pressure = curves["vapour_pressure"]
    latent = curves["latent_heat"].values[0]
    for t in middles(pressure):
        last = t > 0.9999 * pressure.critical_temperature
        cold = 4e-4 if t < 0.5 * pressure.critical_temperature else 5e-5
        for quality, phase in ((0.0, "liquid"), (1.0, "vapour")):
            state.update(CoolProp.QT_INPUTS, quality, t)
            off = {
                "vapour_pressure": (pressure.at(t) / state.p() - 1.0, cold),
                "density": (
                    curves[f"{phase}_density"].at(t) / state.rhomass() - 1.0,
                    2e-5 if phase == "liquid" else cold,
                ),
                "enthalpy": ((curves[f"{phase}_enthalpy"].at(t) - state.hmass()) / latent, 3e-5),
                "entropy": ((curves[f"{phase}_entropy"].at(t) - state.smass()) * t / latent, 3e-5),
            }
            for what, (error, tolerance) in off.items():
                assert abs(error) < (4e-3 if last else tolerance), (what, phase, t)


@pytest.mark.validation
@pytest.mark.parametrize("name", FLUIDS)
def test_gas_heat_capacity_between_the_rows_agrees_with_the_equation_of_state(name):
    import CoolProp

    fluid = substance(name)
    state = CoolProp.AbstractState("HEOS", coolprop_name(fluid.cas))
    state.specify_phase(CoolProp.iphase_gas)
    curve = fluid.curves["gas_heat_capacity"]
    for t in np.arange(max(curve.low, 200.0) + 25.0, min(curve.high, state.Tmax()), 50.0):
        state.update(CoolProp.DmassT_INPUTS, 1e-6, t)
        # 50 K between the rows: 1e-3 at the ends of the range, where the slopes are of third order.
        assert curve.at(t) == pytest.approx(state.cp0mass(), rel=1e-3)


def test_rows_are_met_exactly():
    chlorine = curves_of("7782-50-5")
    for name, curve in chlorine.items():
        assert curve.at(curve.low) == pytest.approx(curve.values[0], rel=1e-12), name
        assert curve.at(curve.high) == pytest.approx(curve.values[-1], rel=1e-9), name


def test_slopes_are_exact_for_cubics_everywhere_and_for_quartics_inside():
    x = np.arange(8.0)
    cubic, quartic = x**3 - 2.0 * x, x**4
    assert hermite_slopes(cubic) == pytest.approx(3.0 * x**2 - 2.0, abs=1e-9)
    assert hermite_slopes(quartic)[2:-2] == pytest.approx((4.0 * x**3)[2:-2], abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.floats(200.0, 1000.0), st.floats(-2.0, 2.0), st.floats(-1e-3, 1e-3))
def test_a_cubic_in_temperature_is_reproduced(t, a, b):
    grid = np.linspace(200.0, 1000.0, 9)

    def f(x):
        return 1000.0 + a * x + b * x**2 + 1e-7 * x**3

    curve = Curve(name="x", unit="", low=200.0, high=1000.0, values=tuple(f(grid)), source="test")
    assert curve.at(t) == pytest.approx(f(t), rel=1e-9, abs=1e-6)


def test_a_curve_is_positive_where_it_is_interpolated_in_logarithms():
    pressure = curves_of("7732-18-5")["vapour_pressure"]
    values = [pressure.at(t) for t in np.linspace(pressure.low, pressure.high, 500)]
    assert np.all(np.diff(values) > 0.0)


@pytest.mark.parametrize("temperature", [199.9, 390.1, math.nan, -math.inf])
def test_nothing_is_extrapolated(temperature):
    with pytest.raises(ModelError, match="from 200 to 390 K"):
        read_curves(TABLE)["vapour_pressure"].at(temperature, of="test")


def test_a_table_is_read_with_its_ranges_and_sources():
    curves = read_curves(TABLE)
    assert curves["vapour_pressure"].source == "made up"
    assert curves["surface_tension"].source == "somebody"
    assert (curves["surface_tension"].low, curves["surface_tension"].high) == (
        250.0,
        390.0,
    )  # the empty cell is left out
    assert curves["latent_heat"].values == (50.0, 45.0, 40.0, 35.0, 30.0)
    assert curves["gas_heat_capacity"].critical_temperature is None
    assert curves["vapour_pressure"].critical_temperature == 400.0


def test_curves_of_an_unknown_substance_are_refused():
    with pytest.raises(ModelError, match="no table of properties"):
        curves_of("0-00-0")


def test_curves_are_a_mapping_that_can_be_pickled():
    curves = pickle.loads(pickle.dumps(Curves("7782-50-5")))
    assert set(curves) == set(curves_of("7782-50-5"))
    assert len(curves) == len(curves_of("7782-50-5"))
