"""The work of ``lockgate image``: the image from the arguments, one run of the engine or one drawing."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.cli._attested_vex import BelievedVex
from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._outputs import outputs, write
from lockgate.cli._progress import progress
from lockgate.cli._project import Project, project_at
from lockgate.dataclass import dataclass
from lockgate.engine import Progress, Request
from lockgate.engine.image_sources import image_sources, project_of, unmet
from lockgate.engine.machine import machine_folder
from lockgate.errors import SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import platforms, references
from lockgate.formats.oci.platforms import Platform
from lockgate.formats.oci.survey import Survey
from lockgate.formats.signatures import sigstore_bundle
from lockgate.model import Component, Decision, Family, Result
from lockgate.settings.globs import matcher
from lockgate.sources import Source
from lockgate.sources.image import Image, place_of, root_source
from lockgate.sources.image import opened as opened_image
from lockgate.sources.image.attached_bill import AttachedBillSource
from lockgate.sources.image.installed import InstalledSource
from lockgate.sources.image.layers import Listings
from lockgate.sources.image.place import WritablePlace
from lockgate.sources.image.places import Named
from lockgate.sources.image.runtimes import Storage
from lockgate.sources.image.survey import SurveySource
from lockgate.sources.image.testimonies import NOTARY, beside
from lockgate.sources.root_filesystem import RootFilesystemSource
from lockgate.store.cache import Cache
from lockgate.store.workspace import salt_of

FAMILIES = (Family.SECRETS, Family.IMAGES, Family.DEPENDENCIES, Family.MALWARE)
"""What is judged of an image."""
Options = Mapping[str, Mapping[str, Any]]
EVERY = "all"
"""In place of a platform: each that there is."""
_LAYERS_KEPT = 4_000
"""Layers of which answers and lists of entries are kept."""


def run(arguments: argparse.Namespace) -> int:
    """Do what ``action`` says; returns the exit code."""
    if arguments.action == "scan":
        return _scan(arguments)
    if arguments.action == "inspect":
        from lockgate.cli._image_view import inspect as act
    elif arguments.action == "sbom":
        from lockgate.cli._image_sbom import sbom as act
    elif arguments.action == "diff":
        from lockgate.cli._image_diff import diff as act
    elif arguments.action == "base":
        from lockgate.cli._image_base import base as act
    elif arguments.action == "files":
        from lockgate.cli._image_files import files as act
    else:
        from lockgate.cli._image_page import show as act
    return act(arguments)


def check(arguments: argparse.Namespace) -> int:
    """``lockgate check --image``: as ``image scan`` without its further options."""
    others = ("paths", "staged", "since", "history", "imports", "fix", "rootfs", "sbom", "policies", "exemptions")
    if any(getattr(arguments, name) for name in others):
        hint = "leave out paths and what reads anything else"
        raise UsageError("an image is checked alone", where="--image", hint=hint)
    if not {*map(str, FAMILIES)}.issuperset(arguments.family or ()):
        raise UsageError(f"of an image {', '.join(FAMILIES)} are judged", where="--family")
    rest = {"name": "", "platform": "", "dockerfile": None, "ca_file": "", "plain_http": False, "packages": "layers"}
    return _scan(argparse.Namespace(**{**vars(arguments), **rest}))


@contextmanager
def image_of(arguments: argparse.Namespace, *, writes: bool = False) -> Iterator[Image | Path]:
    """The image that the arguments name, or the folder of a root; what was opened for it is closed with the block.

    ``writes``: something will be put beside it.

    Raises ``UsageError`` and ``SourceError``.
    """
    platform = platform_of(arguments)
    with named_image(arguments, writes=writes) as named:
        if named.root is not None or named.place is None:
            yield named.root or Path(arguments.image)
            return
        dockerfile = Path(arguments.dockerfile) if arguments.dockerfile else None
        yield opened_image(
            named.place, named.key, name=arguments.image, platform=platform, built_from=dockerfile,
            reference=named.reference,
        )  # fmt: skip


def platform_of(arguments: argparse.Namespace) -> Platform | None:
    """What ``--platform`` says; None without it. Raises ``UsageError``."""
    try:
        return platforms.parse(arguments.platform) if arguments.platform else None
    except FormatError as error:
        raise UsageError(error.reason, where="--platform") from None


@contextmanager
def named_image(arguments: argparse.Namespace, *, writes: bool = False) -> Iterator[Named]:
    """The place and key of the image that the arguments name; ``writes``: something will be put beside it.

    Raises ``UsageError`` and ``SourceError``.
    """
    named = place_of(arguments.image, name=arguments.name)
    if named is not None:
        yield named
        return
    try:
        reference = references.parse(arguments.image)
    except FormatError as error:
        hint = "give registry/repository:tag, or the path of a layout or archive"
        reason = f"no file, and no name of an image: {error.reason}"
        raise UsageError(reason, where=arguments.image, hint=hint) from None
    from lockgate.sources.image.registry import Trust, registry_of  # TLS and sockets only where there is a registry

    with registry_of(reference, Trust(arguments.ca_file, arguments.plain_http), writes=writes) as place:
        yield Named(place, reference.key, reference=reference)


@dataclass(frozen=True, slots=True)
class Scanned:
    """One image, and all that was found out about it."""

    image: Image | Path
    result: Result
    decision: Decision
    survey: Survey | None
    """None where what it is made of was not judged."""
    components: tuple[Component, ...]
    """What is installed in it, also where that was compared with nothing; empty where it was not read."""
    attached: tuple[str, ...] | None = None
    """Types of what is said of it beside it; None where that was not asked, or could not be."""


def scanned(arguments: argparse.Namespace, *, bill: bool = False, signatures: bool = False) -> Scanned:
    """One run over the image that the arguments name. ``bill``: what is installed is read in any case; ``signatures``:
    what is attached to the image is asked for."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    store = not arguments.no_store
    results: list[Result] = []
    with (
        image_of(arguments) as image,
        opened(project.workspace, project, store=store) as (record, ledger, _),
        layer_cache(project, store) as cache,
        progress(quiet=arguments.quiet) as tell,
    ):
        request = _request(arguments, project, results, tell, image=image)
        if arguments.packages == "attached" and isinstance(image, Image):
            sources: list[Source] = [AttachedBillSource(image)]
        else:
            sources = _sources(image, project, cache, families=request.families, bill=bill)
        decision = judged(sources, request, record=record, ledger=ledger, cache=cache)
        said = _attached(image) if signatures and isinstance(image, Image) else None
    survey = next((one.survey() for one in sources if isinstance(one, SurveySource)), None)
    return Scanned(image, results[0], decision, survey, results[0].components or _installed(sources), said)


def _installed(sources: Sequence[Source]) -> tuple[Component, ...]:
    found = (row for one in sources if isinstance(one, InstalledSource) for row in one.collect(_anything))
    return tuple(row for row in found if isinstance(row, Component))


def _anything(path: str, size: int) -> bool:
    """Whatever the source has."""
    del path, size
    return True


def _attached(image: Image) -> tuple[str, ...] | None:
    """Signatures and attestations by their form, cosign's tags among them, and whatever else refers to the image. Where
    the place cannot tell, nothing is said: whoever wants to know for sure verifies."""
    if not isinstance(image.place, WritablePlace):
        return None
    try:
        found = beside(image.place, image.digest)
        others = [one.artifact_type or one.media_type for one in image.place.referrers(image.digest)]
    except SourceError:
        return None
    known = {*sigstore_bundle.MEDIA_TYPES, NOTARY}
    forms = [str(one.form) for one in found.testimonies]
    return (*forms, *(one for one in others if one not in known), *(["unreadable"] * len(found.unread)))


def _scan(arguments: argparse.Namespace) -> int:
    if arguments.platform == EVERY:
        return _scan_every(arguments)
    wanted = outputs(arguments.format)
    found = scanned(arguments)
    write(found.result, wanted)
    return exit_code(found.decision)


def _scan_every(arguments: argparse.Namespace) -> int:
    """Each image of an index in its turn, with reports of its own; the worst of their exit codes."""
    with image_of(argparse.Namespace(**{**vars(arguments), "platform": ""})) as image:
        names = dict.fromkeys(image.platforms) if isinstance(image, Image) else {}
    worst = 0
    for name in names or ("",):
        formats = [_of_platform(one, name) for one in arguments.format]
        worst = max(worst, _scan(argparse.Namespace(**{**vars(arguments), "platform": name, "format": formats})))
    return worst


def _of_platform(form: str, platform: str) -> str:
    """``sarif=image.sarif`` as ``sarif=image-linux-arm64.sarif``: one report must not write over another."""
    name, equals, file = form.partition("=")
    if not equals or not platform:
        return form
    path = Path(file)
    own = f"{path.stem}-{platform.replace('/', '-')}{path.suffix}"
    return f"{name}={path.with_name(own)}"


@contextmanager
def layer_cache(project: Project, store: bool) -> Iterator[Cache | None]:
    """What is kept of layers; None where nothing is stored."""
    if not store:
        yield None
        return
    with Cache.open(project.workspace.cache_dir / "layers.db", keys=2 * _LAYERS_KEPT) as cache:
        yield cache


def _sources(
    image: Image | Path, project: Project, cache: Cache | None, *, families: Collection[Family], bill: bool
) -> list[Source]:
    excluded = matcher(project.settings.exclude)
    most = project.settings.limits.file_bytes
    if isinstance(image, Image):
        listings: Listings | None = None if isinstance(image.place, Storage) else cache  # no digest holds its layers
        return image_sources(
            image, families=families, listings=listings, excluded=excluded, max_bytes=most, bill=bill
        )
    survey = SurveySource(image) if Family.IMAGES in families else None
    met = survey.met if survey is not None else unmet
    found: list[Source] = [root_source(image, max_bytes=most, excluded=excluded, met=met)]
    found += [RootFilesystemSource(image)] if Family.DEPENDENCIES in families else []
    return [*found, survey] if survey is not None else found


def _families(arguments: argparse.Namespace, advisories: Path, options: Options) -> tuple[Family, ...]:
    """Those asked for, else :func:`image_families`; and malware where YARA rules were named for this call."""
    if arguments.packages == "attached":
        return (Family.DEPENDENCIES,)
    chosen = tuple(Family(name) for name in arguments.family or ()) or image_families(advisories, options)
    return tuple(dict.fromkeys((*chosen, *([Family.MALWARE] if arguments.yara else []))))


def image_families(advisories: Path, options: Options) -> tuple[Family, ...]:
    """What is judged of an image where nobody chooses: secrets and what it is made of, dependencies where there are
    advisories, and malware where there are YARA rules."""
    chosen = [Family.SECRETS, Family.IMAGES, *([Family.DEPENDENCIES] if advisories.is_file() else [])]
    return (*chosen, *([Family.MALWARE] if options.get("malware", {}).get("rules") else []))


def _request(
    arguments: argparse.Namespace, project: Project, results: list[Result], tell: Progress, *, image: Image | Path
) -> Request:
    store = not arguments.no_store
    revision = image.digest if isinstance(image, Image) else ""
    attested = BelievedVex(project, keeps=store).of_image(image) if isinstance(image, Image) else ()
    advisories = Path(arguments.advisories) if arguments.advisories else project.workspace.advisories
    options = project.scanner_options(arguments.yara)
    return Request(
        families=_families(arguments, advisories, options),
        advisories=advisories,
        gate=project.settings.gate,
        options=options,
        project=project_of(arguments.image, str(image.config.platform) if isinstance(image, Image) else ""),
        salt=salt_of(project.workspace if store else None),
        cache_dir=project.workspace.cache_dir if store else None,
        made_dir=machine_folder([project.top]) if store else None,
        waivers=project.waivers(),
        vex=(*project.vex(arguments.vex), *attested),
        seconds=project.settings.limits.seconds,
        revision=revision,
        tell=results.append,
        progress=tell,
    )
