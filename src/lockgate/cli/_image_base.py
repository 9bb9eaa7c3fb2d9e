"""``lockgate image base``: which images stand on which base, what an image stands on, and what another base changes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from lockgate.cli._image import image_of, scanned
from lockgate.cli._image_diff import side_of, tell
from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.engine.image_changes import rebased
from lockgate.engine.image_plan import NewerBase
from lockgate.errors import ExitCode, UsageError
from lockgate.formats.oci import bases
from lockgate.formats.oci.bases import Base, KnownImage
from lockgate.sources.image import Image
from lockgate.sources.image.facts import facts_of

_KNOWN = """
WITH newest AS (
  SELECT * FROM Images
  QUALIFY row_number() OVER (PARTITION BY ImageDigest, Name ORDER BY TimeGenerated DESC, RunId) = 1
), layers AS (
  SELECT ImageDigest, RunId, list(DiffId ORDER BY Position) AS DiffIds FROM ImageLayers GROUP BY ALL
)
SELECT n.ImageDigest, n.IndexDigest, n.Name, n.BaseName, n.BaseDigest, l.DiffIds
FROM newest n LEFT JOIN layers l ON l.ImageDigest = n.ImageDigest AND l.RunId = n.RunId
ORDER BY n.Name, n.ImageDigest
"""
"""Each name and digest as the newest run read it."""


def known_images(arguments: argparse.Namespace) -> list[KnownImage]:
    """The images that the record of this workspace knows, each name and digest once."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    if not project.workspace.folder.is_dir():
        return []
    rows = project.record().sql(_KNOWN)
    return [
        KnownImage(
            row["ImageDigest"], row["Name"], tuple(row["DiffIds"] or ()), row["BaseName"] or "",
            row["BaseDigest"] or "", row["IndexDigest"] or "",
        )
        for row in rows
    ]  # fmt: skip


def base_of(image: Image, known: Iterable[KnownImage], *, given: Sequence[KnownImage]) -> Base | None:
    """What an image stands on, by its labels and among the images that are known and ``given``."""
    return bases.base_of(_known(image), [*given, *known])


def newer_of(arguments: argparse.Namespace, base: Base | None, platform: str, today: date) -> NewerBase | None:
    """What the name of the base was last seen to be, where the record has its bill and there are advisories to ask."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    target = Path(arguments.advisories) if arguments.advisories else project.workspace.advisories
    if base is None or not (base.layers or base.name) or not project.workspace.folder.is_dir() or not target.is_file():
        return None
    from lockgate.engine.newer_base import newer_base
    from lockgate.store.advisories import AdvisoryStore
    from lockgate.store.bills import bills_of

    with bills_of(project.record()) as bills, AdvisoryStore.open(target) as store:
        return newer_base(bills, store, base, platform, today)


def base(arguments: argparse.Namespace) -> int:
    """Do what the options say."""
    if arguments.moved:
        return _moved(arguments)
    if not arguments.image:
        return _listed(arguments)
    given = [opened_base(arguments, name) for name in arguments.base]
    if arguments.replace:
        return _replaced(arguments, given)
    with image_of(arguments) as image:
        if not isinstance(image, Image):
            raise UsageError("a folder has no base", where=str(image))
        found = base_of(image, known_images(arguments), given=given)
    if arguments.form == "json":
        print(json.dumps(None if found is None else _as_json(found), indent=1))
        return int(ExitCode.ALLOWED)
    print("no base is known" if found is None else _shown(found))
    return int(ExitCode.ALLOWED)


def _listed(arguments: argparse.Namespace) -> int:
    """Every image of the record by its base."""
    known = known_images(arguments)
    rows: dict[tuple[str, str], list[KnownImage]] = {}
    for one in known:
        found = bases.base_of(one, known)
        rows.setdefault((found.name, found.digest) if found is not None else ("", ""), []).append(one)
    if arguments.form == "json":
        body = [
            {"base": {"name": name, "digest": digest} if name or digest else None, "images": [*map(_image, images)]}
            for (name, digest), images in sorted(rows.items())
        ]
        print(json.dumps(body, indent=1))
        return int(ExitCode.ALLOWED)
    for (name, digest), images in sorted(rows.items()):
        print(safe(" ".join(filter(None, (name, digest))) or "no base is known"))
        for one in images:
            print(safe(f"  {one.name} {one.digest}"))
    return int(ExitCode.ALLOWED)


def _moved(arguments: argparse.Namespace) -> int:
    """The images of the record that stand on an older image of the name; 1 where there are any."""
    known = known_images(arguments)
    now = opened_base(arguments, arguments.moved)
    found = bases.stale(known, now, known=known)
    if arguments.form == "json":
        print(json.dumps({"base": _image(now), "stale": [_image(one) for one in found]}, indent=1))
    else:
        print(safe(f"{now.name} is {now.digest}; {len(found)} images stand on an older one"))
        for one in found:
            print(safe(f"  {one.name} {one.digest}"))
    return int(ExitCode.DENIED if found else ExitCode.ALLOWED)


def _replaced(arguments: argparse.Namespace, given: Sequence[KnownImage]) -> int:
    """What the image would have otherwise on another base; 1 where that brings a finding."""
    image = scanned(arguments, bill=True)
    side = side_of(image)
    assert isinstance(image.image, Image)  # else ``side_of`` has raised
    known = [*given, *known_images(arguments)]
    standing = base_of(image.image, known, given=())
    layers = standing.layers if standing is not None else 0
    if not layers:
        hint = "name the base that it was built on by --base, or scan that first"
        raise UsageError("where its base ends is not known", where=arguments.image, hint=hint)
    new = side_of(scanned(_asking(arguments, arguments.replace), bill=True))
    found = rebased(side, layers, new)
    tell(found, arguments, layers=None)
    return int(ExitCode.DENIED if found.new else ExitCode.ALLOWED)


def opened_base(arguments: argparse.Namespace, name: str) -> KnownImage:
    """The image of that name, as far as bases go. Raises as ``image_of``."""
    with image_of(_asking(arguments, name)) as image:
        if not isinstance(image, Image):
            raise UsageError("a folder is no base", where=name)
        return _known(image)


def _asking(arguments: argparse.Namespace, name: str) -> argparse.Namespace:
    """The same for another image."""
    return argparse.Namespace(**{**vars(arguments), "image": name, "dockerfile": None, "name": ""})


def _known(image: Image) -> KnownImage:
    facts = facts_of(image, inventoried=False)
    diff_ids = tuple(one.diff_id for one in image.layers)
    return KnownImage(facts.digest, facts.name, diff_ids, facts.base_name, facts.base_digest, facts.index_digest)


def _shown(found: Base) -> str:
    how = f"its first {found.layers} layers" if found.layers else "as its builder says; where it ends is not known"
    return safe(f"{' '.join(filter(None, (found.name, found.digest)))} ({how})")


def _as_json(found: Base) -> dict[str, object]:
    return {"name": found.name, "digest": found.digest, "layers": found.layers or None}


def _image(one: KnownImage) -> dict[str, str]:
    return {"name": one.name, "digest": one.digest}
