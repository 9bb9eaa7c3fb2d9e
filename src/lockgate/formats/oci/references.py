"""Names of images as people write them: ``registry.example.com:5000/team/cart:1.2@sha256:...``.

The grammar and the normal form are those of the distribution project (``reference/normalize.go``): a first part
without a dot, a port or a capital letter is no host, ``docker.io`` stands where none is named, and ``library/`` before
a name of one part there.
"""

from __future__ import annotations

from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests
from lockgate.lazy_pattern import lazy_pattern

DEFAULT_HOST = "docker.io"
_OLD_HOST = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_PATH = 255
_LONGEST = 1024
_HOST = lazy_pattern(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_PART = r"[a-z0-9]++(?:(?:[._]|__|-++)[a-z0-9]++)*+"
_PATH = lazy_pattern(rf"{_PART}(?:/{_PART})*+")
_TAG = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IDENTIFIER = lazy_pattern(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One image of one registry, in the normal form."""

    host: str
    """With the port where one is named: ``docker.io``, ``127.0.0.1:5000``."""
    path: str
    """The repository: ``library/debian``."""
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Host and repository."""
        return f"{self.host}/{self.path}"

    @property
    def key(self) -> str:
        """What a registry is asked for: the digest, which alone is sure, else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        """The whole name, for people; :func:`parse` reads it again."""
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def at(self, digest: str) -> Reference:
        """The same name at ``digest``."""
        return replace(self, digest=digest)


def parse(text: str) -> Reference:
    """The reference that ``text`` names, with ``latest`` where it has neither tag nor digest.

    Raises :class:`FormatError`.
    """
    if not text or len(text) > _LONGEST:
        raise FormatError("a name of an image has 1 to 1024 characters")
    rest, at, digest = text.partition("@")
    if at:
        digests.checked(digest)
    host, path = _split(rest)
    path, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise FormatError("a tag has up to 128 letters, digits, '_', '.' and '-', and begins with none of the last two")
    if host == DEFAULT_HOST and "/" not in path:
        path = _OFFICIAL + path
    if len(path) > _LONGEST_PATH:
        raise FormatError(f"a repository has at most {_LONGEST_PATH} characters")
    if not _HOST.fullmatch(host):
        raise FormatError("the part before the first '/' is no host")
    if path != path.lower():
        raise FormatError("a repository is written in lower case")
    if not _PATH.fullmatch(path):
        raise FormatError("a repository has parts of letters and digits, joined by '.', '_', '__' or '-'")
    return Reference(host, path, tag if colon or at else "latest", digest)


def _split(text: str) -> tuple[str, str]:
    if _IDENTIFIER.fullmatch(text):
        raise FormatError("64 hex digits are an identifier of an image, not its name")
    first, slash, rest = text.partition("/")
    if not slash or (not any(sign in first for sign in ".:") and first != "localhost" and first == first.lower()):
        return DEFAULT_HOST, text
    return (DEFAULT_HOST if first == _OLD_HOST else first), rest
