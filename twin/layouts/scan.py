"""Read the text of a layout file and walk through its features with their line numbers."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from twin.errors import LayoutError

__all__ = ["MAX_BYTES", "Document", "RawFeature", "open_document", "scan_features"]

MAX_BYTES = 64 * 2**20
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_MAGIC = {
    b"PK\x03\x04": "a zip archive (a zipped shapefile, KMZ or spreadsheet)",
    b"\x1f\x8b": "gzip compressed",
    b"SQLite format 3": "a GeoPackage or another SQLite file",
    b"%PDF": "a PDF",
    b"\x00\x00\x27\x0a": "a shapefile",
    b"fgb": "a FlatGeobuf",
}


class Document:
    """Text of a file that knows its lines.

    Parameters
    ----------
    name
        File name shown in messages.
    text
        Decoded text.
    sha256
        Hex digest of the bytes.
    """

    __slots__ = ("_starts", "name", "sha256", "text")

    def __init__(self, name: str, text: str, sha256: str) -> None:
        self.name = name
        self.text = text
        self.sha256 = sha256
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        """Line number, from 1, of a character offset."""
        return bisect_right(self._starts, offset)

    def line_of_key(self, key: str, start: int, end: int) -> int:
        """Line of the member called `key` between two offsets; the line of `start` when it is not found."""
        found = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:").search(self.text, start, end)
        return self.line(found.start() if found else start)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeature:
    """One decoded feature: its number from 1, its place in the text, and its content."""

    number: int
    start: int
    end: int
    content: object


def open_document(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read a text file whole, within a size limit.

    Raises
    ------
    LayoutError
        The file is missing, empty, too large, binary or not UTF-8; the message says how to mend it.
    """
    name = path.name
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise LayoutError(
                f"the file has {size / 2**20:.1f} MB, more than the limit of {max_bytes / 2**20:.0f} MB",
                where=name,
                fix="cut it to the park, for example 'ogr2ogr -clipsrc xmin ymin xmax ymax cut.geojson "
                f"{name}', or raise max_bytes",
            )
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(name, siblings, n=3)
        fix = "did you mean " + " or ".join(repr(c) for c in close) + "?" if close else "check the path"
        raise LayoutError("there is no such file", where=str(path), fix=fix) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LayoutError(f"the file cannot be read: {reason}", where=str(path), fix="check the path") from None
    if len(data) > max_bytes:
        raise LayoutError(f"the file is larger than {max_bytes / 2**20:.0f} MB", where=name, fix="raise max_bytes")
    return Document(name, _decode(data, name), hashlib.sha256(data).hexdigest())


def _decode(data: bytes, name: str) -> str:
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise LayoutError("the file is empty", where=name, fix="export it again")
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise LayoutError(f"the file is {what}, not text", where=name, fix="export it as GeoJSON (RFC 7946)")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LayoutError("the file is UTF-16, not UTF-8", where=name, fix="save it as UTF-8")
    if b"\x00" in data:
        raise LayoutError("the file is binary, not text", where=name, fix="export it as GeoJSON (RFC 7946)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LayoutError(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            where=f"{name}:{line}",
            fix="save the file as UTF-8; from a Chinese Windows program it is probably GBK: "
            f"'iconv -f GB18030 -t UTF-8 {name} > utf8.geojson'",
        ) from None


def scan_features(document: Document, members: dict[str, object]) -> Iterator[RawFeature]:
    """Decode the features of a GeoJSON FeatureCollection one after the other.

    Only one feature is held at a time. The other members of the collection are put into `members` as they come.

    Raises
    ------
    LayoutError
        The text is not JSON (with line and column), nested too deeply, or not a FeatureCollection.
    """
    try:
        yield from _walk(document.text, members)
    except json.JSONDecodeError as error:
        raise LayoutError(
            f"not valid JSON: {error.msg}", where=f"{document.name}:{error.lineno}:{error.colno}", fix=_advice(error)
        ) from None
    except RecursionError:
        raise LayoutError(
            "the JSON is nested too deeply", where=document.name, fix="GeoJSON needs no more than ten levels"
        ) from None
    except ValueError as error:  # integers of thousands of digits
        raise LayoutError(f"not readable as JSON: {error}", where=document.name) from None
    kind = members.get("type")
    if kind != "FeatureCollection" or "features" not in members:
        raise LayoutError(_not_a_collection(kind, members), where=document.name, fix=_conversion(kind, members))


def _advice(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "the file holds more than one JSON value; join the features in one FeatureCollection"
    if error.pos >= len(error.doc.rstrip()):
        return "the file is cut off; export it again"
    return "mend the file there"


def _not_a_collection(kind: object, members: dict[str, object]) -> str:
    if kind is None:
        return "the file is JSON but no GeoJSON FeatureCollection: it has no 'type'"
    if kind == "FeatureCollection":
        found = members.get("features", "nothing")
        return f"the FeatureCollection has no list of 'features' but {type(found).__name__ if found else 'nothing'}"
    return f"the file is a {str(kind)[:40]!r}, not a GeoJSON FeatureCollection"


def _conversion(kind: object, members: dict[str, object]) -> str:
    if "elements" in members:
        return "this is Overpass JSON; convert it with osmtogeojson, or export GeoJSON from overpass-turbo"
    if kind == "Topology":
        return "this is TopoJSON; convert it with 'topo2geo'"
    if kind == "CityJSON":
        return "this is CityJSON; export the footprints as GeoJSON"
    return 'wrap it: {"type": "FeatureCollection", "features": [...]}'


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, wanted: str) -> str:
    found = text[at : at + 1]
    if not found or found not in wanted:
        raise json.JSONDecodeError(f"Expecting {' or '.join(repr(c) for c in wanted)}", text, at)
    return found


def _walk(text: str, members: dict[str, object]) -> Iterator[RawFeature]:
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        _DECODER.raw_decode(text, at)
        members["type"] = "list" if text[at : at + 1] == "[" else "single value"
        return
    at = _skip(text, at + 1)
    more = _expect(text, at, '"}') == '"'
    while more:
        _expect(text, at, '"')
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        _expect(text, at, ":")
        at = _skip(text, at + 1)
        if key == "features" and text[at : at + 1] == "[":
            if "features" in members:
                raise json.JSONDecodeError("A second list of 'features'", text, at)
            members["features"] = True
            at = yield from _walk_list(text, at)
        else:
            members[key], at = _DECODER.raw_decode(text, at)
            if key == "features":
                del members[key]
        at = _skip(text, at)
        more = _expect(text, at, ",}") == ","
        if more:
            at = _skip(text, at + 1)
    at = _skip(text, at + 1)
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _walk_list(text: str, at: int) -> Generator[RawFeature, None, int]:
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return at + 1
    number = 0
    while True:
        number += 1
        content, end = _DECODER.raw_decode(text, at)
        yield RawFeature(number=number, start=at, end=end, content=content)
        at = _skip(text, end)
        if _expect(text, at, ",]") == "]":
            return at + 1
        at = _skip(text, at + 1)
