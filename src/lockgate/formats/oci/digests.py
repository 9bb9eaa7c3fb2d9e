"""Digests: names of content by its hash, and the hash that checks content while it passes.

Source: OCI image-spec 1.1, descriptor.md. Registered algorithms are sha256 and sha512; content under another one could
not be checked, so it is refused.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

if TYPE_CHECKING:
    from hashlib import _Hash

_GRAMMAR = lazy_pattern(r"[a-z0-9]++(?:[+._-][a-z0-9]++)*+:[a-zA-Z0-9=_-]++")
_HEX = lazy_pattern(r"[0-9a-f]++")
_LENGTHS = {"sha256": 64, "sha512": 128}
_LONGEST = 256


def checked(text: object) -> str:
    """``text`` as a digest that content can be checked against. Raises :class:`FormatError`."""
    if not isinstance(text, str) or len(text) > _LONGEST or not _GRAMMAR.fullmatch(text):
        raise FormatError("a digest is 'algorithm:hex'")
    algorithm, _, encoded = text.partition(":")
    length = _LENGTHS.get(algorithm)
    if length is None:
        raise FormatError("a digest of an algorithm other than sha256 and sha512", kind=SkipKind.UNSUPPORTED)
    if len(encoded) != length or not _HEX.fullmatch(encoded):
        raise FormatError(f"a digest of {algorithm} has {length} lower-case hex digits")
    return text


def hasher(digest: str) -> _Hash:
    """A hash to be fed the content of ``digest``, which :func:`checked` has accepted."""
    return hashlib.new(digest.partition(":")[0], usedforsecurity=True)


def digest_of(content: bytes) -> str:
    """The digest of ``content`` by sha256."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def fits(content: bytes, digest: str) -> bool:
    """Whether ``content`` has ``digest``."""
    made = hasher(digest)
    made.update(content)
    return made.hexdigest() == digest.partition(":")[2]
