"""Ways become a network: where they meet and where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

import twin
from twin.network import Network, build_network


def way(
    tag: str, *points: tuple[float, float], kind: str = "walkway", width: float | None = 2.0, **notes: str
) -> twin.Asset:
    attributes = {} if width is None else {"width": width}
    layer = "road" if kind == "road" else "walkway"
    return twin.Asset(tag=tag, kind=kind, layer=layer, shape=LineString(points), attributes=attributes, notes=notes)


def edges(network: Network) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    at = [(round(x, 6), round(y, 6)) for x, y in zip(network.node_x.tolist(), network.node_y.tolist(), strict=True)]
    return {tuple(sorted((at[a], at[b]))) for a, b in zip(network.tail, network.head, strict=True)}  # type: ignore[misc]


def test_a_single_bent_way() -> None:
    net = build_network([way("W", (0, 0), (3, 4), (3, 10))])
    assert (net.node_x.tolist(), net.node_y.tolist()) == ([0, 3, 3], [0, 4, 10])
    assert (net.tail.tolist(), net.head.tolist()) == ([0, 1], [1, 2])
    assert net.length.tolist() == [5.0, 6.0]
    assert (net.tags, net.kinds, net.width.tolist()) == (("W", "W"), ("walkway", "walkway"), [2.0, 2.0])
    assert net.components == 1
    assert repr(net) == "<Network of 3 nodes and 2 segments, 11 m, 1 connected part>"
    with pytest.raises(ValueError, match="read-only"):
        net.node_x[0] = 1.0


def test_ways_meet_at_a_shared_point_even_in_the_middle() -> None:
    net = build_network([way("A", (0, 0), (5, 0), (10, 0)), way("B", (5, -5), (5, 0), (5, 5))])
    assert net.components == 1
    assert np.bincount(np.concatenate([net.tail, net.head])).max() == 4


@pytest.mark.parametrize(("gap", "parts"), [(0.0, 1), (0.3, 1), (-0.3, 1), (0.49, 1), (0.51, 2), (5.0, 2)])
def test_an_end_near_another_way_joins_it(gap: float, parts: int) -> None:
    net = build_network([way("A", (0, 0), (10, 0)), way("B", (4, gap), (4, 8))])
    assert net.components == parts
    if parts == 1:
        assert len(net) == 3
        assert net.length.sum() == pytest.approx(10 + 8 - gap, abs=0.5)


@pytest.mark.parametrize(("gap", "parts"), [(0.4, 1), (0.6, 2)])
def test_ends_near_each_other_are_one_node(gap: float, parts: int) -> None:
    net = build_network([way("A", (0, 0), (10, 0)), way("B", (10 + gap, 0), (20, 0))])
    assert (net.components, net.node_x.size) == (parts, 2 + parts)


def test_crossing_ways_meet() -> None:
    net = build_network([way("A", (0, 0), (10, 0)), way("B", (4, -5), (4, 5))])
    assert net.components == 1
    assert edges(net) == {((0, 0), (4, 0)), ((4, 0), (10, 0)), ((4, -5), (4, 0)), ((4, 0), (4, 5))}


@pytest.mark.parametrize("notes", [{"bridge": "yes"}, {"tunnel": "yes"}, {"layer": "1"}])
def test_a_bridge_does_not_meet_what_it_crosses(notes: dict[str, str]) -> None:
    below = way("A", (0, 0), (10, 0))
    assert build_network([below, way("B", (4, -5), (4, 5), **notes)]).components == 2
    assert build_network([below, way("B", (4, 0.2), (4, 5), **notes)]).components == 2
    # Its ends meet the ways that lead on to it.
    net = build_network([below, way("B", (4, -5), (4, 5), **notes), way("C", (4, 5), (4, 9)), way("D", (4, 9), (9, 0))])
    assert net.components == 1
    assert ((4, 0), (4, 5)) not in edges(net)


def test_a_way_drawn_twice_counts_once_with_the_wider_width() -> None:
    net = build_network(
        [
            way("A", (0, 0), (10, 0), width=1.0),
            way("B", (2, 0), (8, 0), width=3.0),
            way("C", (0, 0), (10, 0), width=None),
        ]
    )
    assert edges(net) == {((0, 0), (2, 0)), ((2, 0), (8, 0)), ((8, 0), (10, 0))}
    assert dict(zip(net.tags, net.width.tolist(), strict=True)) == {"A": 1.0, "B": 3.0}


def test_an_unknown_width_is_not_a_number() -> None:
    assert np.isnan(build_network([way("A", (0, 0), (1, 0), width=None)]).width).all()


def test_a_ring_and_a_finely_drawn_curve_stay_what_they_are() -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 41)
    ring = build_network([way("R", *zip(20 * np.cos(turn), 20 * np.sin(turn), strict=True))])
    assert (ring.node_x.size, len(ring), ring.components) == (40, 40, 1)
    fine = build_network([way("F", *((0.1 * i, 0.0) for i in range(50)))])
    assert (fine.node_x.size, len(fine)) == (50, 49)


def test_a_way_crosses_itself() -> None:
    net = build_network([way("L", (0, 0), (10, 0), (10, 10), (5, 10), (5, -5))])
    assert len(net) == 6
    assert ((0, 0), (5, 0)) in edges(net)


def test_what_is_no_line_is_passed_over() -> None:
    point = twin.Asset(tag="P", kind="gate", layer="walkway", shape=Point(0, 0))
    empty = build_network([point])
    assert (len(empty), empty.components, empty.node_x.shape, empty.tail.dtype) == (0, 0, (0,), np.int64)
    many = twin.Asset(tag="M", kind="road", layer="road", shape=MultiLineString([[(0, 0), (1, 0)], [(5, 5), (6, 5)]]))
    assert build_network([many]).components == 2


coordinate = st.integers(-20, 20).map(float)
lines = st.lists(
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=4, unique=True), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=60)
@given(lines)
def test_nothing_is_lost_or_made(given_lines: list[list[tuple[float, float]]]) -> None:
    """Noding keeps the length of the union of all lines, up to the joining of what lies within half a metre."""
    from shapely import union_all

    net = build_network([way(f"W{i}", *points) for i, points in enumerate(given_lines)])
    whole = union_all([LineString(p) for p in given_lines])
    # Each end of a way may be moved by up to the join distance once for each other way, and every move changes the two
    # or three pieces that meet there; crossings alone change nothing.
    moved = len(given_lines) * 2 * max(len(given_lines) - 1, 0)
    assert abs(net.length.sum() - whole.length) <= 0.5 * 3 * moved + 1e-6
    assert net.length.min() > 0.0
    assert np.all(net.tail < net.head)
    assert len(set(zip(net.tail.tolist(), net.head.tolist(), strict=True))) == len(net)
    assert np.all(net.component[net.tail] == net.component[net.head])
    assert set(net.tail.tolist()) | set(net.head.tolist()) == set(range(net.node_x.size))


@settings(deadline=None, max_examples=40)
@given(lines, st.randoms(use_true_random=False))
def test_the_order_of_ways_does_not_change_what_is_connected(
    given_lines: list[list[tuple[float, float]]], random: object
) -> None:
    ways = [way(f"W{i}", *points) for i, points in enumerate(given_lines)]
    shuffled = list(ways)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = build_network(ways), build_network(shuffled)
    assert one.components == two.components
