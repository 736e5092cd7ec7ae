"""Project Prairie Grass: the plume with its default settings against the odd runs of the field trial.

Nothing was fitted to these trials here. Van Ulden (1978), whose formula carries the vertical part, set it beside them
too, so they are no proof from elsewhere.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dispersion.models import model
from dispersion.performance import performance
from plant_models.releases import Release
from plant_models.substances import substance

pytestmark = pytest.mark.validation


@pytest.fixture(scope="module")
def arcs(kit):
    """Observed and predicted arc maxima and crosswind integrals, and what to sort them by."""
    states = {row["run"]: row for row in kit.table("prairie_grass_weather.csv")}
    rows = kit.table("prairie_grass_arc_maxima.csv")
    assert (len(states), len(rows)) == (26, 119)

    def predict(**left_out):
        found = []
        for row in rows:
            state, arc = states[row["run"]], float(row["arc [m]"])
            depth = state["mixing_height [m]"]
            given = {
                "wind_speed": float(row["wind_2m [m/s]"]),
                "stability": None,
                "obukhov_length": float(state["obukhov_length [m]"]),
                "roughness_length": 0.008,
                "friction_velocity": float(state["friction_velocity [m/s]"]),
                "sigma_theta": float(state["sigma_theta [deg]"]),
                "mixing_height": float(depth) if depth else None,
            }
            release = Release(
                substance=substance("sulfur dioxide"),
                x=0.0,
                y=0.0,
                z=0.46,
                edges=[0.0, 1e4],
                mass_rates=[float(row["release_rate [g/s]"]) / 1000.0],
            )
            cloud = model("gaussian_plume").disperse(release, kit.weather(**(given | left_out)))
            y = np.linspace(-1.5 * arc, 1.5 * arc, 3001)
            section = cloud.concentration(arc, y, 1.5, 9000.0) * 1e6  # mg/m3
            found.append((section.max(), np.trapezoid(section, y)))
        return np.array(found).T

    return {
        "predict": predict,
        "maximum": np.array([float(r["arc_maximum [mg/m3]"]) for r in rows]),
        "integral": np.array([float(r["crosswind_integral [mg/m2]"]) for r in rows]),
        "run": np.array([r["run"] for r in rows]),
        "arc": np.array([float(r["arc [m]"]) for r in rows]),
        "group": np.array([states[r["run"]]["group"] for r in rows]),
    }


def test_arc_maxima_and_crosswind_integrals(arcs):
    maximum, integral = arcs["predict"]()
    whole = performance(arcs["maximum"], maximum, arcs["run"])
    assert whole.fac2 >= 0.80
    assert 0.8 < whole.mg < 1.25
    assert whole.vg < 1.4
    assert abs(whole.fb) < 0.25
    # better than class curves: FAC2 0.832, VG 1.350 on these arcs (test_plume), 0.80 and 1.38 on those of all runs
    assert whole.fac2 > 0.832
    assert whole.vg < 1.350
    for which in (arcs["group"] == "stable", arcs["group"] == "unstable", arcs["arc"] == 800.0):
        assert performance(arcs["maximum"][which], maximum[which], arcs["run"][which]).fac2 >= 0.70
    assert performance(arcs["integral"], integral, arcs["run"]).fac2 >= 0.93
    told = f"FAC2 {whole.fac2:.2f}, MG {whole.mg:.2f}, VG {whole.vg:.2f}, FB {whole.fb:.2f}"
    assert told in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "left_out",
    [
        {"friction_velocity": None},
        {"mixing_height": None},
        {"sigma_theta": None},
        {"friction_velocity": None, "mixing_height": None, "sigma_theta": None},
    ],
)
def test_what_was_not_measured_is_made_up_for(arcs, left_out):
    """Wind, Obukhov length and roughness alone still meet the criteria of Chang and Hanna (2004)."""
    maximum, integral = arcs["predict"](**left_out)
    found = performance(arcs["maximum"], maximum, arcs["run"])
    assert found.fac2 >= 0.80
    assert 0.7 < found.mg < 1.3
    assert found.vg < 1.6
    assert abs(found.fb) < 0.3
    assert performance(arcs["integral"], integral, arcs["run"]).fac2 >= 0.93


@pytest.fixture(scope="module")
def growths(kit):
    """Growth of the plume in each run; swing of the wind measured, friction velocity not."""
    from dispersion.air import sigma_set

    winds = {row["run"]: float(row["wind_2m [m/s]"]) for row in kit.table("prairie_grass_arc_maxima.csv")}
    return {
        row["run"]: sigma_set("similarity").growth(
            kit.weather(
                wind_speed=winds[row["run"]],
                stability=None,
                obukhov_length=float(row["obukhov_length [m]"]),
                roughness_length=0.008,
                sigma_theta=float(row["sigma_theta [deg]"]),
            ),
            source_height=0.46,
            averaging_time=600.0,
        )
        for row in kit.table("prairie_grass_weather.csv")
    }


def test_width_of_the_plume(kit, growths):
    """Second moments over the arcs against sigma_y: within a factor of 2 in nine arcs out of ten."""
    rows = kit.table("prairie_grass_arc_maxima.csv")
    ratio = [float(growths[row["run"]].sigma_y(float(row["arc [m]"]))) / float(row["sigma_y [m]"]) for row in rows]
    assert (np.abs(np.log(ratio)) <= math.log(2.0)).mean() >= 0.9


def test_height_of_the_plume(kit, growths):
    """Mean height of the gas on the towers at 100 m, predicted on the same heights: within a quarter on average."""
    z = np.array([0.5, 1.0, 1.5, 2.5, 4.5, 7.5, 10.5, 13.5, 17.5])
    ratio = []
    for row in kit.table("prairie_grass_towers.csv"):
        profile = np.exp(-0.5 * (z / float(growths[row["run"]].sigma_z(100.0))) ** 2)
        predicted = np.trapezoid(z * profile, z) / np.trapezoid(profile, z)
        ratio.append(float(row["mean_height [m]"]) / predicted)
    assert len(ratio) == 20
    assert 0.8 < math.exp(np.log(ratio).mean()) < 1.25
    assert (np.abs(np.log(ratio)) <= math.log(1.5)).mean() >= 0.8
