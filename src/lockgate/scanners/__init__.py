"""Engines that put one family of rules to rows: one engine a module (or package), under ``SCANNER``.

A scanner never reads the world: it is handed files or components, the rules of its family and a context, and yields
findings and skips. It must not know other scanners, and settles nothing: identity, waivers and verdicts come later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lockgate.dataclass import dataclass
from lockgate.formats.objects import Reading
from lockgate.model import Component, Family, File, Finding, Object, Rule, Skip, SkipKind
from lockgate.settings import ScannerOption

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Hit


def no_sibling(path: str) -> bytes | None:  # noqa: ARG001 -- the shape of Source.sibling
    """Where a scanner sees one file alone."""
    return None


def nothing_below(folder: str) -> tuple[str, ...]:  # noqa: ARG001 -- the shape of Source.below
    """Where there are no files to list."""
    return ()


def no_own_policies(judged: Object) -> Iterable[Hit]:  # noqa: ARG001 -- the shape of one who judges
    """Where there are none."""
    return ()


def not_rendered(folder: str, files: Mapping[str, bytes]) -> Reading:  # noqa: ARG001 -- the shape of a renderer
    """Where nobody runs helm."""
    path = f"{folder}/Chart.yaml".removeprefix("./")
    skip = Skip(path, SkipKind.MISSING_TOOL, "charts are not rendered here", Family.POLICY)
    return Reading((), (skip,), template=True)


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What a session of a scanner may lean on."""

    salt: bytes
    """Salt of this workspace for hashes of secret values; 16 bytes or more."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The scanner's own part of the settings, already checked."""
    cache_dir: Path | None = None
    """A folder for answers that can be made again; None: none are kept."""
    made_dir: Path | None = None
    """A folder for compiled things (a Hyperscan database, policies); None: compile in memory."""
    advisories: Path | None = None
    """The compiled advisory store, for the dependency scanner."""
    own: Callable[[Object], Iterable[Hit]] = no_own_policies
    """What a team's own policies say of an object."""
    partial: bool = False
    """Only a part of the project is read: a change, a file, a buffer. What does not show may stand elsewhere."""
    expected_bytes: int = 0
    """About how much is looked at at least, as far as that is known before."""
    today: str = ""
    """ISO date that ages are counted to."""
    sibling: Callable[[str], bytes | None] = no_sibling
    """Another file of the same source by its path. A ``cacheable`` scanner must not ask: its answers would depend on
    more than the file."""
    below: Callable[[str], tuple[str, ...]] = nothing_below
    """Paths of all files of the same source below a folder, wanted or not, sorted; ``.`` for the root. Not for a
    ``cacheable`` scanner either."""
    render: Callable[[str, Mapping[str, bytes]], Reading] = not_rendered
    """``render(folder, files)``: the objects of the Helm chart in a folder; ``files`` by path in the source."""


class Session(Protocol):
    """One scanner at work in one run."""

    def feed(self, row: Any) -> Iterable[Finding | Skip]:
        """Judge one File, Component or Object. Findings may be held back until ``finish``."""

    def finish(self) -> Iterable[Finding | Skip]:
        """Say what needed the whole picture, and release what was held."""

    def coverage(self) -> str:
        """One line on what was checked with what; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """One engine."""

    family: Family
    reads: type[File] | type[Component] | type[Object]
    start: Callable[[Sequence[Rule], ScanContext], Session]
    """Opens a session. Raises ``NothingCheckedError`` when the engine cannot work at all."""
    wants: Callable[[str, int], bool] = lambda path, size: True
    """For files: ``wants(path, size)`` before the content is loaded."""
    cacheable: bool = True
    """True: what ``feed`` yields for a file depends only on its path, content, the rules and the options,
    and ``finish`` yields nothing: it may then run in several processes and be answered from a cache."""
    kept_whole: bool = False
    """True, for one that is not ``cacheable``: what it says of a source depends only on the files it is fed, their
    order, what it asks ``sibling``, ``below`` and ``render`` for, its ``programs``, the rules and the options. What it
    said of a source is then answered from a cache while all of that is the same."""
    programs: Callable[[], Iterable[str | None]] = tuple
    """Paths of the programs it runs itself, None for one that is not installed; asked when it was fed anything."""
    starts_alike: bool = False
    """True: whether ``start`` works depends on the rules and the options alone, as with every ``cacheable`` one.
    Where an earlier run under the same rules and options has shown that it does, it waits until a file is wanted."""
    options: tuple[ScannerOption, ...] = ()
    """What ``scanners.<family>`` may say to it; anything else there is refused."""
    takes_parameters: bool = False
    """True: the parameters that rules of the family name (``logic.parameters``) are options as well."""
    version: str = "1"
    """Part of the cache key: raised whenever the same input would be judged otherwise."""
    may_hold: Callable[[File], bool] = lambda row: True
    """A cheap look at a file that is wanted: where it is False, ``feed`` would yield nothing, and no session is started
    for the sake of the file."""


def feed_all(session: Session, rows: Sequence[Any]) -> Iterable[Iterable[Finding | Skip]]:
    """What ``feed`` says of each row, in order; a session that is quicker on many at once has a ``feed_all`` itself."""
    own: Callable[[Sequence[Any]], Iterable[Iterable[Finding | Skip]]] | None = getattr(session, "feed_all", None)
    return map(session.feed, rows) if own is None else own(rows)


def declared_options(family: str) -> tuple[ScannerOption, ...]:
    """The options of the scanners of ``family``, and the parameters of its rules, by name. Starts no scanner."""
    import sys

    from lockgate.discover import discover
    from lockgate.rules import OWN_FAMILIES, load

    scanners = discover(sys.modules[__name__], "SCANNER", Scanner).values()
    found = {option.name: option for one in scanners if one.family.value == family for option in one.options}
    if any(one.takes_parameters for one in scanners if one.family.value == family):
        for rule in load([one for one in OWN_FAMILIES if one.value == family], samples=False).rules:
            for name, default in (rule.logic.get("parameters") or {}).items():
                found.setdefault(name, _parameter(name, default, rule))
    return tuple(found[name] for name in sorted(found))


def _parameter(name: str, default: Any, rule: Rule) -> ScannerOption:
    """A parameter takes what its default is: a value, or a list of such."""
    many = isinstance(default, list | tuple)
    sample = (default[0] if default else "") if many else default
    kind = next((kind for kind in (bool, int, float) if isinstance(sample, kind)), str)
    shown = ", ".join(map(str, default)) if many else default
    return ScannerOption(name, kind, f"Parameter of `{rule.id}`: {rule.title}.", many=many, default=shown)
