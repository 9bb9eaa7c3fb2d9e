"""The rule "this namespace takes only what was allowed for its environment" within admission.

A judge around the others, as the one of images is: containers and volumes of Pods, and what makes Pods as the settings
have it. An image that an update leaves as it was is not judged again. Where it cannot be told what was allowed, the
failure mode of the namespace decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.engine.deployments.admitting import ApprovedDigests
from lockgate.errors import LockgateError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.gates.deployment import Environment
from lockgate.gates.deployment.approved import lines_of
from lockgate.server.admission.contract import Judge, Verdict, WaitingJudge
from lockgate.server.admission.images import Named, Said, in_question
from lockgate.settings import AdmissionSettings

ENGINE = "deployments"


class DeploymentJudge:
    """Judges the digests of what ``inner`` judges."""

    def __init__(
        self, inner: Judge, environments: Sequence[Environment], digests: ApprovedDigests, settings: AdmissionSettings
    ) -> None:  # fmt: skip
        self._inner, self._environments = inner, tuple(environments)
        self._digests, self._settings = digests, settings

    @property
    def version(self) -> str:
        """That of the policies."""
        return self._inner.version

    def waits(self, request: Mapping[str, Any]) -> bool:
        """Whether the database has to be asked, or one of the inner judges waits."""
        if isinstance(self._inner, WaitingJudge) and self._inner.waits(request):
            return True
        lines = self._lines(request)
        return bool(lines) and not all(self._known(lines, one) for one in in_question(request, self._settings))

    def review(self, request: Mapping[str, Any], *, deadline: float) -> Verdict:
        """As the contract says."""
        verdict = self._inner.review(request, deadline=deadline)
        lines = self._lines(request)
        images = in_question(request, self._settings) if lines else ()
        if not images:
            return verdict
        said = Said(ENGINE, of_pod=request["kind"]["kind"] != "Pod", mild=self._settings.workloads)
        for one in images:
            self._judge(one, lines, said)
        return said.joined(verdict)

    def _lines(self, request: Mapping[str, Any]) -> tuple[Environment, ...]:
        return lines_of(self._environments, request.get("namespace") or "", self._settings.cluster or "")

    def _known(self, lines: Sequence[Environment], one: Named) -> bool:
        digest = _digest(one.image)
        return not digest or any(self._digests.knows(line.line, digest) for line in lines)

    def _judge(self, one: Named, lines: Sequence[Environment], said: Said) -> None:
        rule, names = f"{lines[0].line}.namespaces", " or ".join(line.settings.name for line in lines)
        digest = _digest(one.image)
        if not digest:
            said.deny(rule, one, f"names no digest, and only digests are allowed for {names}")
            return
        try:
            if not any(self._digests.allows(line.line, digest) for line in lines):
                said.deny(rule, one, f"was not allowed for {names}: lockgate gate request --image ...")
        except LockgateError as error:
            said.fail(one, f"cannot be told from what was allowed for {names}: {error.message}")


def _digest(image: str) -> str:
    try:
        return references.parse(image).digest
    except FormatError:
        return ""
