"""Names of images, and replacing their parts.

A part that could be read as another one the next time would make a mutation grow without end, so the parts are checked
when the mutator is loaded. Source: gatekeeper ``pkg/mutation/mutators/assignimage/imageparser.go``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lockgate.dataclass import dataclass

_DOMAIN = r"^\w[\w\-_]*\.[\w\-_\.]*[\w](:\d+)?$|^localhost(:\d+)?$"
_PATH = r"^[a-z0-9]+(?:(?:(?:[._/]|__|[-]*)[a-z0-9]+)+)?$"
_TAG = r"^:[\w][\w.-]{0,127}$|^@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9A-Fa-f]{32,}$"


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of an image's name; empty where there is none."""

    domain: str = ""
    """``registry.example.com:5000``, without a slash."""
    path: str = ""
    tag: str = ""
    """Tag or digest with its sign: ``:1.2`` or ``@sha256:...``."""

    @classmethod
    def parse(cls, reference: str) -> Image:
        """The parts of any text; the first sign of ``:@`` after the domain begins the tag."""
        head, slash, rest = reference.partition("/")
        domain = head if slash and ("." in head or ":" in head or head == "localhost") else ""
        remainder = rest if domain else reference
        ends = [at for at in (remainder.find(":"), remainder.find("@")) if at >= 0]
        split = min(ends, default=len(remainder))
        return cls(domain, remainder[:split], remainder[split:])

    def with_parts(self, parts: Image) -> Image:
        """The same with the parts that ``parts`` sets."""
        return Image(parts.domain or self.domain, parts.path or self.path, parts.tag or self.tag)

    def __str__(self) -> str:
        return (f"{self.domain}/" if self.domain else "") + self.path + self.tag


def part_problem(parts: Image) -> str:
    """Why ``parts`` may not be assigned; empty when they may."""
    if not (parts.domain or parts.path or parts.tag):
        return "at least one of assignDomain, assignPath and assignTag must be given"
    if parts.domain and not _expression(_DOMAIN).search(parts.domain):
        return f"assignDomain is no domain: {parts.domain[:80]!r}"
    if parts.path and not _expression(_PATH).search(parts.path):
        return f"assignPath is no path: {parts.path[:80]!r}"
    if parts.tag and not _expression(_TAG).search(parts.tag):
        return f"assignTag must be a tag with ':' or a digest with '@': {parts.tag[:80]!r}"
    if parts.path and not parts.domain and Image.parse(parts.path).domain:
        return f"assignPath begins like a domain, which assignDomain is for: {parts.path[:80]!r}"
    return ""


@lru_cache(maxsize=8)
def _expression(pattern: str) -> Any:
    import re2

    return re2.compile(pattern)  # type: ignore[no-untyped-call]
