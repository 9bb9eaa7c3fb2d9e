"""The admission webhook: AdmissionReview in, verdict out, every review told to a recorder.

``contract`` says what a judge and a recorder are; ``review`` reads and writes the form of Kubernetes; ``app`` answers
requests; ``serve`` runs it over TLS. What does not belong: policies.
"""

from lockgate.server.admission.app import AdmissionApp
from lockgate.server.admission.contract import Denial, FailureMode, FailureModes, Judge, Recorder, ReviewRecord, Verdict
from lockgate.server.admission.serve import AdmissionServer, Options

__all__ = [
    "AdmissionApp", "AdmissionServer", "Denial", "FailureMode", "FailureModes", "Judge", "Options", "Recorder",
    "ReviewRecord", "Verdict",
]  # fmt: skip
