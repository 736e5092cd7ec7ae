"""Flow through pipes against published answers, other programs, and the laws it comes from."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models import pipes
from plant_models.discharge import HoleFlow, gas_hole_rate, liquid_hole_rate
from plant_models.pipes import (
    FITTINGS,
    STEEL_ROUGHNESS,
    fitting_losses,
    friction_factor,
    gas_pipe_rate,
    liquid_pipe_rate,
    liquid_pipeline_rupture,
)
from twin.errors import ModelError, UnitError
from twin.weather import GAS_CONSTANT

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
METHANE = {"temperature": 298.15, "molar_mass": 0.0160425, "heat_capacity_ratio": 1.306}
GAS_PIPE = METHANE | {"pipe_diameter": 0.0508, "pipe_length": 50.0, "roughness": STEEL_ROUGHNESS, "viscosity": 1.12e-5}
WATER_PIPE = {
    "pipe_diameter": 0.1,
    "pipe_length": 50.0,
    "roughness": STEEL_ROUGHNESS,
    "density": 1000.0,
    "viscosity": 1e-3,
    "pressure": 101325.0,
    "head": 5.0,
}


def published() -> list[dict[str, str]]:
    text = (VALIDATION / "pipe_cases.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.mark.validation
@pytest.mark.parametrize("row", published(), ids=lambda r: f"{r['case']}-{r['quantity']}")
def test_published_pipe_flows(row):
    answer = getattr(pipes, row["function"])(**json.loads(row["inputs"]))
    value = getattr(answer, row["quantity"]) if row["quantity"] else answer
    assert value == pytest.approx(float(row["expected"]), rel=float(row["tolerance"]))


@pytest.mark.validation
def test_the_smooth_pipe_of_aloha_is_not_a_wall_without_roughness():
    # 66.3 lb/min = 0.5012 kg/s: a hydraulically smooth wall lies above it by a third, whatever the heat exchange.
    for wall in ("adiabatic", "isothermal"):
        flow = gas_pipe_rate(pressure=506625.0, wall=wall, **(GAS_PIPE | {"roughness": 0.0}))
        assert 1.28 < flow.mass_rate / 0.50122 < 1.36


def test_friction_factors():
    # Laminar flow: Hagen and Poiseuille, 64/Re; Churchill's other terms are below the last digits there.
    for reynolds in (1e-3, 50.0, 100.0, 1000.0):
        assert friction_factor(reynolds=reynolds, relative_roughness=0.01) == pytest.approx(64.0 / reynolds, rel=1e-6)
    for reynolds in (4e3, 1e5, 1e8):
        for roughness in (0.0, 1e-4, 0.05):
            exact = friction_factor(reynolds=reynolds, relative_roughness=roughness, formula="colebrook")
            # the equation itself
            right = -2.0 * math.log10(roughness / 3.7 + 2.51 / (reynolds * math.sqrt(exact)))
            assert 1.0 / math.sqrt(exact) == pytest.approx(right, rel=1e-12)
            # 3.5 %: the largest difference of the two formulas, as the docstring has it
            assert friction_factor(reynolds=reynolds, relative_roughness=roughness) == pytest.approx(exact, rel=0.035)


def test_friction_factors_of_an_independent_program():
    friction = pytest.importorskip("fluids.friction")
    for reynolds in (500.0, 2500.0, 1e4, 1e6, 1e8):
        for roughness in (0.0, 1e-5, 1e-3, 0.05):
            mine = friction_factor(reynolds=reynolds, relative_roughness=roughness)
            assert mine == pytest.approx(friction.Churchill_1977(reynolds, roughness), rel=1e-12)
            if reynolds > 4000.0:
                exact = friction_factor(reynolds=reynolds, relative_roughness=roughness, formula="colebrook")
                assert exact == pytest.approx(friction.Colebrook(reynolds, roughness), rel=1e-10)


def test_fitting_losses_of_an_independent_program():
    fittings = pytest.importorskip("fluids.fittings")
    names = {
        "90° elbow, flanged": "Elbow, 90°, Standard (R/D = 1), Flanged/welded",
        "45° elbow": "Elbow, 45°, Standard (R/D = 1), All types",
        "globe valve": "Valve, Globe, Standard",
        "gate valve": "Valve, Gate, Full line size, Beta = 1",
        "swing check valve": "Valve, Check, Swing",
    }
    for mine, theirs in names.items():
        expected = fittings.Hooper2K(Di=4.0, Re=2e4, name=theirs)  # diameter in inches
        assert fitting_losses(reynolds=2e4, pipe_diameter=0.1016, fittings={mine: 1}) == pytest.approx(expected)
    # Hand: 160/2e4 + 0.5 at any size.
    assert fitting_losses(reynolds=2e4, pipe_diameter=0.1, fittings={"square entrance": 2}) == pytest.approx(1.016)


def test_a_pipe_without_length_is_a_hole():
    short = {"pipe_length": 0.0, "pipe_diameter": 0.02, "roughness": 0.0}
    for pressure in (1.014e5, 1.5e5, 1.8e5, 1.9e5, 2e5, 5e6):  # methane chokes at 1.860e5
        pipe = gas_pipe_rate(pressure=pressure, **(GAS_PIPE | short))
        hole = gas_hole_rate(pressure=pressure, hole_diameter=0.02, **METHANE)
        assert isinstance(pipe, HoleFlow)
        assert pipe.choked == hole.choked
        for name in ("mass_rate", "velocity", "pressure", "temperature", "density"):
            # 1e-8: a choked rate is flat in M at M = 1, so the root's last digits come in here
            assert getattr(pipe, name) == pytest.approx(getattr(hole, name), rel=1e-8)
    torricelli = liquid_hole_rate(
        hole_diameter=0.1, density=1000.0, pressure=101325.0, head=5.0, discharge_coefficient=1.0
    )
    pipe = liquid_pipe_rate(**(WATER_PIPE | {"pipe_length": 0.0}))
    assert pipe.mass_rate == pytest.approx(torricelli.mass_rate, rel=1e-12)


@given(
    pressure=st.floats(1.02e5, 1e7),
    gamma=st.floats(1.01, 1.67),
    length=st.floats(0.01, 1e4),
    wall=st.sampled_from(["adiabatic", "isothermal"]),
)
@settings(deadline=None, max_examples=50)
def test_mass_energy_and_momentum_are_kept_in_the_pipe(pressure, gamma, length, wall):
    gas = GAS_PIPE | {"heat_capacity_ratio": gamma, "pipe_length": length, "wall": wall}
    flow = gas_pipe_rate(pressure=pressure, **gas)
    specific, area = GAS_CONSTANT / 0.0160425, math.pi / 4.0 * 0.0508**2
    assert flow.mass_rate == pytest.approx(area * flow.density * flow.velocity, rel=1e-12)
    assert flow.pressure == pytest.approx(flow.density * specific * flow.temperature, rel=1e-12)
    sonic = math.sqrt((gamma if wall == "adiabatic" else 1.0) * specific * flow.temperature)
    if flow.choked:
        assert flow.velocity == pytest.approx(sonic, rel=1e-9)
        assert flow.pressure >= 101325.0 * (1.0 - 1e-9)
    else:
        assert flow.pressure == pytest.approx(101325.0, rel=1e-9)
    if wall == "adiabatic":  # cp T + u²/2 of the end is cp T of the vessel
        heat = gamma / (gamma - 1.0) * specific
        assert heat * flow.temperature + 0.5 * flow.velocity**2 == pytest.approx(heat * 298.15, rel=1e-9)
    assert momentum_number(flow, gamma, wall) == pytest.approx(flow.friction_number, rel=2e-3, abs=2e-3)


def momentum_number(flow, gamma: float, wall: str, steps: int = 1000) -> float:
    """N from the momentum balance dp + ρ u du + ½ ρ u² dN = 0, summed over small steps of the pressure.

    2e-3 in the test: the middle of 1000 steps in the logarithm of a pressure that spans up to two decades.
    """
    specific, flux = GAS_CONSTANT / 0.0160425, flow.density * flow.velocity
    heat = gamma / (gamma - 1.0) * specific

    def density(p: float) -> float:
        if wall == "isothermal":
            return p / (specific * 298.15)
        # p/(ρ R) cp + G²/(2 ρ²) = cp T₀: a quadratic in v = 1/ρ
        a, b, c = 0.5 * flux**2, heat * p / specific, -heat * 298.15
        return 2.0 * a / (math.sqrt(b**2 - 4.0 * a * c) - b)

    total, ratio = 0.0, (flow.pressure / flow.inlet_pressure) ** (1.0 / steps)
    p = flow.inlet_pressure
    for _ in range(steps):
        following = p * ratio
        first, last = density(p), density(following)
        middle = density(math.sqrt(p * following))
        total += 2.0 * middle / flux**2 * (p - following) - 2.0 * math.log(first / last)
        p = following
    return total


def test_isothermal_flow_of_an_independent_program():
    compressible = pytest.importorskip("fluids.compressible")
    bore = {"L": 50.0, "D": 0.0508}
    for pressure in (1.2e5, 506625.0, 3e6):
        flow = gas_pipe_rate(pressure=pressure, wall="isothermal", **GAS_PIPE)
        state = {"fd": flow.friction_factor} | bore
        density = flow.inlet_pressure * 0.0160425 / (GAS_CONSTANT * 298.15)
        # from just inside the pipe on: the other program has no entrance, and takes no
        # pressure below the choking one, so a billionth more
        theirs = compressible.isothermal_gas(
            rho=density, P1=flow.inlet_pressure, P2=flow.pressure * (1.0 + 1e-9), **state
        )
        assert flow.mass_rate == pytest.approx(theirs, rel=1e-6)
        critical = compressible.P_isothermal_critical_flow(P=flow.inlet_pressure, **state)
        assert flow.choked == (critical > 101325.0 * (1.0 - 1e-9))
        if flow.choked:
            # 1e-6: the pressure at which the rate is largest is found from a flat maximum
            assert flow.pressure == pytest.approx(critical, rel=1e-6)


def test_a_long_pipe_does_not_mind_the_heat():
    # Levenspiel 1977: the two rates differ by up to some 20 % in a short pipe and come together in a long one.
    differences = []
    for length in (0.0, 5.0, 50.0, 5000.0):
        rates = [
            gas_pipe_rate(pressure=2e6, wall=wall, **(GAS_PIPE | {"pipe_length": length})).mass_rate
            for wall in ("adiabatic", "isothermal")
        ]
        differences.append(rates[0] / rates[1] - 1.0)
    assert differences == sorted(differences, reverse=True)
    assert 0.05 < differences[0] < 0.2
    assert 0.0 < differences[-1] < 0.001


def test_the_friction_number_is_made_of_its_parts():
    flow = gas_pipe_rate(
        pressure=506625.0, loss_coefficient=2.0, fittings={"square entrance": 1, "globe valve": 2}, **GAS_PIPE
    )
    factor = friction_factor(reynolds=flow.reynolds, relative_roughness=STEEL_ROUGHNESS / 0.0508)
    losses = fitting_losses(
        reynolds=flow.reynolds, pipe_diameter=0.0508, fittings={"square entrance": 1, "globe valve": 2}
    )
    assert flow.friction_factor == pytest.approx(factor, rel=1e-9)
    assert flow.friction_number == pytest.approx(factor * 50.0 / 0.0508 + 2.0 + losses, rel=1e-9)
    assert flow.reynolds == pytest.approx(flow.mass_rate / (math.pi / 4.0 * 0.0508 * 1.12e-5), rel=1e-9)
    assert flow.mass_rate < gas_pipe_rate(pressure=506625.0, **GAS_PIPE).mass_rate


def test_liquid_in_a_pipe():
    # Bernoulli with the factor at the speed found.
    flow = liquid_pipe_rate(**WATER_PIPE, fittings={"square entrance": 1})
    used = 500.0 * flow.velocity**2 * (1.0 + flow.friction_number)
    assert used == pytest.approx(1000.0 * 9.80665 * 5.0, rel=1e-9)
    assert flow.mass_rate == pytest.approx(1000.0 * math.pi / 4e2 * flow.velocity, rel=1e-12)
    # Slow flow of a thick liquid: Hagen and Poiseuille, π ρ Δp d⁴/(128 μ L).
    slow = liquid_pipe_rate(**(WATER_PIPE | {"viscosity": 100.0, "pipe_diameter": 0.01}))
    poiseuille = math.pi * 1000.0 * (1000.0 * 9.80665 * 5.0) * 0.01**4 / (128.0 * 100.0 * 50.0)
    assert slow.mass_rate == pytest.approx(poiseuille, rel=1e-6)  # the kinetic energy of the jet is left out by hand
    uphill = liquid_pipe_rate(**(WATER_PIPE | {"pressure": 301325.0, "head": -10.0}))
    assert uphill.mass_rate > 0.0


@given(pressure=st.floats(1.0133e5, 1e7), length=st.floats(0.0, 1e5), step=st.floats(1.001, 2.0))
@settings(deadline=None, max_examples=50)
def test_more_pressure_or_less_pipe_never_means_less_flow(pressure, length, step):
    rate = gas_pipe_rate(pressure=pressure, **(GAS_PIPE | {"pipe_length": length})).mass_rate
    assert gas_pipe_rate(pressure=pressure * step, **(GAS_PIPE | {"pipe_length": length})).mass_rate > rate
    # 1e-9: equal where the length is 0
    assert gas_pipe_rate(pressure=pressure, **(GAS_PIPE | {"pipe_length": length / step})).mass_rate >= rate * (
        1 - 1e-9
    )


def test_the_rate_is_continuous_where_it_chokes():
    low, high = 1.1e5, 1e6
    for _ in range(60):
        middle = 0.5 * (low + high)
        if gas_pipe_rate(pressure=middle, **GAS_PIPE).choked:
            high = middle
        else:
            low = middle
    below, above = (gas_pipe_rate(pressure=p, **GAS_PIPE) for p in (low * (1 - 1e-9), high * (1 + 1e-9)))
    assert (below.choked, above.choked) == (False, True)
    # 1e-7: beside the choking point M₂ falls with the square root of the 1e-9 in pressure, the rate with its square
    assert above.mass_rate == pytest.approx(below.mass_rate, rel=1e-7)


LINE = {key: WATER_PIPE[key] for key in ("roughness", "density", "viscosity")} | {
    "pipe_diameter": 0.3,
    "pipe_length": 5000.0,
    "wave_speed": 1100.0,
    "pressure": 2e6,
    "rise": 20.0,
    "feed_rate": 80.0,
    "close_time": 300.0,
}


def test_a_broken_liquid_line_springs_is_pumped_and_drains():
    flow = liquid_pipeline_rupture(**LINE)
    area = math.pi / 4.0 * 0.3**2
    # Joukowsky by hand: Δp/(ρ a) = 1.8987e6/1.1e6 = 1.726 m/s for 5000/1100 = 4.545 s, on top of the pump.
    assert flow.edges[1] == pytest.approx(5000.0 / 1100.0)
    assert flow.mass_rates[0] == pytest.approx(1000.0 * area * (2e6 - 101325.0) / 1.1e6 + 80.0)
    assert (flow.mass_rates[1], flow.edges[2]) == (80.0, 300.0)
    assert flow.total_mass == pytest.approx(flow.initial_mass + 80.0 * 300.0, rel=1e-12)
    # The drain begins at the steady rate of the full pipe and follows ds/dt = -u/L: summed here in small steps.
    full = liquid_pipe_rate(**({k: LINE[k] for k in LINE if k in WATER_PIPE} | {"pressure": 101325.0, "head": 20.0}))
    assert flow.mass_rates[2] == pytest.approx(full.mass_rate, rel=0.01)  # the mean of the first twentieth
    time, k, count = 0.0, full.friction_factor * 5000.0 / 0.3, 200_000
    for n in range(count):
        share = (n + 0.5) / count
        time += 5000.0 / count / math.sqrt(2.0 * 9.80665 * 20.0 * share / (1.0 + k * share))
    # 1e-3: the middle of steps next to s = 0, where the integrand has no limit
    assert flow.time_constant == pytest.approx(time, rel=1e-3)
    assert flow.edges[-1] == pytest.approx(300.0 + time, rel=1e-3)
    level = liquid_pipeline_rupture(**(LINE | {"rise": 0.0}))
    assert level.left_mass == pytest.approx(1000.0 * area * 5000.0)
    assert level.total_mass + level.left_mass == pytest.approx(level.initial_mass + level.fed_mass, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "arguments", "word"),
    [
        (gas_pipe_rate, {"pressure": math.nan}, "pressure"),
        (gas_pipe_rate, {"pressure": 1e5}, "nothing flows out"),
        (gas_pipe_rate, {"pipe_diameter": 0.0}, "pipe_diameter"),
        (gas_pipe_rate, {"pipe_length": -1.0}, "pipe_length"),
        (gas_pipe_rate, {"roughness": 0.01}, "0.05 of the diameter"),
        (gas_pipe_rate, {"viscosity": 0.0}, "viscosity"),
        (gas_pipe_rate, {"heat_capacity_ratio": 1.0}, "heat_capacity_ratio"),
        (gas_pipe_rate, {"wall": "warm"}, "isothermal"),
        (gas_pipe_rate, {"fittings": {"globe valves": 1}}, "globe valve"),
        (gas_pipe_rate, {"fittings": {"globe valve": -1}}, "whole number"),
        (gas_pipe_rate, {"loss_coefficient": -0.5}, "loss_coefficient"),
        (liquid_pipe_rate, {"density": math.inf}, "density"),
        (liquid_pipe_rate, {"head": -1.0}, "nothing flows out"),
        (liquid_pipe_rate, {"viscosity": -1.0}, "viscosity"),
        (liquid_pipeline_rupture, {"wave_speed": 0.0}, "wave_speed"),
        (liquid_pipeline_rupture, {"pressure": 1e5}, "nothing flows out"),
        (liquid_pipeline_rupture, {"pressure": math.nan}, "pressure"),
        (liquid_pipeline_rupture, {"rise": math.nan}, "rise"),
    ],
)
def test_nonsense_is_refused_with_a_mend(call, arguments, word):
    good = {gas_pipe_rate: GAS_PIPE | {"pressure": 506625.0}, liquid_pipe_rate: WATER_PIPE}.get(call, LINE)
    with pytest.raises(ModelError, match=word) as caught:
        call(**(good | arguments))
    assert str(caught.value)
    assert all(problem.fix for problem in caught.value.problems)


def test_other_nonsense():
    with pytest.raises(UnitError, match="5 atm"):
        gas_pipe_rate(pressure="5 atm", **GAS_PIPE)
    with pytest.raises(UnitError, match="pipe_diameter"):
        gas_pipe_rate(pressure=5e5, **(GAS_PIPE | {"pipe_diameter": "2 in"}))
    with pytest.raises(ModelError, match="'churchill' or 'colebrook'"):
        friction_factor(reynolds=1e5, relative_roughness=0.0, formula="moody")
    with pytest.raises(ModelError, match="from 4000"):
        friction_factor(reynolds=3e3, relative_roughness=0.0, formula="colebrook")
    assert min(loss for pair in FITTINGS.values() for loss in pair) > 0.0
