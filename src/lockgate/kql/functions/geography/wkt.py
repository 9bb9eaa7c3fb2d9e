"""Well-known text (OGC 06-103r4) to GeoJSON. A list of texts gives nothing: only one is read."""

from __future__ import annotations

from lockgate.lazy_pattern import lazy_pattern

_TOKEN = lazy_pattern(r"\s*(?:([A-Za-z]+)|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?)|([(),]))\s*")
_DEPTHS = {
    "POINT": ("Point", 0), "LINESTRING": ("LineString", 1), "POLYGON": ("Polygon", 2), "MULTIPOINT": ("MultiPoint", 1),
    "MULTILINESTRING": ("MultiLineString", 2), "MULTIPOLYGON": ("MultiPolygon", 3),
}  # fmt: skip
_LONGEST, _DEEPEST = 10_000_000, 64


class _Reader:
    """The tokens of a text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.word, self.number, self.mark = "", "", ""
        self.step()

    def step(self) -> None:
        """Goes to the next token. Raises ``ValueError`` for what is none."""
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            if self._text[self._at :].strip():
                raise ValueError(self._at)
            self.word = self.number = self.mark = ""
            return
        self._at = found.end()
        self.word, self.number, self.mark = (one or "" for one in found.groups())

    def take(self, mark: str) -> bool:
        """Whether the token is ``mark``; goes on if so."""
        if self.mark != mark:
            return False
        self.step()
        return True

    def need(self, mark: str) -> None:
        """Goes past ``mark``, or raises ``ValueError``."""
        if not self.take(mark):
            raise ValueError(mark)


def from_wkt(text: object) -> object:
    """The shape as GeoJSON; null when the text is no shape or one of another kind."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        reader = _Reader(text)
        found = _shape(reader, 0)
        return None if reader.word or reader.number or reader.mark else found
    except ValueError:
        return None


def _shape(reader: _Reader, depth: int) -> dict[str, object]:
    kind = reader.word.upper()
    reader.step()
    if reader.word.upper() == "Z":
        reader.step()
    if kind == "GEOMETRYCOLLECTION" and depth < _DEEPEST:
        reader.need("(")
        parts = [_shape(reader, depth + 1)]
        while reader.take(","):
            parts.append(_shape(reader, depth + 1))
        reader.need(")")
        return {"type": "GeometryCollection", "geometries": parts}
    if kind not in _DEPTHS:
        raise ValueError(kind)
    name, levels = _DEPTHS[kind]
    if levels == 0:
        reader.need("(")
        position = _position(reader)
        reader.need(")")
        return {"type": name, "coordinates": position}
    return {"type": name, "coordinates": _positions(reader, levels, loose=kind == "MULTIPOINT")}


def _positions(reader: _Reader, levels: int, *, loose: bool = False) -> list[object]:
    found: list[object] = []
    reader.need("(")
    while True:
        if levels > 1:
            found.append(_positions(reader, levels - 1))
        elif loose and reader.take("("):
            found.append(_position(reader))
            reader.need(")")
        else:
            found.append(_position(reader))
        if not reader.take(","):
            reader.need(")")
            return found


def _position(reader: _Reader) -> list[object]:
    found: list[object] = []
    while reader.number:
        value = float(reader.number)
        found.append(int(value) if value.is_integer() and abs(value) < 2**53 else value)
        reader.step()
    if not 2 <= len(found) <= 4:
        raise ValueError
    return found
