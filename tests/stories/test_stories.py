"""The stories the library is for: the blocks of the README as they stand, and the figures it quotes.

``python tests/stories/test_stories.py notebooks/pictures`` makes the pictures of the README.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
VALIDATION = ROOT / "tests" / "validation"
PICTURES = ("footprint.png", "evacuation.png", "alarms.png", "timeline.png")
LARGEST_PICTURE = 250_000  # bytes


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", readme(), flags=re.MULTILINE | re.DOTALL)


def tell(number: int) -> dict:
    """Run a block of the README in the working directory and hand back its names."""
    import matplotlib as mpl

    mpl.use("Agg")
    names: dict = {"__name__": f"story_{number}"}
    exec(compile(blocks()[number], f"README.md, story {number + 1}", "exec"), names)
    return names


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty working directory; figures are closed afterwards."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plt.close("all")


def is_picture(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


# -- the stories


def test_readme_holds_the_stories_first():
    lines = [line for line in readme().splitlines() if line and not line.startswith("```")]
    assert lines[2:4] == [
        "python -m pip install . && parktwin demo",
        "python -m pip install '.[test]' && python -m pytest",
    ]
    assert len(blocks()) == 6


def test_safety_engineer(desk):
    from dispersion import model
    from plant_models import gas_leak

    told = tell(0)
    leak, footprint, weather = told["leak"], told["footprint"], told["weather"]
    assert not told["cloud"].warnings  # carbon monoxide is as heavy as air: the passive model may be used
    assert footprint.area > 0.0
    assert footprint.reach > 100.0
    assert is_picture(desk / "footprint.png")
    # downwind of a wind from 20° is south-south-west of the leak
    centre = footprint.polygon.centroid
    assert math.degrees(math.atan2(leak.x - centre.x, leak.y - centre.y)) == pytest.approx(20.0, abs=1.0)
    reaches, rates = [], []
    for hole in (0.05, 0.1, 0.2):
        larger = gas_leak(told["park"]["P-301"], hole_diameter=hole, duration=1800.0)
        cloud = model("gaussian_puff").disperse(larger, weather)
        reaches.append(cloud.footprint(leak.substance.threshold("AEGL-2", duration=1800.0)).reach)
        rates.append(float(larger.rate(1.0)))
    assert reaches == sorted(reaches)
    assert reaches[0] < reaches[-1]
    # the rate goes with the area of the hole
    assert rates[1] / rates[0] == pytest.approx(4.0, rel=1e-12)
    early = leak.cut(60.0)
    assert early.total_mass == pytest.approx(leak.total_mass * 60.0 / 1800.0, rel=1e-12)


@pytest.mark.slow
def test_what_people_should_be_told(desk):
    told = tell(5)
    study = told["study"]
    people = {policy: study.shown[policy].population for policy in study.policies}
    assert len({id(each) for each in people.values()}) == 1
    assert study.summary("best", "toxic_load").value < study.summary("nearest", "toxic_load").value
    assert told["gap"].low <= told["gap"].value <= told["gap"].high


def test_drill_planner(desk):
    import xarray as xr

    from drills import read_log

    told = tell(1)
    result = told["result"]
    scores = result.scores
    assert scores.grade in {"P", "S", "M", "U"}
    assert 0.0 <= scores.process <= 1.0
    assert scores.outcome <= 1.0
    for row in scores.rows:
        assert row.value is None or 0.0 <= row.value <= 1.0
        assert row.text
    losses = scores.losses
    least = min(losses[option.id].toxic_load for option in result.scenario.alternatives)
    assert losses[scores.best].toxic_load == least
    assert losses["team"].toxic_load < losses["no action"].toxic_load
    # the valve was shut, so less came out than would have
    assert sum(r.total_mass for r in result.cut_releases) < sum(r.total_mass for r in result.releases)
    page = (desk / "aar.html").read_text(encoding="utf-8")
    assert result.scenario.title.zh in page
    assert result.scenario.title.en in page
    assert "http://" not in page.replace("http://www.w3.org", "")  # self-contained
    assert is_picture(desk / "evacuation.png")

    again = told["run_drill"](result.scenario, result.park, seed=7)
    assert again.log[-1].hash == result.log[-1].hash
    assert again.summary() == result.summary()  # the same seed, the same drill

    result.save(desk / "kept")
    assert len(read_log(desk / "kept" / "events.jsonl")) == len(result.log)
    assert json.loads((desk / "kept" / "drill.json").read_text(encoding="utf-8"))["seed"] == 7
    with xr.open_dataset(desk / "kept" / "result.h5", group="people", engine="h5netcdf") as people:
        assert people["load"].attrs["units"] == result.people.settings["load_unit"]
        assert float(people["load"].sum()) == pytest.approx(losses["team"].toxic_load, rel=1e-12)


def test_control_room(desk):
    told = tell(2)
    park, alarms, suspect = told["park"], told["alarms"], told["suspect"]
    assert alarms == ["GD-101", "GD-104"]
    assert suspect.tag == "LB-101"  # what GD-101 watches
    # 1.5 g/m3 is far beyond the span of a detector that ends at 60 mg/m3: it is not believed, and it is not lost
    assert [(held.reading.tag, held.reading.value) for held in park.quarantine] == [("GD-102", pytest.approx(1.5e-3))]
    assert park.state("GD-102") is None
    assert told["weather"].wind_from == pytest.approx(203.0)
    assert told["footprint"].area > 0.0
    assert any("dense" in warning for warning in told["cloud"].warnings)
    assert is_picture(desk / "alarms.png")


def test_source_term(desk, capsys):
    told = tell(3)
    source = told["source"]
    said = capsys.readouterr().out
    assert source.outflow.regime.reason in said
    assert source.closure < 1e-9
    # liquid ammonia at 27 °C and its own vapour pressure: 0.61 A sqrt(2 ρ (Δp + ρ g h)), held up by its own boiling
    liquid = told["park"]["V-201"]
    density = source.substance.liquid_density(liquid.number("temperature"))
    over = (
        source.outflow.pressure[0]
        - 101325.0
        + density * 9.80665 * (source.outflow.liquid_height[0] - source.releases[0].z)
    )
    assert source.mass_rates[0] == pytest.approx(
        0.61 * math.pi / 4 * 0.025**2 * math.sqrt(2.0 * density * over), rel=0.01
    )
    masses = dict(source.masses)
    assert masses.pop("released") == pytest.approx(sum(masses.values()), rel=1e-9)


def test_heavy_gas(capsys):
    told = tell(4)
    cloud, leak = told["cloud"], told["leak"]
    assert cloud.model == "auto: dense_gas"
    assert "slumps" in capsys.readouterr().out
    # gas at the temperature of the air, 70.906 g/mol beside 28.96 g/mol
    assert f"is {70.906 / 28.96:.2g} times as dense" in cloud.settings["reason"]
    severe, mild = (cloud.footprint(leak.substance.threshold(n, duration=600.0)) for n in ("AEGL-3", "AEGL-2"))
    assert 0.0 < severe.reach < mild.reach
    # a wind from 203° carries it towards 23°
    centre = severe.polygon.centroid
    assert math.degrees(math.atan2(centre.x - leak.x, centre.y - leak.y)) == pytest.approx(23.0, abs=1.0)


# -- what the README says of itself


def rows(name: str) -> list[dict[str, str]]:
    text = (VALIDATION / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def quoted(start: str) -> str:
    """Line of the validation table that begins with a word."""
    return next(line for line in readme().splitlines() if line.startswith(f"| {start}"))


@pytest.mark.validation
def test_quoted_property_figures():
    from plant_models import substance

    off = []
    for row in rows("substance_properties.csv"):
        method = getattr(substance(row["substance"]), row["property"])
        at = (101325.0,) if row["property"] in {"gas_density", "flash_fraction"} else ()
        off.append(abs(method(float(row["temperature_K"]), *at) / float(row["value"]) - 1.0))
    assert f"{len(off)} values | largest difference {100 * max(off):.1f} %" in quoted("substance properties")


@pytest.mark.validation
def test_quoted_figures_of_the_other_tables():
    from plant_models import substance

    off, names = [], set()
    for row in rows("compilation_properties.csv"):
        value = getattr(substance(row["substance"]), row["property"])(float(row["temperature_K"]))
        off.append(abs(value / float(row["value"]) - 1.0))
        names.add(row["substance"])
    told = f"{len(names)} substances, {len(off)} values | largest difference {100 * max(off):.1f} %"
    assert told in quoted("substance properties, other")


@pytest.mark.validation
def test_quoted_probit_figures():
    from plant_models import substance

    off = []
    for row in rows("probit_lethal_concentrations.csv"):
        probit = substance(row["substance"]).harm.probit(row["set"])
        ppm = float((probit.load(float(row["probability"])) / float(row["minutes"])) ** (1.0 / probit.n))
        off.append(abs(ppm / float(row["ppm"]) - 1.0))
    assert f"{len(off)} values | largest difference {100 * max(off):.1f} %" in quoted("probits")


@pytest.mark.validation
def test_quoted_hole_figures():
    from plant_models import gas_hole_rate, liquid_hole_rate

    off = []
    for row in rows("hole_discharge_cases.csv"):
        flow = {"gas": gas_hole_rate, "liquid": liquid_hole_rate}[row["fluid"]](**json.loads(row["inputs"]))
        off.append(abs(getattr(flow, row["quantity"]) / float(row["expected"]) - 1.0))
    assert f"{len(off)} values | largest difference {100 * max(off):.1f} %" in quoted("flow through a hole")


@pytest.mark.validation
def test_quoted_figures_of_flashing_and_dense_flow():
    from plant_models import critical_flux, fluid, substance
    from plant_models.two_phase import _leung

    off = {}
    for row in rows("two_phase_cases.csv"):
        given = json.loads(row["inputs"])
        if row["function"] == "equilibrium_search":
            real = fluid(substance(given["substance"]))
            inside = real.at_pt(given["pressure"], given["temperature"])
            flux, _ = critical_flux(real, inside, given["ambient_pressure"])
            value = given["discharge_coefficient"] * math.pi / 4.0 * given["hole_diameter"] ** 2 * flux
        else:
            omega = 9.0 * (given["v9"] / given["v0"] - 1.0)  # API Std 520: from the volume at 0.9 of the pressure
            ratio, flux = _leung(omega, given["saturation"], given["p0"], given["v0"], given["back"])
            at_area = given.get("mass_rate", math.nan) / (given.get("discharge_coefficient", 1.0) * flux)
            value = ratio * given["p0"] if row["function"] == "omega_ratio" else at_area
        off[row["case"], row["quantity"]] = value / float(row["expected"]) - 1.0
    measured = off.pop(("TP3", "mass_rate"))
    largest = max(map(abs, off.values()))
    line = quoted("flashing and dense flow")
    assert f"{len(off)} values, and a measurement" in line
    assert f"largest difference {100 * largest:.1f} %; measurement {100 * measured:+.0f} %" in line


@pytest.mark.validation
def test_quoted_figures_of_relief_valves_and_pipes():
    from plant_models import GasRelief, LiquidRelief, SteamRelief, pipes, relief_valve_area, relief_valve_rate

    services = {"gas": GasRelief, "steam": SteamRelief, "liquid": LiquidRelief}
    off = []
    for row in rows("relief_cases.csv"):
        valve = services[row["service"]](**json.loads(row["inputs"]))
        if row["quantity"] == "rate":
            value = relief_valve_rate(valve, area=float(row["given"]))
        else:
            value = relief_valve_area(valve, mass_rate=float(row["given"]))
        off.append(abs(value / float(row["expected"]) - 1.0))
    for row in rows("pipe_cases.csv"):
        answer = getattr(pipes, row["function"])(**json.loads(row["inputs"]))
        value = getattr(answer, row["quantity"]) if row["quantity"] else answer
        off.append(abs(value / float(row["expected"]) - 1.0))
    assert f"{len(off)} values | largest difference {100 * max(off):.1f} %" in quoted("relief valves and pipes")


@pytest.mark.validation
def test_quoted_figures_of_the_vessel_that_empties():
    from plant_models import Opening, Vessel, Wall, blow_down, substance

    # the wall of 25 mm: shell and two flat ends of steel
    steel = 7800.0 * math.pi * ((0.1615**2 - 0.1365**2) * 1.524 + 2.0 * 0.1365**2 * 0.025)
    run = blow_down(
        substance("nitrogen"),
        vessel=Vessel(axis="vertical", diameter=0.273, length=1.524, heads="flat"),
        opening=Opening(diameter=0.00635, height=1.524, gas_coefficient=0.8, liquid_coefficient=0.8),
        pressure=1.5e7,
        temperature=288.0,
        until=100.0,
        wall=Wall(mass=steel, heat_capacity=500.0, air_temperature=288.0, outside_coefficient=8.0),
        ambient_pressure=101300.0,
    )
    measured = {}
    for row in rows("vessel_blow_down.csv"):
        measured.setdefault(row["quantity"], []).append((float(row["time"]), float(row["value"])))
    times, pressure = np.array(measured["pressure"]).T
    low = 100.0 * (1.0 - np.interp(times, run.times, run.pressure) / pressure)
    coldest = min(value for name in ("low", "high") for _, value in measured[f"gas_temperature_{name}"])
    apart = math.ceil(abs(run.temperature.min() - coldest))
    told = f"pressure {low[pressure > 1.5e6].max():.0f} % low at a tenth of the first, {low.max():.0f} % at the end"
    assert f"{told}; coldest gas within {apart} K" in quoted("vessel that empties")


@pytest.mark.validation
def test_quoted_figures_of_pools():
    from plant_models import spread_and_evaporate

    case = {(row["case"], row["quantity"]): float(row["value"]) for row in rows("evaporation_cases.csv")}
    pound, yard = 0.45359237, 0.9144
    warm = case["ALOHA-benzene", "mass"] * pound
    pool = spread_and_evaporate(
        substance="benzene",
        temperature=299.82,
        edges=[0.0],
        mass_rates=[],
        instantaneous_mass=warm,
        substrate="concrete",
        bund_area=math.pi / 4.0 * (case["ALOHA-benzene", "diameter"] * yard) ** 2,
        wind_speed=3.129,
        air_temperature=299.82,
        air_pressure=101325.0,
        ground_temperature=299.82,
        solar_flux=0.0,
        until=7200.0,
    )
    largest = pool.evaporation_pieces(np.arange(0.0, 7200.0, 60.0)).max() * 60.0 / pound
    rate = 100.0 * (largest / case["ALOHA-benzene", "largest sustained rate"] - 1.0)
    gone = 100.0 * (pool.times[-1] / 60.0 / case["ALOHA-benzene", "duration"] - 1.0)
    cold = spread_and_evaporate(
        substance="methane",
        temperature=111.6,
        edges=[0.0, 167.0],
        mass_rates=[case["FDS-Burro3", "mass rate"]],
        substrate="water",
        wind_speed=3.0,
        air_temperature=293.15,
        air_pressure=101325.0,
        ground_temperature=290.15,
        solar_flux=300.0,
        until=166.0,
    )
    area = 100.0 * (cold.area[-1] / (math.pi / 4.0 * case["FDS-Burro3", "diameter"] ** 2) - 1.0)
    told = f"largest rate {rate:+.0f} %, time until gone {gone:+.0f} %, area {area:+.0f} %"
    assert told in quoted("pools")


@pytest.mark.validation
def test_quoted_prairie_grass_figures():
    import twin
    from dispersion import model
    from plant_models import Release, substance

    observed, computed = [], []
    for row in rows("prairie_grass_arc_maxima.csv"):
        release = Release.steady(
            substance("sulfur dioxide"),
            x=0.0,
            y=0.0,
            z=0.46,
            mass_rate=float(row["release_rate [g/s]"]) / 1000.0,
            duration=1e4,
        )
        weather = twin.Weather(
            wind_speed=float(row["wind_2m [m/s]"]),
            wind_from=270.0,
            wind_height=2.0,
            stability=row["stability"],
            roughness_length=0.008,
        )
        cloud = model("gaussian_plume", smallest_sigma=1e-3).disperse(release, weather)
        computed.append(float(cloud.concentration(float(row["arc [m]"]), 0.0, 1.5, 9000.0)) * 1e6)
        observed.append(float(row["arc_maximum [mg/m3]"]))
    o, p = np.array(observed), np.array(computed)
    fac2 = ((p / o >= 0.5) & (p / o <= 2.0)).mean()
    mg = math.exp(np.log(o / p).mean())
    fb = 2.0 * (o.mean() - p.mean()) / (o.mean() + p.mean())
    nmse = ((o - p) ** 2).mean() / (o.mean() * p.mean())
    told = f"{o.size} arc maxima, nothing tuned | FAC2 {fac2:.2f}, MG {mg:.2f}, FB {fb:.2f}, NMSE {nmse:.2f}"
    assert told in quoted("Gaussian plume")


def test_readme_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", readme()):
        assert (ROOT / target).exists(), target
    for name in PICTURES:
        assert (ROOT / "notebooks" / "pictures" / name).stat().st_size <= LARGEST_PICTURE, name


def test_readme_names_every_command():
    import typer.main

    from drills.cli import app

    known = set(typer.main.get_command(app).commands)
    told = set(re.findall(r"^\| `parktwin (\w+)", readme(), flags=re.MULTILINE))
    assert told == known


def test_readme_speaks_of_the_packaged_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for package in packages:
        assert f"`{package}`" in readme()
    assert set(re.findall(r"'\.\[(\w+)\]'", readme())) <= set(project["project"]["optional-dependencies"])


_FACES = """
import importlib, pkgutil, re, sys
from pathlib import Path

packages = "twin plant_models dispersion evacuation scenarios drills".split()
for name in packages:
    for room in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(room.name)
wrong = []
for name in packages:
    face = importlib.import_module(name)
    stub = (Path(face.__path__[0]) / "__init__.pyi").read_text(encoding="utf-8")
    for room, thing in re.findall(r"from \\.(\\w+) import (\\w+)", stub):
        if getattr(face, thing) is not getattr(importlib.import_module(name + "." + room), thing):
            wrong.append(name + "." + thing)
sys.exit(", ".join(wrong) or 0)
"""


def test_faces_hand_on_the_thing_and_not_the_room():
    """Names such as ``scenarios.load`` are those of their rooms too: a room imported first must not hide it."""
    answer = subprocess.run([sys.executable, "-c", _FACES], capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr


def make_pictures(folder: Path) -> None:
    """Tell the stories and keep their pictures."""
    from drills.view import timeline_figure

    home = Path.cwd()
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            told = [tell(number) for number in range(len(blocks()))]
            timeline_figure(told[1]["result"]).savefig("timeline.png", dpi=100)
            for name in PICTURES:
                shutil.copy(name, folder / name)
        finally:
            os.chdir(home)


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]))
