"""Results on disk: HDF5 files that xarray opens, the same bytes for the same data.

Each group holds named arrays with named dimensions. An array whose only dimension is its own name is the coordinate of
that dimension. The files follow the netCDF-4 conventions (dimension scales), carry CF-style `units` and `long_name`,
are protected by Fletcher-32 checksums where an array is large enough to be stored in chunks, hold no time stamps, and
appear under their name only when complete.

Examples
--------
>>> import numpy as np, pathlib, tempfile
>>> path = pathlib.Path(tempfile.mkdtemp()) / "result.h5"
>>> rows = {"t": Variable(("t",), np.arange(3.0), "s"), "inside": Variable(("t",), np.array([9, 4, 0]))}
>>> write_h5(path, {"people": rows}, {"seed": 7})
>>> tree, attributes = read_h5(path)
>>> tree["people"]["inside"].data.tolist(), attributes["seed"]
([9, 4, 0], 7)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError

__all__ = ["Attributes", "Variable", "read_h5", "write_h5"]

Attributes = Mapping[str, str | int | float]
_CHUNKED = 65_536  # bytes; smaller arrays are stored in one piece
_OWN = {"units", "long_name", "dtype", "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A named array of a group.

    Parameters
    ----------
    dims
        Name of each dimension.
    data
        Numbers, truth values or texts, of any shape; or rows of named numbers (a structured array).
    units
        SI unit; "" for a plain number (stored as "1").
    long_name
        What it is, one line.
    attributes
        Further texts and numbers told of the array, by name.
    """

    dims: tuple[str, ...]
    data: NDArray[Any]
    units: str = ""
    long_name: str = ""
    attributes: Attributes = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dims", tuple(self.dims))
        object.__setattr__(self, "data", np.asarray(self.data))
        if len(self.dims) != self.data.ndim:
            raise TwinError(
                f"{len(self.dims)} dimension names {self.dims} for an array of {self.data.ndim} dimensions",
                where=self.long_name,
            )


def write_h5(path: str | Path, tree: Mapping[str, Mapping[str, Variable]], attributes: Attributes) -> None:
    """Write groups of arrays to a file, whole or not at all.

    Parameters
    ----------
    path
        File; an old one is replaced at the last moment.
    tree
        Arrays by name for each group; "" is the root, "people/tracks" a group in a group. Within a group a dimension
        has one length.
    attributes
        Texts and numbers of the file as a whole.

    Raises
    ------
    TwinError
        Names or lengths do not fit together, or an array is of a type that cannot be stored.
    OSError
        The disk is full or the folder is not writable; the old file is untouched.
    """
    import h5py

    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
            for name in sorted(attributes):
                file.attrs[name] = _attribute(name, attributes[name])
            for group in sorted(tree):
                _write_group(file if group in {"", "/"} else file.require_group(group), group, tree[group])
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _attribute(name: str, value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return np.int8(value)
    if isinstance(value, str | int | float | np.integer | np.floating):
        return value
    raise TwinError(f"the attribute {name!r} is {type(value).__name__}", where="write_h5", fix="store text or a number")


def _write_group(group: Any, place: str, rows: Mapping[str, Variable]) -> None:
    sizes = _sizes(place, rows)
    scales = {}
    for dim in sorted(sizes):
        if dim in rows:
            scales[dim] = _write_array(group, f"{place}/{dim}", dim, rows[dim])
            scales[dim].make_scale(dim)
        else:
            scales[dim] = group.create_dataset(dim, shape=(sizes[dim],), dtype=">f4", track_times=False)
            scales[dim].make_scale(f"{_NO_VARIABLE}{sizes[dim]:10d}")
    for name in sorted(rows):
        if name in scales:
            continue
        array = _write_array(group, f"{place}/{name}", name, rows[name])
        for axis, dim in enumerate(rows[name].dims):
            array.dims[axis].attach_scale(scales[dim])


def _sizes(place: str, rows: Mapping[str, Variable]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, row in rows.items():
        if not name or "/" in name:
            raise TwinError(f"{name!r} is no name of an array", where=place, fix="put it into a group of its own")
        for dim, size in zip(row.dims, row.data.shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise TwinError(
                    f"the dimension {dim!r} has {size} entries in {name!r} but {sizes[dim]} before", where=place
                )
    for dim in sizes:
        if dim in rows and rows[dim].dims != (dim,):
            raise TwinError(
                f"{dim!r} is a dimension, but the array of that name has the dimensions {rows[dim].dims}",
                where=place,
                fix="give one of them another name",
            )
    return sizes


def _write_array(group: Any, place: str, name: str, row: Variable) -> Any:
    import h5py

    data = row.data
    options: dict[str, Any] = {"track_times": False}
    if data.dtype.kind in "UOT":
        if not all(isinstance(item, str) for item in data.ravel().tolist()):
            raise TwinError("an array of objects can hold texts only", where=place)
        data, options["dtype"] = data.astype(object), h5py.string_dtype()
    elif data.dtype.kind == "b":
        data = data.astype("<i1")
    elif data.dtype.names is not None and all(data.dtype[key].kind in "iuf" for key in data.dtype.names):
        pass
    elif data.dtype.kind in "iuf" and data.dtype.itemsize <= 8:
        data = data.astype(data.dtype.newbyteorder("<"))
    else:
        raise TwinError(f"an array of {data.dtype} cannot be stored", where=place, fix="convert it to float64")
    if data.dtype.kind != "O" and data.nbytes > _CHUNKED:
        options |= {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True}
    array = group.create_dataset(name, data=data, **options)
    if row.data.dtype.kind == "b":
        array.attrs["dtype"] = "bool"  # the sign by which xarray knows a truth value
    if data.dtype.kind != "O":
        array.attrs["units"] = row.units or "1"
    if row.long_name:
        array.attrs["long_name"] = row.long_name
    for key in sorted(row.attributes):
        array.attrs[key] = _attribute(key, row.attributes[key])
    return array


def read_h5(path: str | Path) -> tuple[dict[str, dict[str, Variable]], dict[str, str | int | float]]:
    """Read a file of :func:`write_h5` back.

    Returns
    -------
    tree : dict
        Arrays by name for each group that has any; "" is the root.
    attributes : dict
        Texts and numbers of the file as a whole.

    Raises
    ------
    TwinError
        The file is missing, not HDF5, cut off, or its checksums do not fit.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise TwinError("there is no such file", where=str(path), fix="check the path")
    tree: dict[str, dict[str, Variable]] = {}
    try:
        with h5py.File(path, "r") as file:
            attributes = {name: _plain(value) for name, value in file.attrs.items() if not name.startswith("_")}
            _read_group(file, "", tree)
    except OSError as error:
        raise TwinError(
            f"the file cannot be read: {str(error)[:200]}",
            where=path.name,
            fix="it is damaged or no HDF5 file; write it again from the scenario and seed",
        ) from None
    return tree, attributes


def _read_group(group: Any, place: str, tree: dict[str, dict[str, Variable]]) -> None:
    import h5py

    rows = {}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            _read_group(item, f"{place}/{name}".lstrip("/"), tree)
        elif not _text(item.attrs.get("NAME", "")).startswith(_NO_VARIABLE):
            rows[name] = _read_array(name, item)
    if rows:
        tree[place] = rows


def _read_array(name: str, item: Any) -> Variable:
    dims = (name,) if item.is_scale else tuple(item.dims[axis][0].name.rpartition("/")[2] for axis in range(item.ndim))
    content = item.asstr()[()] if item.dtype.kind == "O" else item[()]
    data = np.asarray(content).astype(str) if item.dtype.kind == "O" else np.asarray(content)
    if _text(item.attrs.get("dtype", "")) == "bool":
        data = data.astype(bool)
    units = _text(item.attrs.get("units", ""))
    told = {key: _plain(value) for key, value in item.attrs.items() if key not in _OWN and not key.startswith("_")}
    return Variable(dims, data, "" if units == "1" else units, _text(item.attrs.get("long_name", "")), told)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> str | int | float:
    if isinstance(value, bytes | str):
        return _text(value)
    answer: str | int | float = value.item() if isinstance(value, np.generic) else value
    return answer
