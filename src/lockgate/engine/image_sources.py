"""What a run over one image reads: its layers and configuration, what is installed in it, what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection

from lockgate.formats.oci.layers.entries import Entry
from lockgate.model import Family
from lockgate.sources import Source
from lockgate.sources.image import Image, sources_of
from lockgate.sources.image.installed import InstalledSource, Study
from lockgate.sources.image.layers import Listings, Standing
from lockgate.sources.image.survey import SurveySource

_USUAL = "linux/amd64"


def image_sources(
    image: Image, *, families: Collection[Family], listings: Listings | None, excluded: Callable[[str], bool],
    max_bytes: int, bill: bool = False,
) -> list[Source]:  # fmt: skip
    """The sources of an image for the wanted families, in the order in which they are to be read.

    ``listings``: where what is known of layers is kept; None where no digest holds them. ``max_bytes``: of one file.
    ``bill``: what is installed is read also where it is not judged.
    """
    survey = SurveySource(image) if Family.IMAGES in families else None
    judged = Family.DEPENDENCIES in families
    study = Study(listings) if judged or bill else None
    met = survey.met if survey is not None else unmet
    found: list[Source] = list(
        sources_of(
            image, max_bytes=max_bytes, excluded=excluded, listings=listings, met=met, study=study, inventoried=judged
        )
    )
    if study is not None:
        found.append(InstalledSource(image.name, study))
    if survey is not None:
        found.append(survey)
    return found


def project_of(name: str, platform: str) -> str:
    """Under which name findings of an image are known again: of the images for several platforms that have one name,
    each knows its own. The one that is taken where nobody chooses has the name alone."""
    return f"image {name}" if platform in ("", _USUAL) else f"image {name} {platform}"


def unmet(entry: Entry, standing: Standing) -> None:
    """Where nobody looks at entries."""
