"""The images of Pods within admission: a judge around the one of policies, who may have to ask registries first.

Containers, init containers, ephemeral ones and volumes of Pods are judged, and what makes Pods as its settings have it.
An image that an update leaves as it was is not judged again: the Pod runs already. What could not be judged is an
error, for which the failure mode of the namespace decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.engine.image_trust.admitting import Admitted, ImageVerdicts
from lockgate.engine.image_trust.pull_secrets import Puller, pullers_secrets
from lockgate.gates.images import ImageTrust
from lockgate.model import Verdict as Weight
from lockgate.policy.remembered import Shared
from lockgate.server.admission.contract import Denial, Judge, Verdict, WaitingJudge
from lockgate.settings import AdmissionSettings, Mildness
from lockgate.settings.globs import word_matches

_LISTS = ("containers", "initContainers", "ephemeralContainers")
_TEMPLATES = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"),
                    ("spec", "template", "spec")),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}  # fmt: skip
_GROUPS = frozenset(("", "apps", "batch"))
_SUBRESOURCES = frozenset(("", "ephemeralcontainers"))
_MARGIN = 0.05
"""Seconds between the last answer of a registry and the deadline of the review."""
_MOST = 100
"""Images of one Pod."""
ENGINE = "images"


@dataclass(frozen=True, slots=True)
class Named:
    """One image of a Pod."""

    image: str
    item: str
    """``container web``, ``volume models``."""


class ImageJudge:
    """Judges the images of what ``inner`` judges."""

    def __init__(self, inner: Judge, trust: ImageTrust, verdicts: ImageVerdicts, settings: AdmissionSettings) -> None:
        self._inner, self._trust, self._verdicts, self._settings = inner, trust, verdicts, settings

    @property
    def version(self) -> str:
        """That of the policies, whose digest is over the policy of images as well."""
        return self._inner.version

    def waits(self, request: Mapping[str, Any]) -> bool:
        """Whether a registry or a cluster has to be asked, which must not hold up other reviews."""
        if isinstance(self._inner, WaitingJudge) and self._inner.waits(request):
            return True
        return any(self._verdicts.known(self._trust, one.image) is None for one in self._images(request))

    def review(self, request: Mapping[str, Any], *, deadline: float) -> Verdict:
        """As the contract says."""
        verdict = self._inner.review(request, deadline=deadline)
        images = self._images(request)
        if not images:
            return verdict
        said = Said(ENGINE, of_pod=request["kind"]["kind"] != "Pod", mild=self._settings.workloads)
        puller = Puller(request.get("namespace") or "", tuple(pullers_secrets(_spec(request))))
        for one in images:
            said.take(one, self._verdicts.asked(self._trust, one.image, until=deadline - _MARGIN, puller=puller))
        return said.joined(verdict)

    def _images(self, request: Mapping[str, Any]) -> Sequence[Named]:
        return in_question(request, self._settings)


def in_question(request: Mapping[str, Any], settings: AdmissionSettings) -> Sequence[Named]:
    """The images that a request brings, each once: of Pods, and of what makes them unless ``settings`` leave that."""
    kind = request["kind"]
    if request.get("operation") not in ("CREATE", "UPDATE") or kind.get("group", "") not in _GROUPS:
        return ()
    if (request.get("subResource") or "") not in _SUBRESOURCES:
        return ()
    path = _path(kind["kind"])
    if not path or (kind["kind"] != "Pod" and settings.workloads is Mildness.OFF):
        return ()
    namespace = request.get("namespace") or ""
    if any(word_matches(glob, namespace) for glob in settings.exempt):
        return ()
    before = {one.image for one in _images_of(request.get("oldObject"), path)}
    found = {one.image: one for one in _images_of(request.get("object"), path) if one.image not in before}
    return tuple(found.values())


def _placed(one: Named) -> str:
    return f"{one.item} {'mounts' if one.item.startswith('volume') else 'runs'} {one.image}"


def _path(kind: str) -> Sequence[str]:
    """Where the specification of Pods stands in an object; nothing where it makes none."""
    return ("spec",) if kind == "Pod" else _TEMPLATES.get(kind, ())


def _spec(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return _at(request.get("object"), _path(request["kind"]["kind"]))


def _at(body: Any, path: Sequence[str]) -> Mapping[str, Any]:
    for step in path:
        body = body.get(step) if isinstance(body, Mapping) else None
    return body if isinstance(body, Mapping) else {}


def _images_of(whole: Any, path: Sequence[str]) -> Iterator[Named]:
    body = _at(whole, path)
    for field in _LISTS:
        rows = body.get(field)
        for row in rows if isinstance(rows, list) else ():
            image, name = (row.get("image"), row.get("name")) if isinstance(row, Mapping) else (None, None)
            if isinstance(image, str) and image:  # a container without one the API server itself refuses
                yield Named(image, f"container {name}")
    volumes = body.get("volumes")
    for row in volumes if isinstance(volumes, list) else ():
        source = row.get("image") if isinstance(row, Mapping) else None
        image = source.get("reference") if isinstance(source, Mapping) else None
        if isinstance(image, str) and image:  # Kubernetes mounts the files of an image (1.31 and later)
            yield Named(image, f"volume {row.get('name')}")


class Said:
    """Gathers what is said of the images of one request, in the name of ``engine``."""

    def __init__(self, engine: str, *, of_pod: bool, mild: Mildness) -> None:
        self._engine, self._of_pod, self._mild = engine, of_pod, mild
        self._denials: list[Denial] = []
        self._warnings: list[str] = []
        self._errors: list[str] = []
        self._outcomes: list[dict[str, Any]] = []
        self._seen = 0

    def take(self, one: Named, admitted: Admitted) -> None:
        """Add what is known of one image."""
        self._seen += 1
        if self._seen > _MOST:
            admitted = Admitted(None, f"more than {_MOST} images in one Pod")
        place = _placed(one)
        if admitted.verified is None:
            self.fail(one, admitted.error)
            return
        for reason in admitted.verified.trusted.decision.reasons:
            if reason.verdict is Weight.DENY:
                self.deny(reason.rule, one, reason.text)
            elif reason.verdict is Weight.WARN:
                self._warn(reason.rule, f"{place}: {reason.text}", one)
        if admitted.verified.by_tag:
            told = f"which is {admitted.verified.digest} now: name the digest, for what a tag names may change"
            self._warn("tag", f"{place}, {told}", one)

    def deny(self, rule: str, one: Named, text: str) -> None:
        """An image may not run; of what makes Pods, as mildly as the settings have it."""
        message = f"{_placed(one)}: {text}"
        if not self._of_pod or self._mild is Mildness.DENY:
            self._denials.append(Denial(rule, message))
            self._out(rule, "deny", message, one)
        else:
            self._warn(rule, f"its Pods will be refused: {message}", one)

    def fail(self, one: Named, error: str) -> None:
        """An image could not be judged."""
        if self._of_pod:  # its Pods will be judged; that it could not be told beforehand refuses nothing
            self._warn(self._engine, f"{_placed(one)}, which could not be judged: {error}", one)
            return
        self._errors.append(f"{self._engine}: {_placed(one)}: {error}")
        self._out(self._engine, "error", f"{_placed(one)}: {error}", one)

    def _warn(self, policy: str, message: str, one: Named) -> None:
        self._warnings.append(f"[{policy}] {message}")
        self._out(policy, "warn", message, one)

    def _out(self, policy: str, action: str, message: str, one: Named) -> None:
        item = one.item.partition(" ")[2]
        told = {"policy": policy, "engine": self._engine, "action": action, "message": message, "item": item}
        self._outcomes.append({**told, "ofPod": True} if self._of_pod else told)

    def joined(self, verdict: Verdict) -> Verdict:
        """The verdict of the policies and of the images."""
        if not self._outcomes:
            return verdict
        denials = (*verdict.denials, *self._denials)
        notes = dict(verdict.audit_annotations)
        if self._denials:
            by = dict.fromkeys(one.policy for one in self._denials)
            notes["denied-by"] = ", ".join(filter(None, (notes.get("denied-by", ""), *by)))
        return replace(
            verdict, allowed=verdict.allowed and not denials, denials=denials,
            warnings=(*verdict.warnings, *self._warnings), errors=(*verdict.errors, *self._errors),
            audit_annotations=notes, outcomes=[*verdict.outcomes, *self._outcomes], template=None, shared=Shared(),
        )  # fmt: skip
