"""The work of ``lockgate image``: the image from the arguments, one run of the engine or one drawing."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._outputs import outputs, write
from lockgate.cli._progress import progress
from lockgate.cli._project import Project, project_at
from lockgate.engine import Progress, Request
from lockgate.engine.image_sources import image_sources, unmet
from lockgate.engine.machine import machine_folder
from lockgate.errors import UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import platforms, references
from lockgate.model import Family, Result
from lockgate.settings.globs import matcher
from lockgate.sources import Source
from lockgate.sources.image import Image, place_of, root_source
from lockgate.sources.image import opened as opened_image
from lockgate.sources.image.attached_bill import AttachedBillSource
from lockgate.sources.image.layers import Listings
from lockgate.sources.image.places import Named
from lockgate.sources.image.runtimes import Storage
from lockgate.sources.image.survey import SurveySource
from lockgate.sources.root_filesystem import RootFilesystemSource
from lockgate.store.cache import Cache
from lockgate.store.workspace import salt_of

FAMILIES = (Family.SECRETS, Family.IMAGES, Family.DEPENDENCIES, Family.MALWARE)
"""What is judged of an image."""
Options = Mapping[str, Mapping[str, Any]]
_LAYERS_KEPT = 4_000
"""Layers of which answers and lists of entries are kept."""


def run(arguments: argparse.Namespace) -> int:
    """Inspect or scan; returns the exit code."""
    if arguments.action == "inspect":
        from lockgate.cli._image_view import inspect

        return inspect(arguments)
    if arguments.action == "sbom":
        from lockgate.cli._image_sbom import sbom

        return sbom(arguments)
    return _scan(arguments)


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
    try:
        platform = platforms.parse(arguments.platform) if arguments.platform else None
    except FormatError as error:
        raise UsageError(error.reason, where="--platform") from None
    with named_image(arguments, writes=writes) as named:
        if named.root is not None or named.place is None:
            yield named.root or Path(arguments.image)
            return
        dockerfile = Path(arguments.dockerfile) if arguments.dockerfile else None
        yield opened_image(
            named.place, named.key, name=arguments.image, platform=platform, built_from=dockerfile,
            reference=named.reference,
        )  # fmt: skip


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


def _scan(arguments: argparse.Namespace) -> int:
    wanted = outputs(arguments.format)
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
            sources = _sources(image, project, cache, families=request.families)
        decision = judged(sources, request, record=record, ledger=ledger, cache=cache)
    write(results[0], wanted)
    return exit_code(decision)


@contextmanager
def layer_cache(project: Project, store: bool) -> Iterator[Cache | None]:
    """What is kept of layers; None where nothing is stored."""
    if not store:
        yield None
        return
    with Cache.open(project.workspace.cache_dir / "layers.db", keys=2 * _LAYERS_KEPT) as cache:
        yield cache


def _sources(
    image: Image | Path, project: Project, cache: Cache | None, *, families: Collection[Family]
) -> list[Source]:
    excluded = matcher(project.settings.exclude)
    most = project.settings.limits.file_bytes
    if isinstance(image, Image):
        listings: Listings | None = None if isinstance(image.place, Storage) else cache  # no digest holds its layers
        return image_sources(image, families=families, listings=listings, excluded=excluded, max_bytes=most)
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
    advisories = Path(arguments.advisories) if arguments.advisories else project.workspace.advisories
    options = project.scanner_options(arguments.yara)
    return Request(
        families=_families(arguments, advisories, options),
        advisories=advisories,
        gate=project.settings.gate,
        options=options,
        project=f"image {arguments.image}",
        salt=salt_of(project.workspace if store else None),
        cache_dir=project.workspace.cache_dir if store else None,
        made_dir=machine_folder([project.top]) if store else None,
        waivers=project.waivers(),
        vex=project.vex(arguments.vex),
        seconds=project.settings.limits.seconds,
        revision=revision,
        tell=results.append,
        progress=tell,
    )
