"""What verifying an image costs: one signature by a key, one by a certificate, and a Pod's image at admission.

    python -m bench.image_trust

Needs Debian's docker-registry and skopeo for the last two. Certificates, logs and signatures are those of the tests'
own instance of sigstore; times are of this process by CPU, the registry is another one.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tests.engine.image_trust.test_cosign import certified
from tests.server.admission.test_images import Shop
from tests.simulators.real_registry import REGISTRY, debians_registry
from tests.simulators.sigstore import ISSUER, WORKFLOW, Sigstore, b64

from lockgate.engine.image_trust.admitting import ImageVerdicts, registries
from lockgate.engine.image_trust.policies import load
from lockgate.formats.signatures import simple_signing, trusted_root
from lockgate.formats.signatures.testimony import Form, Subject, Testimony
from lockgate.gates.images.cosign import KeyAuthority, KeylessAuthority, Wanted
from lockgate.signing import keys

DIGEST = f"sha256:{'ab' * 32}"


def spent(work: Callable[[], object], times: int) -> float:
    """Seconds of CPU that one call takes, after a first one."""
    work()
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def main() -> None:
    """Measure and print."""
    folder, image = Path(tempfile.mkdtemp()), Subject(DIGEST, b"")
    key, payload = ec.generate_private_key(ec.SECP256R1()), simple_signing.written(DIGEST)
    told = {simple_signing.SIGNATURE: b64(key.sign(payload, ec.ECDSA(hashes.SHA256())))}
    by_key = Testimony(Form.SIMPLE_SIGNING, payload, "", simple_signing.MEDIA_TYPE, told)
    holder = KeyAuthority((keys.of(key.public_key()),))
    print(f"by a key           {spent(lambda: holder.check(by_key, image), 500) * 1e3:8.2f} ms")
    instance = Sigstore(folder)
    bundle = Testimony(Form.BUNDLE, json.dumps(certified(instance, DIGEST)).encode(), "")
    workflow = KeylessAuthority(Wanted(ISSUER, WORKFLOW), trusted_root.read(instance.trusted_root()))
    print(f"by a certificate   {spent(lambda: workflow.check(bundle, image), 100) * 1e3:8.2f} ms")
    if REGISTRY is not None:
        at_admission(folder)


def at_admission(folder: Path) -> None:
    """An image that was never asked for, and one that was."""
    with debians_registry(folder) as host:
        shop = Shop(folder, host)
        trust, ask, name = load(folder / "images.yaml"), registries(lambda digest: None), shop.image("signed")

        def asked(verdicts: ImageVerdicts) -> None:
            assert verdicts.asked(trust, name, until=time.monotonic() + 9).verified is not None

        print(f"fetched, verified  {spent(lambda: asked(ImageVerdicts(ask)), 20) * 1e3:8.2f} ms")
        known = ImageVerdicts(ask)
        print(f"known              {spent(lambda: asked(known), 2000) * 1e3:8.4f} ms")


if __name__ == "__main__":
    main()
