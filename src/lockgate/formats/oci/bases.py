"""Which image another one was built on: by what its builder states, or by the layers it begins with.

A builder puts its layers on those of the base and leaves these as they are, so an image whose layers unpacked are the
first ones of another is its base, or a base of its base; of several the one with most layers is nearest. What a label
says is the word of whoever built the image, and it counts first: it names a base also where that is no longer known.
Where it states a name alone, a known image of that name whose layers are the first ones tells which one it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image as far as bases go."""

    digest: str
    name: str
    diff_ids: tuple[str, ...]
    """Digests of its layers unpacked, from the base up; empty texts where they are not known."""
    base_name: str = ""
    """As its builder states it."""
    base_digest: str = ""
    index_digest: str = ""
    """Of the index it was chosen from: a builder may state that one."""


@dataclass(frozen=True, slots=True)
class Base:
    """What an image stands on."""

    name: str
    digest: str
    """Empty where only a name is stated."""
    layers: int = 0
    """How many layers of the image are the base's; 0 where that is not known."""


def begins_with(image: Sequence[str], base: Sequence[str]) -> bool:
    """Whether layers of ``image`` go on where all of ``base`` end; both as digests unpacked."""
    return 0 < len(base) < len(image) and all(base) and tuple(image[: len(base)]) == tuple(base)


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """What names the first layer, the first two, and so on up to all of them: of an image and its base one is the same.

    Source: OCI image-spec 1.1, config.md, "Layer ChainID". Nothing where a layer's digest is not known.
    """
    found: list[str] = []
    for one in diff_ids if all(diff_ids) else ():
        text = f"{found[-1]} {one}".encode() if found else b""
        found.append(f"sha256:{hashlib.sha256(text).hexdigest()}" if found else one)
    return found


def same_name(one: str, other: str) -> bool:
    """Whether two names, each as a record or a label may write it, are one without their digests."""
    return _normal(one) == _normal(other) != ""


def _normal(name: str) -> str:
    try:
        return str(references.parse(name.partition("@")[0]))
    except FormatError:
        return name


def base_of(image: KnownImage, known: Iterable[KnownImage]) -> Base | None:
    """The base of ``image`` among ``known``; None where neither a label nor a layer tells."""
    below = [one for one in known if begins_with(image.diff_ids, one.diff_ids)]
    stated = [one for one in below if image.base_digest and image.base_digest in (one.digest, one.index_digest)]
    if image.base_name and not image.base_digest:
        called = [one for one in below if same_name(one.name, image.base_name)]
        if not called:
            return Base(image.base_name, "")
        one = max(called, key=lambda one: (len(one.diff_ids), one.digest))
        return Base(image.base_name, one.digest, len(one.diff_ids))
    if image.base_digest:
        layers = len(stated[0].diff_ids) if stated else 0
        return Base(image.base_name or (stated[0].name if stated else ""), image.base_digest, layers)
    if not below:
        return None
    nearest = max(below, key=lambda one: (len(one.diff_ids), one.name, one.digest))
    return Base(nearest.name, nearest.digest, len(nearest.diff_ids))


def stale(images: Iterable[KnownImage], base: KnownImage, *, known: Iterable[KnownImage]) -> list[KnownImage]:
    """The images that stand on an older image called as ``base`` is: what must be built anew now that it has moved.

    ``known``: images that may be bases, older ones of that name among them. One that states the digest of ``base``, or
    begins with its layers, is not stale.
    """
    candidates = list(known)
    found = []
    for one in images:
        stated = one.base_digest and one.base_digest in (base.digest, base.index_digest)
        if stated or begins_with(one.diff_ids, base.diff_ids):
            continue
        standing = base_of(one, candidates)
        if standing is not None and standing.name == base.name and standing.digest != base.digest:
            found.append(one)
    return found
