"""The verdict on one image: what was attached to it, held against the policy of images.

Each authority looks at each testimony of a form it can have, once. A testimony that does not hold denies nothing by
itself, for anybody may put one beside an image; it is told where what was asked for is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.formats.signatures.in_toto import Provenance, provenance
from lockgate.formats.signatures.testimony import Subject, Testimony
from lockgate.gates.images.authority import Authority, Signed
from lockgate.model import Decision, Reason, Verdict
from lockgate.settings.globs import word_matches
from lockgate.settings.image_policy import Consequence, ImagePolicy, ImageRule, ProvenanceSettings, ScanSettings
from lockgate.signing.refused import RefusedError

GATE_NAME = "images"
_TOLD = 3
"""Refused testimonies that one reason quotes."""
_LONGEST = 600
_VERDICTS = {Consequence.DENY: Verdict.DENY, Consequence.WARN: Verdict.WARN, Consequence.ALLOW: Verdict.ALLOW}


@dataclass(frozen=True, slots=True)
class Scanned:
    """The last scan of an image that the record knows."""

    at: datetime
    verdict: str
    """Of its gate."""


@dataclass(frozen=True, slots=True)
class Covering:
    """An index that has the image. Who signs its digest signs those of all images in it."""

    subject: Subject
    testimonies: Sequence[Testimony] = ()
    unread: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Attestable:
    """One image with everything that is known of it."""

    name: str
    """Registry and repository, without tag and digest."""
    subject: Subject
    testimonies: Sequence[Testimony] = ()
    unread: Sequence[str] = ()
    """What lies beside it and could not be read, in words."""
    scanned: Scanned | None = None
    indexes: Sequence[Covering] = ()
    """Those that are known to have it."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """The verdict, and what it rests on."""

    decision: Decision
    holding: tuple[tuple[str, Signed], ...] = ()
    """Authority, and what holds of it."""
    refused: tuple[tuple[str, str, str], ...] = ()
    """Authority, where the testimony lay, why it does not count."""


@dataclass(frozen=True, slots=True)
class ImageTrust:
    """A policy with those whose signatures count made ready."""

    policy: ImagePolicy
    authorities: Mapping[str, Authority] = field(default_factory=dict)
    version: str = ""
    """SHA-256 of the policy and of every file that it names."""
    files: tuple[Path, ...] = ()
    """These files."""

    def rules(self, name: str) -> Iterator[tuple[int, ImageRule]]:
        """The lines that hold for an image, with their places."""
        for number, rule in enumerate(self.policy.images):
            if any(word_matches(glob, name) for glob in rule.match):
                yield number, rule

    def asks_for_testimony(self, name: str) -> bool:
        """Whether what lies beside the image matters."""
        return any(rule.signed_by or rule.signed_by_any or rule.provenance for _, rule in self.rules(name))

    def asks_for_scan(self, name: str) -> bool:
        """Whether what the record knows of the image matters."""
        return any(rule.scan is not None for _, rule in self.rules(name))

    def vex_authorities(self, name: str) -> tuple[str, ...]:
        """Those whose VEX about the image is believed."""
        return tuple(dict.fromkeys(one for _, rule in self.rules(name) for one in rule.vex))

    def asks(self, name: str) -> bool:
        """Whether anything has to be known of the image but its name."""
        return self.asks_for_testimony(name) or self.asks_for_scan(name)

    def names_host(self, name: str) -> bool:
        """Whether a line for the image names its host itself, and not whatever host a Pod may name."""
        host = name.partition("/")[0].rpartition(":")[0] or name.partition("/")[0]
        return any(glob.startswith(host) for _, rule in self.rules(name) for glob in rule.match)

    def judge(self, image: Attestable, *, now: datetime) -> Trusted:
        """The verdict on ``image``; the reasons name the line of the policy that is not met."""
        rules = list(self.rules(image.name))
        if not rules:
            verdict = _VERDICTS[self.policy.unmatched]
            reason = Reason(verdict, "unmatched", f"no line of the policy is about {image.name}")
            return Trusted(Decision(GATE_NAME, verdict, (reason,)))
        asked = dict.fromkeys(name for _, rule in rules for name in _authorities(rule))
        weighed = {name: _Weighed.of(name, self.authorities[name], image) for name in asked}
        reasons = [
            Reason(_VERDICTS[rule.otherwise], f"images[{number}].{line}", clipped(printable(text), _LONGEST))
            for number, rule in rules
            for line, text in _unmet(rule, weighed, image, now)
        ]
        worst = Verdict.ALLOW
        for reason in reasons:
            worst = reason.verdict if worst is Verdict.ALLOW or reason.verdict is Verdict.DENY else worst
        return Trusted(
            Decision(GATE_NAME, worst, tuple(reasons)),
            tuple((name, one) for name, found in weighed.items() for one in found.holding),
            tuple((name, where, why) for name, found in weighed.items() for where, why in found.refused),
        )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What one authority has said of an image."""

    name: str
    holding: tuple[Signed, ...]
    refused: tuple[tuple[str, str], ...]
    unread: Sequence[str]

    @staticmethod
    def of(name: str, authority: Authority, image: Attestable) -> _Weighed:
        """Every testimony put to ``authority``: those of the image, and those of the indexes that have it."""
        holding: list[Signed] = []
        refused: list[tuple[str, str]] = []
        unread = list(image.unread)
        _put(authority, replace(image.subject, name=image.name), image.testimonies, "", holding, refused)
        for one in image.indexes:
            subject = replace(one.subject, name=image.name)
            _put(authority, subject, one.testimonies, subject.digest, holding, refused)
            unread += one.unread
        return _Weighed(name, tuple(holding), tuple(refused), unread)

    @property
    def has_signed(self) -> bool:
        """Whether a plain signature of it holds."""
        return any(one.is_signature for one in self.holding)

    @property
    def excuse(self) -> str:
        """Why nothing of it counts, as far as that is known."""
        told = [f"{where}: {why}" for where, why in self.refused[:_TOLD]]
        if len(self.refused) > _TOLD:
            told.append(f"and {len(self.refused) - _TOLD} more")
        told += self.unread[:_TOLD]
        return "; ".join(told) or "nothing that it could have signed lies beside the image"


def _put(
    authority: Authority, subject: Subject, testimonies: Sequence[Testimony], index: str, holding: list[Signed],
    refused: list[tuple[str, str]],
) -> None:  # fmt: skip
    for one in testimonies:
        if one.form not in authority.forms:
            continue
        try:
            holding.append(replace(authority.check(one, subject), index=index))
        except RefusedError as error:
            refused.append((one.where, error.reason))


def _authorities(rule: ImageRule) -> Iterator[str]:
    yield from rule.signed_by
    yield from rule.signed_by_any
    if rule.provenance is not None:
        yield from rule.provenance.by


def _unmet(
    rule: ImageRule, weighed: Mapping[str, _Weighed], image: Attestable, now: datetime
) -> Iterator[tuple[str, str]]:
    """Line and words of everything that is asked for and not there."""
    for name in rule.signed_by:
        if not weighed[name].has_signed:
            yield "signed_by", f"not signed by {name} ({weighed[name].excuse})"
    if rule.signed_by_any and not any(weighed[name].has_signed for name in rule.signed_by_any):
        excuses = "; ".join(f"{name}: {weighed[name].excuse}" for name in rule.signed_by_any[:_TOLD])
        yield "signed_by_any", f"signed by none of {', '.join(rule.signed_by_any)} ({excuses})"
    if rule.provenance is not None:
        why = _without_provenance(rule.provenance, weighed)
        if why:
            yield "provenance", why
    if rule.scan is not None:
        why = _unscanned(rule.scan, image.scanned, now)
        if why:
            yield "scan", why


def _without_provenance(wanted: ProvenanceSettings, weighed: Mapping[str, _Weighed]) -> str:
    """Why no statement of provenance is as it must be; empty where one is."""
    differences = []
    for name in wanted.by:
        for one in weighed[name].holding:
            try:
                found = provenance(one.statement) if one.statement is not None else None
            except FormatError as error:
                differences.append(f"{one.where}: {error.reason}")
                continue
            if found is None:
                continue
            different = _different(wanted, found)
            if not different:
                return ""
            differences.append(f"{one.where}: {different}")
    if differences:
        return f"its provenance is another: {'; '.join(differences[:_TOLD])}"
    excuses = "; ".join(f"{name}: {weighed[name].excuse}" for name in wanted.by[:_TOLD])
    return f"no provenance by {' or '.join(wanted.by)} ({excuses})"


def _different(wanted: ProvenanceSettings, found: Provenance) -> str:
    asked = (
        ("repository", wanted.repository, found.repository), ("workflow", wanted.workflow, found.workflow),
        ("ref", wanted.ref, found.ref), ("build type", wanted.build_type, found.build_type),
    )  # fmt: skip
    told = [
        f"{what} {has or 'not named'} and not {wants}" for what, wants, has in asked
        if wants is not None and wants.removesuffix(".git") != has
    ]  # fmt: skip
    if wanted.builder is not None and not word_matches(wanted.builder, found.builder):
        told.append(f"builder {found.builder or 'not named'} and not {wanted.builder}")
    return ", ".join(told)


def _unscanned(wanted: ScanSettings, scanned: Scanned | None, now: datetime) -> str:
    """Why the last scan is not enough; empty where it is."""
    if scanned is None:
        return "the record knows no scan of it that read what is installed"
    if now - scanned.at > timedelta(days=wanted.days):
        return f"last scanned {scanned.at:%Y-%m-%d}, more than {wanted.days} days ago"
    if wanted.no_denied and scanned.verdict == Verdict.DENY.value:
        return f"its scan of {scanned.at:%Y-%m-%d} was denied: findings that the gate denies are open and not waived"
    return ""
