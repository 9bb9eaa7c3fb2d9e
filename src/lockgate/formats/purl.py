"""Package URLs (ECMA-427, https://github.com/package-url/purl-spec): written from a component, and read back.

Written without a parser, because a lock file has thousands. What does not belong: which ecosystem of OSV a
distribution's packages are of (``formats.installed._distribution``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from lockgate.dataclass import dataclass
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
    "CRAN": "cran",
}
ECOSYSTEMS: Mapping[str, str] = {kind: ecosystem for ecosystem, kind in _TYPES.items()}
"""OSV's name of the ecosystem by the type of a package URL; those of distributions need more than the type."""
_PLAIN = lazy_pattern(r"[A-Za-z0-9._~:-]*").fullmatch
_LOWER = frozenset({"pypi", "npm", "golang", "composer", "hex"})
_KIND = lazy_pattern(r"[A-Za-z][A-Za-z0-9.+-]{0,60}\Z")
_KEY = lazy_pattern(r"[a-z][a-z0-9._-]{0,60}\Z")
_LONGEST = 4096
_SEPARATORS = lazy_pattern(r"[-_.]+")


def python_name(name: str) -> str:
    """The one spelling of a name of PyPI (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def purl(ecosystem: str, name: str, version: str) -> str:
    """The package URL of a component, or an empty string for an ecosystem that has no type."""
    kind = _TYPES.get(ecosystem)
    if kind is None or not name:
        return ""
    if kind == "maven":
        name = name.replace(":", "/", 1)
    if kind in _LOWER:
        name = name.lower()
    return _unqualified(kind, name.split("/"), version)


def qualified(kind: str, namespace: str, name: str, version: str, qualifiers: Mapping[str, str]) -> str:
    """A package URL with qualifiers: in the order of their keys, those without a value left out."""
    url = _unqualified(kind, (*namespace.split("/"), name), version)
    rest = "&".join(f"{key}={_quoted(value)}" for key, value in sorted(qualifiers.items()) if value)
    return f"{url}?{rest}" if rest else url


def _unqualified(kind: str, segments: Iterable[str], version: str) -> str:
    path = "/".join(_quoted(part) for part in segments if part)
    return f"pkg:{kind}/{path}@{_quoted(version)}" if version else f"pkg:{kind}/{path}"


def _quoted(text: str) -> str:
    return text if _PLAIN(text) else quote(text, safe=":-._~", errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class PackageUrl:
    """The parts of a package URL, decoded."""

    kind: str
    """The type, in lower case."""
    namespace: str
    """Segments joined by a slash; empty where there is none."""
    name: str
    version: str
    """Empty where it states none."""
    qualifiers: Mapping[str, str]
    subpath: str = ""

    @property
    def full_name(self) -> str:
        """Namespace and name as the ecosystem of the type writes them."""
        if not self.namespace:
            return self.name
        return f"{self.namespace}{':' if self.kind == 'maven' else '/'}{self.name}"


def parse(url: str) -> PackageUrl | None:
    """The parts of ``url``, or None for a text that is no package URL."""
    scheme, colon, rest = url.strip().partition(":")
    if not colon or scheme.lower() != "pkg" or len(url) > _LONGEST:
        return None
    rest, _, subpath = rest.partition("#")
    rest, _, query = rest.partition("?")
    kind, _, path = rest.strip("/").partition("/")
    at = path.rfind("@")
    # The slash before an npm scope may be followed by a bare "@": a version never has a slash behind it.
    head, version = (path[:at], path[at + 1 :]) if at > 0 and "/" not in path[at:] else (path, "")
    segments = [unquote(part) for part in head.split("/") if part]
    if _KIND.match(kind) is None or not segments:
        return None
    qualifiers: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if value and _KEY.match(key.lower()):
            qualifiers.setdefault(key.lower(), unquote(value))
    return PackageUrl(
        kind.lower(), "/".join(segments[:-1]), segments[-1], unquote(version), qualifiers, unquote(subpath.strip("/"))
    )
