"""Places we read: one connector a module, yielding rows and a Skip for each thing it could not read.

Vendors' SDKs are imported inside the function that needs them. Partial is not complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from lockgate.model import Component, Family, File, Finding, ImageFacts, Object, Skip

Wants = Callable[[str, int], bool]
"""``wants(path, size)``: whether any scanner or reader of this run wants the file. Asked before content is loaded."""


@runtime_checkable
class Source(Protocol):
    """One place."""

    @property
    def mode(self) -> str:
        """``tree``, ``staged``, ``since``, ``history``, ``import``: how the run is named in the record."""

    @property
    def root(self) -> str:
        """For people: the folder, address or file."""

    def collect(self, wants: Wants) -> Iterator[File | Component | Object | Finding | Skip]:
        """Yield everything that is wanted, in a stable order."""

    def sibling(self, path: str) -> bytes | None:
        """The content of another file of the same tree (within it, size-limited), or None."""


@runtime_checkable
class LayeredSource(Protocol):
    """A source whose files others share, known by a digest of all of them: a layer of images."""

    @property
    def cache_root(self) -> str:
        """What answers about its files are kept under, in place of ``root``."""

    def collect(
        self, wants: Wants, holds: Callable[[File], bool]
    ) -> Iterator[File | Component | Object | Finding | Skip]:
        """As of any source. ``holds``: whether the answers about a file are kept; where those of all are, none need be
        loaded, and none is."""

    def told(self, finding: Finding) -> Finding:
        """A finding on one of its files, with what only the source knows of it. Asked once all files were judged."""


@runtime_checkable
class MeasuredSource(Protocol):
    """A source that can tell how large it is before it is read."""

    @property
    def expected_bytes(self) -> int:
        """About how much of it is looked at."""


@runtime_checkable
class ImageSource(Protocol):
    """A source that knows which image the files of a run belong to."""

    @property
    def facts(self) -> ImageFacts:
        """What the record keeps of it."""


@runtime_checkable
class ObjectSource(Protocol):
    """One place of objects that policies judge: a cluster, where nothing is a file."""

    @property
    def mode(self) -> str:
        """``cluster``: how the run is named in the record."""

    @property
    def root(self) -> str:
        """For people: the name of the cluster."""

    def objects(self) -> Iterator[Object | Skip]:
        """Yield every object in a stable order, holding few at a time."""

    def is_whole(self, api_version: str, kind: str, namespace: str) -> bool:
        """Whether everything of these was yielded, so that an object of them that was not is gone."""


@runtime_checkable
class ForgeSource(Protocol):
    """An organisation or group of a forge, whose settings are objects."""

    @property
    def forge(self) -> str:
        """``github``, ``azure-devops`` or ``gitlab``."""

    @property
    def organization(self) -> str:
        """Its name on the forge."""

    @property
    def whole(self) -> bool:
        """Whether everything in it was listed, once all was yielded."""


@runtime_checkable
class JudgedSource(Protocol):
    """A source whose rows are findings that nobody here could have made: no scanner says what of it was judged."""

    def judged(self) -> Mapping[Family, str]:
        """The families that were judged, each with a line for people. Asked once everything was yielded."""
