"""What an answer is about: one digest over image digests, manifest digest, policy version and evidence.

Any change of one of them is another binding, and an answer that was given to the first says nothing of the second.
"""

from __future__ import annotations

from lockgate.gates.deployment.environment import Environment
from lockgate.gates.deployment.evidence import Evidence, digest_of
from lockgate.model.deployment import DeploymentRequest
from lockgate.settings import GateSettings

_BINDING, _SUBJECT, _POLICY = "lockgate-binding-1", "lockgate-subject-1", "lockgate-policy-1"


def binding_of(request: DeploymentRequest, evidence: Evidence, policy: str) -> str:
    """The digest that answers are bound to; ``policy``: its version, of :func:`policy_version`."""
    return digest_of(
        _BINDING, request.environment, request.repository, request.ref, request.commit, subject_of(request), policy,
        evidence.digest,
    )  # fmt: skip


def subject_of(request: DeploymentRequest) -> str:
    """The digest over what will run: images and manifests, and where."""
    return digest_of(_SUBJECT, request.environment, request.repository, sorted(set(request.images)), request.manifests)


def policy_version(environment: Environment, gate: GateSettings, *, rules: str, images: str) -> str:
    """The digest over all that decides: the line of the environment, the gate of checks, the digest of the rulebook
    (``rules``) and that of the policy of images (``images``, empty where there is none)."""
    return digest_of(_POLICY, environment.settings, gate, rules, images)
