"""A certificate that cannot be read is refused, whatever of it is wrong."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.signing.notary.authorities import chain

from lockgate.signing import certificates
from lockgate.signing.notary import chains
from lockgate.signing.refused import RefusedError


@pytest.mark.parametrize("load", [certificates.loaded, lambda der: chains.loaded([der])], ids=["sigstore", "notary"])
def test_a_certificate_of_a_version_that_there_is_not_is_refused(load):
    der = chain()[1][0].public_bytes(Encoding.DER)
    assert der.count(b"\xa0\x03\x02\x01\x02") == 1
    for wrong in (der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"), der[:-1], b""):
        with pytest.raises(RefusedError, match="cannot be read"):
            load(wrong)
