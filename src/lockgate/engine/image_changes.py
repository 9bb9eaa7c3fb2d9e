"""What differs between two images: packages, findings, configuration, layers. And what would, were the base another.

Pure: both images were scanned before. A base is replaced on paper: what came with its layers goes, what is in the new
one comes, and what the image's own layers brought stays. What the new base would make of the image's own steps (a
package that they no longer need, a file that they replace) shows only when somebody builds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from lockgate.advisories.review import Review, compare
from lockgate.dataclass import dataclass
from lockgate.formats.oci.configs import ImageConfig
from lockgate.formats.printable import veiled
from lockgate.model import Component, Family, SettledFinding

_FIELDS = ("user", "entrypoint", "command", "working_dir", "ports", "volumes", "healthcheck", "stop_signal", "created")
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """One side."""

    config: ImageConfig
    diff_ids: tuple[str, ...]
    digests: tuple[str, ...]
    """Of the layers as they are pulled, from the base up."""
    components: tuple[Component, ...]
    findings: tuple[SettledFinding, ...]


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """From one image to the other."""

    packages: Review
    gone: tuple[SettledFinding, ...]
    """Findings that are no longer there, the worst first."""
    new: tuple[SettledFinding, ...]
    config: tuple[tuple[str, str, str], ...] = ()
    """Field, before, after; environment and labels by name."""
    shared_layers: int = 0
    """Layers at the beginning that are the same."""


def changes(before: ScannedImage, after: ScannedImage) -> ImageChanges:
    """What ``after`` has otherwise than ``before``."""
    shared = 0
    for one, other in zip(before.diff_ids, after.diff_ids, strict=False):
        if one != other or not one:
            break
        shared += 1
    gone, new = _findings(before.findings, after.findings)
    config = tuple(_config(before.config, after.config))
    return ImageChanges(_packages(before.components, after.components), gone, new, config, shared)


def rebased(image: ScannedImage, base_layers: int, base: ScannedImage) -> ImageChanges:
    """What the image would have otherwise, were its first ``base_layers`` layers those of ``base``."""
    own = frozenset(image.digests[base_layers:])
    components = [one for one in image.components if one.layer in own]
    positions = {str(at) for at in range(base_layers, len(image.digests))} | own
    kept = [one for one in image.findings if _stays(one, positions)]
    come = [one for one in base.findings if one.finding.fact("layer")]
    gone, new = _findings(image.findings, [*kept, *come])
    return ImageChanges(_packages(image.components, [*components, *base.components]), gone, new)


def _stays(settled: SettledFinding, own: Collection[str]) -> bool:
    """Whether it is about the image's own layers, or its configuration, which a build writes as before."""
    layer = settled.finding.fact("layer")
    return not layer or layer in own


def _packages(before: Iterable[Component], after: Iterable[Component]) -> Review:
    return compare([_placeless(one) for one in before], [_placeless(one) for one in after])


def _placeless(one: Component) -> Component:
    """Without the file that states it and the release of the distribution, which say nothing of what changed."""
    return replace(one, path="", line=0, ecosystem=bare_ecosystem(one.ecosystem))


def bare_ecosystem(ecosystem: str) -> str:
    """Without the release of the distribution."""
    return ecosystem.partition(":")[0]


def flaw_key(subject: str) -> _Key:
    """What a flaw of a package is known by over releases of the distribution, of the key of a finding's subject."""
    ecosystem, *rest = subject.split("\n")
    return (bare_ecosystem(ecosystem), *rest)


def _findings(
    before: Sequence[SettledFinding], after: Sequence[SettledFinding]
) -> tuple[tuple[SettledFinding, ...], tuple[SettledFinding, ...]]:
    old, now = _by_key(before), _by_key(after)
    gone = tuple(one for key, one in old.items() if key not in now)
    return gone, tuple(one for key, one in now.items() if key not in old)


def _by_key(findings: Sequence[SettledFinding]) -> Mapping[_Key, SettledFinding]:
    """By what a finding is about: a flaw of a package in another version, or in another release of the distribution, is
    the same flaw. Waived ones are told too: a waiver for one image says nothing of the other."""
    found: dict[_Key, SettledFinding] = {}
    for one in sorted(findings, key=lambda one: (-one.finding.severity, one.finding.location.path)):
        finding = one.finding
        key: _Key = (finding.rule, finding.subject.key, finding.location.path)
        if finding.family is Family.DEPENDENCIES:
            key = flaw_key(finding.subject.key)
        found.setdefault(key, one)
    return found


def _config(before: ImageConfig, after: ImageConfig) -> Iterable[tuple[str, str, str]]:
    for name in _FIELDS:
        old, new = _shown(getattr(before, name)), _shown(getattr(after, name))
        if old != new:
            yield name, old, new
    for what, one, other in (
        ("env", _variables(before), _variables(after)), ("label", dict(before.labels), dict(after.labels)),
    ):  # fmt: skip
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                yield f"{what} {name}", _value(name, one.get(name, "")), _value(name, other.get(name, ""))


def _variables(config: ImageConfig) -> dict[str, str]:
    return {name: value for name, _, value in (one.partition("=") for one in config.env)}


def _value(name: str, value: str) -> str:
    """Without what the name says is a secret."""
    return value if veiled(f"{name}={value}") == f"{name}={value}" else "***"


def _shown(value: object) -> str:
    return veiled(" ".join(map(str, value)) if isinstance(value, tuple) else str(value))
