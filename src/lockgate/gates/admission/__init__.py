"""The gate of admission: every loaded policy put to one request to the API server.

Pure: policies, settings and what is known of the cluster go in when a :class:`PolicySet` is made, requests when it is
asked. A set is never changed: new policies are a new set. What does not belong: HTTP, reading files, the record.
"""

from lockgate.gates import Gate
from lockgate.gates.admission.answer import Action, Answer, Said
from lockgate.gates.admission.loading import Policies, load_policies
from lockgate.gates.admission.native import Authorities
from lockgate.gates.admission.placed import Placed
from lockgate.gates.admission.policy_set import PolicySet
from lockgate.gates.admission.waiving import Exceptions

__all__ = [
    "GATE", "Action", "Answer", "Authorities", "Exceptions", "Placed", "Policies", "PolicySet", "Said", "load_policies",
]  # fmt: skip

GATE = Gate("admission", PolicySet.review)
