"""The shipped scenarios and parks: complete, sound, and consistent with what they quote."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import scenarios
import twin
from plant_models.parks import park_path, parks
from twin.errors import LayoutError

NAMES = ("ammonia-puff", "chlorine-hose-night", "chlorine-hose-rescue", "co-gas-main")
CASES = Path(__file__).parents[2].parent / "shared" / "validation" / "accident_cases.csv"


def test_the_shelf():
    assert scenarios.names() == NAMES
    assert parks() == ("lantern-bay",)
    with pytest.raises(LayoutError, match="did you mean 'lantern-bay'"):
        park_path("lantern-bey")


def test_the_park_is_sound(park):
    assert twin.check_layout(park_path("lantern-bay")) == ()
    assert not park.site.anchored
    xmin, ymin, xmax, ymax = park.bounds
    assert 1000.0 < xmax - xmin < 1600.0
    assert 1000.0 < ymax - ymin < 1500.0
    for asset in park:
        assert asset.notes.get("name") or asset.kind == "walkway"


def test_every_place_of_people_reaches_muster_points_on_all_sides(park):
    """One connected network, and for any wind at least two muster points upwind of any loading bay."""
    from math import cos, radians, sin

    network = park.network("walkway")
    assert int(network.component.max()) == 0
    nodes = set(zip(network.node_x.round(3), network.node_y.round(3), strict=True))
    for kind in ("door", "muster_point", "gate"):
        for asset in park.assets(kind):
            assert (round(asset.x, 3), round(asset.y, 3)) in nodes, asset.tag
    doors = [door.shape for door in park.assets("door")]
    for kind in ("building", "control_room", "fire_station"):
        for asset in park.assets(kind):
            assert min(asset.shape.distance(door) for door in doors) < 1e-9, asset.tag
    musters = park.assets("muster_point")
    sources = [*park.assets("loading_bay"), park["DP-301"]]
    for source in sources:
        for wind_from in range(0, 360, 10):
            east, north = sin(radians(wind_from)), cos(radians(wind_from))  # towards where the wind comes from
            upwind = [m for m in musters if (m.x - source.x) * east + (m.y - source.y) * north > 0.0]
            assert len(upwind) >= 2, (source.tag, wind_from)


def test_nothing_solid_overlaps(park):
    from itertools import combinations

    solid = [a for a in park if a.shape.geom_type == "Polygon" and a.kind not in ("area", "bund", "water")]
    assert [(a.tag, b.tag) for a, b in combinations(solid, 2) if a.shape.distance(b.shape) < 3.0] == []
    ways = [a for a in park if a.kind in ("walkway", "road")]
    crossed = {
        (a.tag, w.tag) for a in solid for w in ways if a.kind != "village" and a.shape.buffer(-0.1).intersects(w.shape)
    }
    assert crossed == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_library_scenario_is_complete(name, park):
    drill = scenarios.load(name)
    assert scenarios.check(scenarios.library_path() / f"{name}.yaml") == ()
    assert scenarios.fit(drill, park) == ()
    assert scenarios.layout_files(drill).paths == (park_path("lantern-bay"),)
    assert 400 <= sum(group.count for group in drill.population) <= 1500
    assert 6 <= len(drill.plan.steps) <= 10
    assert len(drill.expectations) >= 6
    assert sum(e.rule.kind == "outcome" for e in drill.expectations) == 1
    assert len(drill.gates) == 3
    assert 2 <= len(drill.injects) <= 4
    assert len(drill.alternatives) >= 4
    assert drill.time.horizon <= 3600.0
    acts = {order.action for alternative in drill.alternatives for order in alternative.orders}
    assert {"shelter", "evacuate"} <= acts
    for text in (drill.title, drill.summary, *(o.title for o in drill.objectives), *(i.text for i in drill.injects)):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)
        assert text.en.isascii()


@pytest.mark.parametrize("name", NAMES)
def test_every_physical_figure_says_where_it_comes_from(name):
    drill = scenarios.load(name)
    said = {source.field.split(".")[0] for source in drill.provenance}
    assert {"releases", "weather", "population", "plan"} <= said
    assert all(len(source.note) > 20 for source in drill.provenance)


def test_festus_figures():
    """48,000 lb in 3 h (US CSB), converted by hand: 48 000 * 0.45359237 kg / 10 800 s = 2.016 kg/s."""
    release = scenarios.load("chlorine-hose-night").releases[0]
    assert release.mass_rate == pytest.approx(48_000 * 0.45359237 / 10_800, rel=0.01)  # written with two digits
    assert release.duration == 10_800.0


def test_houston_figures():
    drill = scenarios.load("ammonia-puff")
    assert drill.releases[0].mass == 19_000.0
    assert drill.weather.wind.speed == pytest.approx(5.8 * 0.44704, abs=0.05)  # 5.8 mph, written with two digits
    assert drill.weather.wind.from_ == 247.5  # WSW is the eleventh of sixteen points: 11 * 22.5
    computed = 7509 * 3.785411784 * 0.62 / 1000  # US gallons at 0.62 kg/L, in tonnes
    assert computed == pytest.approx(17.6, abs=0.05)
    note = next(s.note for s in drill.provenance if s.field == "releases.R1.mass")
    assert "17.6 t" in note
    assert "19 t" in note


@pytest.mark.skipif(not CASES.is_file(), reason="the case library is not here")
@pytest.mark.parametrize("name", NAMES)
def test_the_cases_named_are_in_the_case_library(name):
    with CASES.open(encoding="utf-8") as stream:
        known = {row["case_id"] for row in csv.DictReader(stream)}
    assert set(scenarios.load(name).meta.case_ref) <= known


def test_a_reviewer_is_warned_of_tight_deadlines_and_of_figures_without_a_source(tmp_path, small):
    file = tmp_path / "drill.yaml"
    file.write_text(
        small.replace("{uniform: [20 s, 40 s]}", "{uniform: [20 s, 40 s]}\n      deadline: 35 s"), encoding="utf-8"
    )
    late, unsourced = scenarios.check(file)
    assert late.severity == unsourced.severity == "warning"
    assert "30 s at the medians and 38 s at the 90% quantile" in late.what  # 20 + 0.9 * 20
    assert "mass_rate of release 'R1'" in unsourced.what
    assert scenarios.load(file).plan.steps[0].deadline == 35.0
