"""Python's installed distributions: ``METADATA`` of a ``.dist-info`` folder, ``PKG-INFO`` of an ``.egg-info`` one, or
an ``.egg-info`` that is a file (https://packaging.python.org/en/latest/specifications/core-metadata/)."""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import Content, Installed, Reader, Sibling, text_of
from lockgate.formats.purl import purl, python_name
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component

_ENDINGS = (".dist-info/METADATA", ".egg-info/PKG-INFO", "EGG-INFO/PKG-INFO", ".egg-info")
_MAX = 4 * 1024 * 1024
_NAME = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_LONGEST_LICENCE = 120
"""A longer ``License`` is the whole text of one."""


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    said: dict[str, str] = {}
    for line in text_of(content, _MAX).split("\n"):
        if not line.strip():
            break  # what follows is the description
        if line[0] in " \t":
            continue
        name, _, value = line.partition(":")
        said.setdefault(name.lower(), value.strip())
    name, version = said.get("name", ""), said.get("version", "")
    if _NAME.match(name) is None or not version or " " in version:
        raise FormatError("metadata without a name and a version")
    normal = python_name(name)
    licence = said.get("license-expression") or said.get("license", "")
    return Installed(
        (
            Component(
                "PyPI",
                normal,
                version,
                path,
                licence=licence if len(licence) <= _LONGEST_LICENCE and licence != "UNKNOWN" else "",
                purl=purl("PyPI", normal, version),
            ),
        )
    )


READER = Reader(
    endings=_ENDINGS,
    read=_read,
)
