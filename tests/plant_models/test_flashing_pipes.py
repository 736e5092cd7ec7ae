"""Flashing flow through a pipe against its limits, a conservation law, and a march along the pipe."""

from __future__ import annotations

import math

import pytest

from plant_models import flashing_pipes
from plant_models.flashing_pipes import flashing_pipe_rate
from plant_models.pipes import friction_factor, liquid_pipe_rate
from plant_models.substances import substance
from plant_models.two_phase import equilibrium_flux
from twin.errors import ModelError, TwinError

PIPE = {"pipe_diameter": 0.05, "roughness": 4.6e-5}
AREA = math.pi / 4.0 * 0.05**2


@pytest.mark.parametrize("name", ["chlorine", "ammonia", "propane", "phosgene"])
def test_without_length_it_is_the_nozzle(name):
    of = substance(name)
    flow = flashing_pipe_rate(of, pipe_length=0.0, temperature=300.0, **PIPE)
    assert flow.mass_rate / AREA == equilibrium_flux(of, temperature=300.0).flux


def test_the_rate_falls_with_the_length_and_does_not_depend_on_the_rows(monkeypatch):
    ammonia = substance("ammonia")
    rates = [
        flashing_pipe_rate(ammonia, pipe_length=x, temperature=293.0, **PIPE).mass_rate for x in (0.5, 2, 8, 32, 128)
    ]
    assert rates == sorted(rates, reverse=True)
    monkeypatch.setattr(flashing_pipes, "_ROWS", 800)
    finer = [
        flashing_pipe_rate(ammonia, pipe_length=x, temperature=293.0, **PIPE).mass_rate for x in (0.5, 2, 8, 32, 128)
    ]
    assert finer == pytest.approx(rates, rel=3e-4)  # second order: what twice as many rows still move


def test_far_above_its_vapour_pressure_it_is_a_liquid_line():
    """Propane at 300 K, 60 bar above saturation: it stays liquid nearly to the end, where the pressure is the vapour
    pressure. Bernoulli with friction down to that pressure; what boils in the last diameters costs less than 2 %."""
    propane = substance("propane")
    saturation = propane.vapour_pressure(300.0)
    flow = flashing_pipe_rate(propane, pipe_length=20.0, temperature=300.0, pressure=saturation + 6e6, **PIPE)
    line = liquid_pipe_rate(
        pipe_length=20.0,
        density=propane.liquid_density(300.0),
        viscosity=propane.liquid_viscosity(300.0),
        pressure=6e6 + 101325.0,
        **PIPE,
    )
    assert flow.mass_rate == pytest.approx(line.mass_rate, rel=0.02)
    assert flow.mass_rate <= line.mass_rate * (1.0 + 1e-9)
    assert flow.pressure == pytest.approx(saturation, rel=0.15)


def test_energy_is_kept_along_the_pipe():
    chlorine = substance("chlorine")
    flow = flashing_pipe_rate(chlorine, pipe_length=10.0, temperature=293.0, **PIPE)
    t, x = flow.temperature, flow.vapour_fraction
    h = {phase: chlorine.curves[f"{phase}_enthalpy"] for phase in ("liquid", "vapour")}
    end = (1.0 - x) * h["liquid"].at(t) + x * h["vapour"].at(t) + 0.5 * flow.velocity**2
    start = h["liquid"].at(293.0)
    assert end == pytest.approx(
        start, abs=1e-4 * chlorine.latent_heat(293.0)
    )  # linear between the pressures of the table


@pytest.mark.validation
@pytest.mark.parametrize(
    ("name", "fluid"), [("chlorine", "Chlorine"), ("ammonia", "Ammonia"), ("propane", "n-Propane")]
)
@pytest.mark.parametrize("length", [2.5, 10.0])
def test_the_flux_chokes_where_a_march_along_the_pipe_does(name, fluid, length):
    """At the computed flux, marching dp/dx = -f G² v/(2D) / (1 + G² dv/dp) with states of CoolProp from the entrance
    must reach the sonic point (1 + G² dv/dp = 0) at the end of the pipe. The march is of first order with steps of
    1/4000 of the pipe; the pressure falls without bound at the end, so 3 % of length are asked for."""
    coolprop = pytest.importorskip("CoolProp")
    of = substance(name)
    flow = flashing_pipe_rate(of, pipe_length=length, temperature=293.0, **PIPE)
    flux = flow.mass_rate / AREA
    state = coolprop.AbstractState("HEOS", fluid)
    state.update(coolprop.QT_INPUTS, 0.0, 293.0)
    h0, s0, p0 = state.hmass(), state.smass(), state.p()
    factor = friction_factor(reynolds=flux * 0.05 / of.liquid_viscosity(293.0), relative_roughness=4.6e-5 / 0.05)

    def entrance(p):
        state.update(coolprop.PSmass_INPUTS, p, s0)
        return math.sqrt(max(2.0 * (h0 - state.hmass()), 0.0)) * state.rhomass()

    low, high = 0.5 * p0, p0 * (1.0 - 1e-9)
    for _ in range(200):  # from above: the first pressure at which the flux is met
        middle = 0.5 * (low + high)
        low, high = (middle, high) if entrance(middle) > flux else (low, middle)
    p = 0.5 * (low + high)

    def volume(p):
        """Volume at a pressure with h + G² v²/2 = h₀, by fixed point from the quality at rest enthalpy."""
        state.update(coolprop.PQ_INPUTS, p, 0.0)
        hl, vl = state.hmass(), 1.0 / state.rhomass()
        state.update(coolprop.PQ_INPUTS, p, 1.0)
        hv, vg = state.hmass(), 1.0 / state.rhomass()
        x = (h0 - hl) / (hv - hl)
        for _ in range(60):
            x = (h0 - hl - 0.5 * (flux * (vl + x * (vg - vl))) ** 2) / (hv - hl)
        return vl + x * (vg - vl)

    x, step = 0.0, length / 4000.0
    while x < 2.0 * length:
        v = volume(p)
        sonic = 1.0 + flux**2 * (volume(p * (1.0 + 1e-5)) - volume(p * (1.0 - 1e-5))) / (2e-5 * p)
        if sonic <= 0.0:
            break
        drop = factor * flux**2 * v / (2.0 * 0.05) / sonic * step
        if drop > 0.02 * p:
            break
        p -= drop
        x += step
    assert x == pytest.approx(length, rel=0.03)
    assert flow.choked


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"pipe_length": -1.0}, "pipe_length"),
        ({"pipe_length": math.nan}, "pipe_length"),
        ({"roughness": 0.01}, "roughness"),
        ({"temperature": 450.0}, "critical"),
        ({"temperature": 230.0}, "nothing flows out"),
        ({"pressure": 2e5}, "vapour pressure"),
        ({"pipe_diameter": "50 mm"}, "text"),
    ],
)
def test_nonsense_is_refused_with_a_mend(arguments, word):
    given = {"pipe_length": 5.0, "temperature": 293.0, **PIPE, **arguments}
    with pytest.raises(TwinError, match=word) as caught:
        flashing_pipe_rate(substance("chlorine"), **given)
    assert all(problem.fix for problem in caught.value.problems)
    assert isinstance(caught.value, TwinError)


def test_a_pipe_too_long_for_any_flow_says_so():
    with pytest.raises(ModelError):
        flashing_pipe_rate(substance("chlorine"), pipe_length=2e5, temperature=293.0, **PIPE)
