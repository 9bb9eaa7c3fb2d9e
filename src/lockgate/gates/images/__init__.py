"""The gate of images: what is attached to one, put to those whose signature counts.

``authority`` is what each kind of them answers to: ``cosign`` has keys and sigstore's certificates, others stand beside
it. ``trust`` holds what was found against the policy of images. Pure: nothing is fetched here.
"""

from lockgate.gates import Gate
from lockgate.gates.images.authority import Authority, Signed
from lockgate.gates.images.trust import Attestable, Covering, ImageTrust, Scanned, Trusted

__all__ = ["GATE", "Attestable", "Authority", "Covering", "ImageTrust", "Scanned", "Signed", "Trusted"]

GATE = Gate("images", ImageTrust.judge)
