"""Package URLs (https://github.com/package-url/purl-spec), written without a parser: thousands a lock file."""

from __future__ import annotations

from urllib.parse import quote

from lockgate.lazy_pattern import lazy_pattern

_TYPES = {
    "PyPI": "pypi",
    "npm": "npm",
    "Go": "golang",
    "crates.io": "cargo",
    "Maven": "maven",
    "NuGet": "nuget",
    "RubyGems": "gem",
    "Packagist": "composer",
    "Pub": "pub",
    "Hex": "hex",
    "SwiftURL": "swift",
    "ConanCenter": "conan",
}
_PLAIN = lazy_pattern(r"[A-Za-z0-9._~:-]*").fullmatch
_LOWER = frozenset({"pypi", "npm", "golang", "composer", "hex"})


def purl(ecosystem: str, name: str, version: str) -> str:
    """The package URL of a component, or an empty string for an ecosystem that has no type."""
    kind = _TYPES.get(ecosystem)
    if kind is None or not name:
        return ""
    if kind == "maven":
        name = name.replace(":", "/", 1)
    if kind in _LOWER:
        name = name.lower()
    path = "/".join(_quoted(part) for part in name.split("/") if part)
    return f"pkg:{kind}/{path}@{_quoted(version)}" if version else f"pkg:{kind}/{path}"


def _quoted(text: str) -> str:
    return text if _PLAIN(text) else quote(text, safe=":-._~")
