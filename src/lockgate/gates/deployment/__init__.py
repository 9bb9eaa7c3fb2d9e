"""The gate of deployments: an environment's rules, a request, what is known of it, and what people said.

Pure. ``environment`` makes the settings ready, ``evidence`` is what is known and its digest, ``binding`` what an answer
is about, ``answers`` which of them count, ``quorum`` whether they are enough, ``calendar`` when deployments may begin,
``decide`` joins them. ``surface`` reads out of manifests what they open to networks and what they permit. What does
not belong: gathering what is known, keeping answers, telling people (``engine.deployments``).
"""

from lockgate.gates import Gate
from lockgate.gates.deployment.answers import Approver
from lockgate.gates.deployment.decide import Ruling, decide
from lockgate.gates.deployment.environment import Environment
from lockgate.gates.deployment.evidence import Evidence

__all__ = ["GATE", "Approver", "Environment", "Evidence", "Ruling", "decide"]

GATE = Gate("deployment", decide)
