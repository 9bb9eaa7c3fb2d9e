"""Which images stand on a base that has moved: by what their builder stated or by their first layers.

A base has moved when its name leads to a digest that is neither the stated one nor an index that has it. What a label
names is the word of whoever built the image: no host is asked but the watched one and those that the settings name.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from lockgate.engine.registry.rebuilding import step
from lockgate.engine.registry.scope import Scope
from lockgate.engine.registry.steps import keep_one
from lockgate.errors import LockgateError, SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests, references
from lockgate.formats.oci.bases import begins_with, chain_ids
from lockgate.formats.oci.manifests import Index
from lockgate.formats.oci.references import Reference
from lockgate.settings.globs import word_matches
from lockgate.sources.image import Image, opened
from lockgate.sources.image.registry import registry_of
from lockgate.sources.image.registry.catalogue import digest_of
from lockgate.store import Record
from lockgate.store.registry.rebuilds import Rebuild, Rebuilds
from lockgate.store.registry.seen import Seen, Standing
from lockgate.transport import AbsentError

_log = logging.getLogger("lockgate.registry")
_BASE = "org.opencontainers.image.base."
_LONGEST = 1_000
"""Characters of a label that are kept."""


def look(scope: Scope, seen: Seen, rebuilds: Rebuilds, record: Record, *, only: tuple[str, ...] = ()) -> int:
    """Hold the bases of what tags name now against their registries; how many images stand on one that has moved and
    were not told before. ``only``: names of bases that are meant, as labels have them; none for all."""
    several: dict[str, list[Standing]] = {}
    for one in seen.standing(only):
        if one.base_digest:
            several.setdefault(one.base_name, []).append(one)
    new = 0
    for name, images in several.items():
        base = base_of(scope, name)
        if base is None:
            continue
        try:
            now = _digests(scope, base)
        except AbsentError:
            continue  # the base is gone: there is nothing to build on
        except SourceError as error:
            _log.warning("the base %s cannot be asked for: %s", name, error)
            continue
        old = [one for one in images if one.base_digest not in now]
        new += _told(scope, old, now[0], rebuilds, record)
    return new


def base_of(scope: Scope, name: str) -> Reference | None:
    """What a label names, where it may be asked for; None where not, and where it is no name, or a digest that
    cannot move."""
    try:
        base = references.parse(name)
    except FormatError:
        return None
    allowed = base.host == scope.registry or base.host in scope.settings.base_registries
    return base if allowed and not base.digest else None


def stated_or_found(scope: Scope, seen: Seen, image: Image, repository: str) -> tuple[str, str]:
    """Name and digest of the base of an image that was just judged: as its builder stated them, else as its layers tell
    among the images of this registry. Both empty where neither does."""
    stated = {**image.config.labels, **image.manifest.annotations}
    name, digest = (stated.get(f"{_BASE}{word}", "")[:_LONGEST] for word in ("name", "digest"))
    if name and not digest:
        digest = digest_under(scope, name, image)
    chains = chain_ids([one.diff_id for one in image.layers])
    if not name:
        name, digest = seen.named_by_chain(chains[:-1]) or ("", "")
    if chains:
        seen.add_chain(repository, image.digest, chains[-1])
    return name, digest


def digest_under(scope: Scope, name: str, image: Image) -> str:
    """The digest of the base that a label names, where the image begins with all of its layers as they are now.

    For builders that state the name alone. Empty where it may not be asked for, is not there, or is another one by now.
    """
    base = base_of(scope, name)
    if base is None:
        return ""
    try:
        with registry_of(base, scope.trust, limits=scope.limits) as place:
            found = opened(place, base.tag, name=name, platform=image.config.platform)
    except LockgateError:
        return ""
    below = [one.diff_id for one in found.layers]
    return found.digest if begins_with([one.diff_id for one in image.layers], below) else ""


def _digests(scope: Scope, base: Reference) -> list[str]:
    """What the name leads to now, and where that is an index what it has: builders state either."""
    with registry_of(base, scope.trust, limits=scope.limits) as place:
        first = digest_of(place.client, base.tag)
        document = place.manifest(first)
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError:
        return [first]
    return [first, *(one.digest for one in read.manifests)] if isinstance(read, Index) else [first]


def _told(scope: Scope, images: list[Standing], now: str, rebuilds: Rebuilds, record: Record) -> int:
    count = 0
    for one in images:
        bare = Rebuild("", scope.registry, one.repository, one.tag, one.digest, one.base_name, one.base_digest, now)
        names = [
            name for name, chosen in scope.settings.rebuilds.items()
            if any(word_matches(glob, one.repository) for glob in chosen.images)
        ]  # fmt: skip
        if rebuilds.unknown(bare):  # the row first: it is one however often it is written, and must not be lost
            count += 1
            words = f"{one.base_name} was {one.base_digest} and is {now}"
            once = " ".join(("base", bare.image, one.base_name, now))
            keep_one(record, step(bare, "base-moved", "done", words), once=once)
            _log.info("%s: its base has moved: %s", bare.image, words)
        rebuilds.add([bare, *(replace(bare, name=name) for name in names)])
    return count
