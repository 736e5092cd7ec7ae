"""The store: round trip, xarray, the same bytes for the same data, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twin.errors import TwinError
from twin.store import Variable, read_h5, write_h5


def tree(scale: float = 1.0) -> dict[str, dict[str, Variable]]:
    rng = np.random.default_rng(7)
    return {
        "": {"total": Variable((), np.array(3.5 * scale), "kg", "mass released")},
        "field": {
            "t": Variable(("t",), np.arange(5.0), "s", "time since scenario start"),
            "y": Variable(("y",), np.arange(40.0), "m"),
            "x": Variable(("x",), np.arange(60.0), "m"),
            "c": Variable(("t", "y", "x"), scale * rng.random((5, 40, 60)), "kg m⁻³", "concentration"),
        },
        "people/tracks": {
            "name": Variable(("person",), np.array(["Wang", "张三", ""])),
            "inside": Variable(("person",), np.array([True, False, True])),
            "group": Variable(("person",), np.array([1, 2, 3], dtype=np.int16)),
            "nobody": Variable(("none", "person"), np.zeros((0, 3))),
            "no_names": Variable(("none",), np.array([], dtype=str)),
        },
    }


def equal(a: Variable, b: Variable) -> None:
    assert (a.dims, a.units, a.long_name) == (b.dims, b.units, b.long_name)
    assert a.data.shape == b.data.shape
    assert a.data.dtype.kind == b.data.dtype.kind
    np.testing.assert_array_equal(a.data, b.data)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "result.h5"
    text = "schema: drill/1\n" * 10_000  # a text attribute may be longer than 64 kB
    write_h5(path, tree(), {"seed": 7, "scenario": text, "speed": 1.25, "title": "氯气"})
    groups, attributes = read_h5(path)
    assert attributes == {"seed": 7, "scenario": text, "speed": 1.25, "title": "氯气"}
    assert groups.keys() == tree().keys()
    for group, rows in tree().items():
        assert groups[group].keys() == rows.keys()
        for name, row in rows.items():
            equal(groups[group][name], row)


def test_xarray_opens_every_group(tmp_path: Path) -> None:
    path = tmp_path / "result.h5"
    write_h5(path, tree(), {"seed": 7})
    with xr.open_dataset(path, group="field", engine="h5netcdf") as field:
        assert set(field.coords) == {"t", "y", "x"}
        assert field["c"].dims == ("t", "y", "x")
        assert field["c"].attrs == {"units": "kg m⁻³", "long_name": "concentration"}
        assert field["t"].dtype == np.float64  # seconds stay numbers, no time deltas
        np.testing.assert_array_equal(field["c"].sel(t=2.0).values, tree()["field"]["c"].data[2])
    with xr.open_dataset(path, group="people/tracks", engine="h5netcdf") as people:
        assert people["name"].values.tolist() == ["Wang", "张三", ""]
        assert people["inside"].dtype == bool
        assert dict(people.sizes) == {"person": 3, "none": 0}
        assert people["group"].attrs["units"] == "1"
    with xr.open_dataset(path, engine="h5netcdf") as root:
        assert (root.attrs["seed"], root["total"].item()) == (7, 3.5)


def test_the_same_data_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = (tmp_path / n for n in ("1.h5", "2.h5", "3.h5"))
    write_h5(one, tree(), {"a": 1, "b": "x"})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    reordered = {group: dict(reversed(rows.items())) for group, rows in reversed(tree().items())}
    os.utime(one, (0, 0))
    write_h5(two, reordered, {"b": "x", "a": 1})
    assert one.read_bytes() == two.read_bytes()
    write_h5(three, tree(1.0 + 1e-15), {"a": 1, "b": "x"})
    assert one.read_bytes() != three.read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.h5"
    write_h5(path, tree(), {"seed": 1})
    before = path.read_bytes()
    with pytest.raises(TwinError, match="texts only"):
        write_h5(path, {"": {"bad": Variable(("n",), np.array([1, "a", None], dtype=object))}}, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["result.h5"]


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "result.h5"
    write_h5(path, tree(), {})
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    start = whole.find(np.ascontiguousarray(tree()["field"]["x"].data).tobytes())
    assert start > 0  # small arrays lie open in the file; the large field is compressed and checked
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TwinError, match="cannot be read"):
        read_h5(path)
    found = 0
    for _ in range(20):
        damaged = bytearray(whole)
        damaged[-int(rng.integers(2000, 60_000))] ^= 0x10
        path.write_bytes(bytes(damaged))
        try:
            read = read_h5(path)[0]["field"]["c"]
        except (TwinError, KeyError):
            found += 1
        else:
            np.testing.assert_array_equal(read.data, tree()["field"]["c"].data)
    assert found > 0
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(TwinError, match="cannot be read"):
        read_h5(path)
    with pytest.raises(TwinError, match="no such file"):
        read_h5(tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"a": Variable(("n",), np.zeros(3)), "b": Variable(("n",), np.zeros(4))}, "'n' has 4 entries in 'b' but 3"),
        ({"n": Variable(("m",), np.zeros(3)), "b": Variable(("n",), np.zeros(4))}, "'n' is a dimension"),
        ({"a": Variable(("n",), np.zeros(3, dtype=complex))}, "complex128 cannot be stored"),
        ({"a/b": Variable((), np.array(1.0))}, "no name of an array"),
        ({"a": Variable(("n",), np.array(["2026-01-01"], dtype="datetime64[s]"))}, "cannot be stored"),
    ],
)
def test_what_cannot_be_stored_is_refused(rows: dict[str, Variable], what: str, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=what):
        write_h5(tmp_path / "x.h5", {"g": rows}, {})
    assert list(tmp_path.iterdir()) == []


def test_wrong_attributes_and_dimensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="attribute 'a' is NoneType"):
        write_h5(tmp_path / "x.h5", {}, {"a": None})  # type: ignore[dict-item]
    with pytest.raises(TwinError, match="2 dimension names"):
        Variable(("a", "b"), np.zeros(3))


dtypes = st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_])


@settings(deadline=None, max_examples=25)
@given(dtypes.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6))))
def test_any_array_survives(data: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.h5"
        row = Variable(tuple(f"d{i}" for i in range(data.ndim)), data, "m")
        write_h5(path, {"g": {"a": row}}, {})
        back = read_h5(path)[0]["g"]["a"]
        assert back.data.dtype == data.dtype
        equal(back, row)
