"""The bill of materials of an image: the same bytes for the same image, and attached to it where that is wanted."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.formats.moments import moment_of
from lockgate.model import Component, Decision, Result, Run, Skip, Verdict
from lockgate.reports import get
from lockgate.sources.image import Image, LayerSource, sources_of
from lockgate.sources.image.attached import attach, subject_of
from lockgate.sources.image.installed import InstalledSource, Study
from lockgate.sources.image.layers import Listings
from lockgate.sources.image.place import WritablePlace

MEDIA_TYPES = {"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json"}
"""By the name of the report that writes it: type of the artifact, and of its content."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ImageBill:
    """What is installed in one image."""

    result: Result
    """As reports draw it; nothing in it depends on when or where the image was read."""
    skips: tuple[Skip, ...]
    """What could not be read."""

    def written(self, form: str) -> bytes:
        """The bill in a form of ``MEDIA_TYPES``."""
        text = io.StringIO()
        get(form).write(self.result, text)
        return text.getvalue().encode()


def bill_of(image: Image, *, listings: Listings | None = None, epoch: int | None = None) -> ImageBill:
    """Read what is installed in the file system that a container sees.

    The bill is dated when the image was made, by its configuration, or at ``epoch`` (seconds since 1970); it names the
    repository, or where the image has none, its digest. ``listings`` keeps what layers state. Raises ``SourceError``.
    """
    study = Study(listings)
    for source in sources_of(image, listings=listings, study=study):
        if isinstance(source, LayerSource):
            for _ in source.collect(lambda path, size: False):
                pass
    found = list(InstalledSource(image.name, study).collect(lambda path, size: False))
    skips = tuple(one for one in found if isinstance(one, Skip))
    components = tuple(one for one in found if isinstance(one, Component))
    moment = datetime.fromtimestamp(epoch, UTC) if epoch is not None else _made(image)
    name = image.reference.name if image.reference is not None else image.digest
    run = Run("", moment, moment, name, "image", __version__, "", image.digest)
    decision = Decision("none", Verdict.ALLOW)
    return ImageBill(Result(run, decision, (), (), skips, components), skips)


def attach_bill(place: WritablePlace, image: Image, bill: ImageBill, form: str) -> str:
    """Attach a bill to ``image``, once; the digest of its artifact. Raises ``SourceError``."""
    kind = MEDIA_TYPES[form]
    return attach(place, subject_of(place, image.digest), kind, [(kind, bill.written(form))]).digest


def _made(image: Image) -> datetime:
    """When the image was made, by its own word; 1970 where it says nothing that is a time."""
    return moment_of(image.config.created) or _EPOCH
