"""Sections between valves on parks drawn by hand, with the expected answer drawn beside them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

import twin
from plant_models.equipment import new_asset
from plant_models.inventory import asset_inventory
from plant_models.parks import park_path
from plant_models.sections import inventory_released, isolatable_section
from twin.assets import Asset, Link
from twin.errors import LayoutError, ModelError, TwinError, UnitError
from twin.readings import Reading

CHLORINE = {"substance": "chlorine", "pressure": 8e5, "temperature": 293.15}


def asset(tag: str, number: int = 0, **attributes: object) -> Asset:
    """An asset whose kind is read from its tag: T vessel of 10 t, P pipe, XV valve, CV check valve and so on."""
    stem = tag.partition("-")[0]
    x = 10.0 * number
    if stem == "T":
        return new_asset("vessel", tag, x=x, y=0.0, **({**CHLORINE, "inventory": 1e4} | attributes))
    if stem == "P":
        line = LineString([(x, 1.0), (x + 5.0, 1.0)])
        return new_asset("pipe", tag, shape=line, **({**CHLORINE, "diameter": 0.1} | attributes))
    kinds = {"XV": "valve", "CV": "check_valve", "PSV": "relief_valve", "BL": "battery_limit", "PU": "pump"}
    kinds |= {"B": "building", "FL": "flare", "GD": "detector"}
    return new_asset(kinds[stem], tag, x=x, y=2.0, **attributes)


def drawn(*lines: str, isolates: dict[str, str] | None = None, **attributes: dict[str, object]) -> twin.Twin:
    """A park from lines such as ``"T-1 > XV-1 > P-1"``; `attributes` by tag with _ for -."""
    tags: dict[str, None] = {}
    links = []
    for line in lines:
        names = [name.strip() for name in line.split(">")]
        tags |= dict.fromkeys(names)
        links += [Link(source=a, target=b, layer="process", relation="flows_to") for a, b in pairwise(names)]
    for valve, others in (isolates or {}).items():
        tags |= dict.fromkeys([valve, *others.split()])
        links += [Link(source=valve, target=t, layer="process", relation="isolates") for t in others.split()]
    assets = [asset(t, n, **attributes.get(t.replace("-", "_"), {})) for n, t in enumerate(tags)]
    return twin.Twin(assets, links)


def seen(park: twin.Twin, tag: str, *failed: str) -> tuple[set[str], set[str]]:
    section = isolatable_section(park, tag, valves_failed=failed)
    return set(section.inside), {valve.tag for valve in section.valves}


#   T-1 --XV-1-- P-1 --XV-2-- T-2 -- P-2 --XV-3-- T-3
CHAIN = ("T-1 > XV-1 > P-1 > XV-2 > T-2 > P-2 > XV-3 > T-3",)


@pytest.mark.parametrize(
    ("tag", "failed", "inside", "valves"),
    [
        ("P-1", (), "P-1", "XV-1 XV-2"),
        ("T-1", (), "T-1", "XV-1"),
        ("P-2", (), "T-2 P-2", "XV-2 XV-3"),
        ("P-1", ("XV-1",), "T-1 P-1", "XV-2"),
        ("P-1", ("XV-2",), "P-1 T-2 P-2", "XV-1 XV-3"),
        ("P-1", ("XV-1", "XV-2", "XV-3"), "T-1 P-1 T-2 P-2 T-3", ""),
        ("T-3", ("XV-1",), "T-3", "XV-3"),  # a failed valve elsewhere changes nothing
    ],
)
def test_a_chain_of_valves(tag, failed, inside, valves):
    assert seen(drawn(*CHAIN), tag, *failed) == (set(inside.split()), set(valves.split()))


#          T-1
#           |XV-1
#   T-2 --- P-1 --XV-2-- P-2 --- T-3       a header with branches, and a loop P-2 > T-3 > P-2
def test_branches_and_a_loop():
    park = drawn("T-1 > XV-1 > P-1", "T-2 > P-1", "P-1 > XV-2 > P-2", "P-2 > T-3 > P-2")
    assert seen(park, "P-1") == ({"P-1", "T-2"}, {"XV-1", "XV-2"})
    assert seen(park, "T-3") == ({"P-2", "T-3"}, {"XV-2"})


#   T-1 ----- P-1 ----- T-2        XV-1 stands nowhere in particular: it only says that it isolates P-1
def test_valves_that_only_say_what_they_isolate():
    park = drawn("T-1 > P-1 > T-2", isolates={"XV-1": "P-1"})
    assert seen(park, "P-1") == ({"P-1"}, {"XV-1"})
    assert seen(park, "T-1") == ({"T-1"}, {"XV-1"})
    assert seen(park, "P-1", "XV-1") == ({"T-1", "P-1", "T-2"}, set())
    # What is isolated together hangs together.
    both = drawn("T-1 > P-1 > T-2", isolates={"XV-1": "P-1 T-2"})
    assert seen(both, "P-1") == ({"P-1", "T-2"}, {"XV-1"})
    # An asset without lines of its own.
    alone = drawn("T-1 > P-1", isolates={"XV-1": "PU-1"})
    assert seen(alone, "PU-1") == ({"PU-1"}, {"XV-1"})
    assert not isolatable_section(alone, "PU-1").unbounded


#   T-1 --XV-1-- P-1 ----- T-2     XV-1 says it isolates P-1, but it stands in the line: T-2 stays connected
def test_the_line_knows_better_than_the_list():
    park = drawn("T-1 > XV-1 > P-1 > T-2", isolates={"XV-1": "P-1"})
    assert seen(park, "P-1") == ({"P-1", "T-2"}, {"XV-1"})


#   T-1 -- P-1 --CV-1--> P-2 -- T-2
def test_a_check_valve_keeps_what_is_downstream():
    park = drawn("T-1 > P-1 > CV-1 > P-2 > T-2")
    assert seen(park, "P-1") == ({"T-1", "P-1"}, set())
    assert seen(park, "P-2") == ({"T-1", "P-1", "P-2", "T-2"}, set())
    assert seen(park, "P-1", "CV-1") == ({"T-1", "P-1", "P-2", "T-2"}, set())


#   T-1 -- PSV-1 -- P-1 -- FL-1
def test_a_relief_valve_is_shut():
    park = drawn("T-1 > PSV-1 > P-1 > FL-1")
    assert seen(park, "T-1") == ({"T-1"}, set())
    assert isolatable_section(park, "T-1").connected_mass == pytest.approx(1e4)
    assert seen(park, "T-1", "PSV-1") == ({"T-1", "P-1", "FL-1"}, set())


#   BL-1 --XV-1-- P-1 --XV-2-- T-1        supply from outside the park
#   P-2 > XV-3 > T-2                      nothing drawn before P-2
#   B-1 > P-3 > T-3                       a building that feeds
@pytest.mark.parametrize(
    ("tag", "failed", "sources"),
    [
        ("P-1", (), ()),
        ("P-1", ("XV-2",), ()),
        ("P-1", ("XV-1",), ("BL-1",)),
        ("P-2", (), ("P-2",)),
        ("T-2", (), ()),
        ("T-2", ("XV-3",), ("P-2",)),
        ("P-3", (), ("B-1",)),
    ],
)
def test_a_section_fed_without_limit(tag, failed, sources):
    park = drawn("BL-1 > XV-1 > P-1 > XV-2 > T-1", "P-2 > XV-3 > T-2", "B-1 > P-3 > T-3")
    section = isolatable_section(park, tag, valves_failed=failed)
    assert section.sources == sources
    assert section.unbounded is bool(sources)
    assert section.connected_mass == math.inf  # with its valves open each of them is fed
    assert (inventory_released(section, mass_rate=1.0, close_at=0.0).mass == math.inf) is bool(sources)


def test_what_is_inside_by_substance():
    ammonia = {"substance": "ammonia", "pressure": 1.2e6, "inventory": 2e3}
    park = drawn("T-1 > P-1 > T-2 > XV-1 > T-3", T_2=ammonia)
    section = isolatable_section(park, "P-1")
    pipe = asset_inventory(park["P-1"]).mass
    assert section.masses == pytest.approx({"chlorine": 1e4 + pipe, "ammonia": 2e3})
    assert section.mass == pytest.approx(12e3 + pipe)
    assert section.connected_mass == pytest.approx(22e3 + pipe)
    assert {held.tag for held in section.contents} == {"T-1", "P-1", "T-2"}


def test_what_is_not_known_is_said():
    park = drawn("T-1 > PU-1 > P-1")
    section = isolatable_section(park, "T-1")
    assert section.unknown == ("PU-1",)
    assert section.connected_mass == math.inf
    assert "PU-1 are not known" in section.notes[0]


def test_data_that_contradict_are_not_hidden():
    park = drawn("T-1 > P-1", T_1={"volume": 1.0})  # 10 t in a cubic metre
    with pytest.raises(ModelError, match="overfilled"):
        isolatable_section(park, "P-1")


def test_closing_times_remote_flags_and_openings():
    park = drawn(
        "T-1 > XV-1 > P-1 > XV-2 > T-2",
        XV_1={"closing_time": "60 s", "remote": False},
        XV_2={"closing_time": "20 s", "opening": "50 %"},
    )
    section = isolatable_section(park, "P-1")
    assert {v.tag: (v.closing_time, v.remote) for v in section.valves} == {"XV-1": (60.0, False), "XV-2": (10.0, True)}
    assert (section.closing_time, section.remote) == (60.0, False)
    assert isolatable_section(park, "T-2").remote
    # A limit switch says that XV-1 is shut already.
    park.apply(Reading(tag="XV-1.opening", time=datetime(2026, 3, 1, tzinfo=UTC), value=0.0))
    assert isolatable_section(park, "P-1").closing_time == 10.0


def test_mass_released_by_hand():
    section = isolatable_section(drawn(*CHAIN, XV_1={"closing_time": "40 s"}), "P-1")
    pipe = asset_inventory(drawn(*CHAIN)["P-1"]).mass
    # 5 kg/s for 60 s, then falling to 0 within 40 s: 300 + 5 · 40/2 = 400 kg, then the pipe drains.
    out = inventory_released(section, mass_rate=5.0, close_at=60.0)
    assert (out.before, out.closing) == (300.0, 100.0)
    assert out.mass == pytest.approx(400.0 + pipe)
    assert inventory_released(section, mass_rate=5.0, close_at=60.0, drained=0.5).mass == pytest.approx(
        400.0 + 0.5 * pipe
    )
    # It cannot be more than all that is connected.
    late = inventory_released(section, mass_rate=5.0, close_at=1e6)
    assert late.mass == section.connected_mass
    assert section.connected_mass == pytest.approx(3e4 + 2.0 * pipe)
    assert "limited" in late.notes[0]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"mass_rate": -1.0}, ModelError, "mass_rate is -1.0"),
        ({"mass_rate": math.nan}, ModelError, "mass_rate is nan"),
        ({"close_at": math.inf}, ModelError, "close_at is inf"),
        ({"close_at": "60 s"}, UnitError, "text '60 s'"),
        ({"drained": 1.5}, ModelError, "0 to 1"),
    ],
)
def test_bad_numbers_are_refused(change, error, said):
    section = isolatable_section(drawn(*CHAIN), "P-1")
    with pytest.raises(error) as caught:
        inventory_released(section, **({"mass_rate": 1.0, "close_at": 60.0} | change))
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("tag", "failed", "said"),
    [
        ("P-9", (), "did you mean 'P-2' or 'P-1'"),
        ("XV-1", (), "holds nothing -> name the asset with the leak, such as T-1, P-1"),
        ("GD-1", (), "is a detector"),
        ("P-1", ("XV-9",), "there is no valve 'XV-9'"),
        ("P-1", ("T-1",), "there is no valve 'T-1'"),
        ("P-1", "XV-1", "['XV-1']"),
    ],
)
def test_a_wrong_tag_is_refused(tag, failed, said):
    park = drawn(*CHAIN, "GD-1")
    with pytest.raises(LayoutError) as caught:
        isolatable_section(park, tag, valves_failed=failed)
    assert said in str(caught.value)


# -- what holds for every park

NODES = [f"T-{n}" for n in range(6)]
edges = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda e: e[0] != e[1]), max_size=10)


def network(lines, valved, extra) -> twin.Twin:
    """Vessels joined by lines; a line whose number is in `valved` has a valve in it."""
    chains = [f"{a} > XV-{n} > {b}" if n in valved else f"{a} > {b}" for n, (a, b) in enumerate(lines)]
    return drawn(*NODES, *chains, isolates={f"XV-9{n}": tag for n, tag in enumerate(extra)})


@settings(deadline=None, max_examples=50)
@given(edges, st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.sets(st.sampled_from(NODES)))
def test_more_valves_never_enlarge_a_section(lines, some, more, isolated):
    few, many = network(lines, some, ()), network(lines, some | more, isolated)
    wide, narrow = isolatable_section(few, "T-0"), isolatable_section(many, "T-0")
    assert set(narrow.inside) <= set(wide.inside)
    assert narrow.mass <= wide.mass
    assert narrow.connected_mass == wide.connected_mass  # valves do not change what is connected when they are open


@settings(deadline=None, max_examples=50)
@given(edges, st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_failing_valves_never_shrink_a_section(lines, valved, broken):
    park = network(lines, valved, ())
    failed = [f"XV-{n}" for n in valved & broken if n < len(lines)]
    whole, widened = isolatable_section(park, "T-0"), isolatable_section(park, "T-0", valves_failed=failed)
    assert set(whole.inside) <= set(widened.inside)
    assert not {valve.tag for valve in widened.valves} & set(failed)
    # Seen from any other asset inside it is the same section.
    for tag in widened.inside:
        assert set(isolatable_section(park, tag, valves_failed=failed).inside) == set(widened.inside)


# -- the shipped park


@pytest.fixture(scope="module")
def bay() -> twin.Twin:
    return twin.load_layout(park_path("lantern-bay"))


@pytest.mark.parametrize(
    ("tag", "failed", "inside", "valves"),
    [
        # LB-101 --XV-12-- P-101 --XV-13-- T-101, T-102, T-103;  T-102 --XV-14-- P-102
        ("LB-101", (), "LB-101", "XV-12"),
        ("LB-101", ("XV-12",), "LB-101 P-101", "XV-13"),
        ("LB-101", ("XV-12", "XV-13"), "LB-101 P-101 T-101 T-102 T-103", "XV-14"),
        ("P-102", (), "P-102", "XV-14"),
        # GH-301 --XV-31-- P-301 (with the drip pot DP-301) --XV-32-- BD-POWER
        ("DP-301", (), "P-301 DP-301", "XV-31 XV-32"),
        ("DP-301", ("XV-31",), "GH-301 P-301 DP-301", "XV-32"),
        # V-201 -- P-201 -- LB-201, XV-21 isolates the two last
        ("LB-201", (), "P-201 LB-201", "XV-21"),
        ("P-401", (), "P-401 LB-401", "XV-41"),
    ],
)
def test_lantern_bay(bay, tag, failed, inside, valves):
    assert seen(bay, tag, *failed) == (set(inside.split()), set(valves.split()))


def test_a_shut_main_of_lantern_bay_holds_little(bay):
    """The gas main holds under a tonne: volume π/4 · 1.6² · 375 m, carbon monoxide of 1.22 kg/m³."""
    length = 118.0 + 190.0 + 57.0 + 10.0  # of the drawn line
    by_hand = math.pi / 4.0 * 1.6**2 * length * 113e3 * 28.010e-3 / (8.314463 * 313.15)
    section = isolatable_section(bay, "P-301")
    assert section.masses["carbon monoxide"] == pytest.approx(by_hand, rel=0.01)  # the drip pot adds 2 m³ in 754
    assert not section.unbounded


def test_errors_are_of_the_house(bay):
    with pytest.raises(TwinError):
        isolatable_section(bay, "nowhere")
