"""What of a registry is watched: its host, a part of its repositories, and as whom it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.references import Reference
from lockgate.settings import RegistrySettings
from lockgate.settings.globs import word_matches
from lockgate.sources.image.registry import Limits, RegistryPlace, Trust, registry_of


@dataclass(frozen=True, slots=True)
class Scope:
    """One watched registry."""

    registry: str
    """``registry.example.com:5000``."""
    below: str = ""
    """A repository, or what the names of repositories begin with; empty: all of them."""
    settings: RegistrySettings = RegistrySettings()
    trust: Trust = Trust()
    limits: Limits | None = None
    """Of each request to the registry; None: those of a single look at an image."""

    def covers(self, repository: str, tag: str) -> bool:
        """Whether an image of that name is watched; an empty tag always is."""
        within = not self.below or repository == self.below or repository.startswith(f"{self.below}/")
        return (
            within
            and any(word_matches(one, repository) for one in self.settings.repositories)
            and (not tag or any(word_matches(one, tag) for one in self.settings.tags))
            and not tag.startswith(QUARANTINED)
        )

    @contextmanager
    def opened(self, repository: str) -> Iterator[RegistryPlace]:
        """The place of a repository, under the identity that this machine has for it."""
        with registry_of(Reference(self.registry, repository), self.trust, limits=self.limits) as place:
            yield place


QUARANTINED = "quarantine-"
"""How the tag begins that a denied image is kept under. Such tags are not watched: they were judged."""


def scope_of(address: str, settings: RegistrySettings, trust: Trust) -> Scope:
    """The scope that an address names: a host, or a host and the beginning of repositories. Raises ``UsageError``."""
    bare = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    host, _, below = bare.partition("/")
    try:
        name = references.parse(f"{host}/{below or 'x'}")
        good = name.host == host and not name.digest and ":" not in below
    except FormatError:
        good = False
    if not good:
        hint = "HOST[:PORT], or HOST[:PORT]/REPOSITORY"
        raise UsageError("that is no address of a registry", where=address[:200], hint=hint)
    return Scope(host, below, settings, trust)
