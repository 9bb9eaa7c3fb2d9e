"""Whether a product of VEX is meant by what was found: a component, in an image.

A package URL means another when type, namespace and name are the same, the version is the same or not stated, and
every qualifier that is stated is the same: what the other states beyond that does not matter. ``arch=src`` (Red Hat)
and ``arch=source`` (Debian) mean what a source package built. An image is meant by one of its digests, or by its
repository (``repository_url``, or a plain name) and the tag and architecture that are stated.
"""

from __future__ import annotations

from functools import lru_cache

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.purl import PackageUrl, parse, python_name
from lockgate.formats.vex.statement import Product
from lockgate.model import Component, ImageFacts

_SOURCES = frozenset({"src", "source"})
_LOWER = frozenset({"pypi", "npm", "golang", "composer", "nuget", "deb", "apk", "rpm"})


@dataclass(frozen=True, slots=True)
class Met:
    """What was found: a component, and the images that it may be in; none where what was read is no image."""

    component: Component
    images: tuple[ImageFacts, ...] = ()


def means(product: Product, met: Met) -> bool:
    """Whether ``product`` means the component, or the image it is in and, where parts are named, the component."""
    if any(_is_image(name, image) for name in product.names for image in met.images):
        return not product.parts or any(_is_component(part, met.component) for part in product.parts)
    if any(_is_distribution(name, met.component) for name in product.names):
        return any(_is_component(part, met.component) for part in product.parts)
    return not product.parts and any(_is_component(name, met.component) for name in product.names)


@lru_cache(maxsize=50_000)
def _parsed(url: str) -> PackageUrl | None:
    return parse(url)


def _is_component(name: str, component: Component) -> bool:
    meant, found = _parsed(name), _parsed(component.purl)
    if meant is None or found is None or meant.kind != found.kind or meant.kind == "oci":
        return False
    if _named(meant.kind, meant.namespace) != _named(found.kind, found.namespace):
        return False
    qualifiers = dict(meant.qualifiers)
    if qualifiers.get("arch") in _SOURCES:
        del qualifiers["arch"]
        names, version = {component.source or component.name}, component.source_version or component.version
    else:
        names, version = {found.name}, found.version
    if _named(meant.kind, meant.name) not in {_named(meant.kind, one) for one in names}:
        return False
    if meant.version and meant.version not in {version, found.version, version.partition(":")[2]}:
        return False
    return all(_same_qualifier(key, value, found) for key, value in qualifiers.items())


def _same_qualifier(key: str, value: str, found: PackageUrl) -> bool:
    if key == "epoch" and value == "0":
        return found.qualifiers.get(key, "0") == "0"
    if key == "repository_url" or key.endswith("checksum"):
        return True  # where it was fetched from, which nobody knows of what is installed
    return found.qualifiers.get(key) == value


def _named(kind: str, name: str) -> str:
    if kind == "pypi":
        return python_name(name)
    return name.lower() if kind in _LOWER else name


def _is_image(name: str, image: ImageFacts) -> bool:
    digests = {one for one in (image.digest, image.index_digest, image.config_digest) if one}
    if name.startswith("sha256:"):
        return name in digests
    url = _parsed(name)
    if url is not None:
        return url.kind in ("oci", "docker") and _is_image_url(url, image, digests)
    try:
        meant = references.parse(name)
    except FormatError:
        return False
    if meant.digest:
        return meant.digest in digests
    # A name without a tag was read as ``latest``; here it means every tag.
    stated = meant.tag if ":" in name.rpartition("/")[2] else ""
    return meant.name == f"{image.registry}/{image.repository}" and stated in ("", image.tag)


def _is_image_url(url: PackageUrl, image: ImageFacts, digests: set[str]) -> bool:
    architecture = url.qualifiers.get("arch", "")
    if architecture and image.platform.split("/")[1:2] != [architecture]:
        return False
    if url.version.startswith("sha256:"):
        return url.version in digests
    address = url.qualifiers.get("repository_url", "").rstrip("/")
    if url.kind == "docker":
        address = "/".join(filter(None, (address or "docker.io", url.namespace or "library", url.name)))
    if not address or not image.repository:
        return False  # a name alone is anybody's
    tag = url.qualifiers.get("tag", "") or (url.version if url.kind == "docker" else "")
    whole = f"{image.registry}/{image.repository}"
    same = address in (whole, whole.rpartition("/")[0]) and image.repository.rpartition("/")[2] == url.name
    return same and tag in ("", image.tag)


def _is_distribution(name: str, component: Component) -> bool:
    """A CPE of Red Hat's products, which stand for a release: ``cpe:/o:redhat:enterprise_linux:9::baseos``."""
    parts = name.removeprefix("cpe:2.3:").removeprefix("cpe:/").split(":")
    if len(parts) < 4 or parts[1] != "redhat" or name.startswith(("pkg:", "sha256:")):
        return False
    release = f"Red Hat:{parts[2]}:{parts[3]}"
    return component.ecosystem == release or component.ecosystem.startswith(f"{release}:")
