import pytest
from tests.server.entra.issuer import Issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    running = Issuer(tmp_path_factory.mktemp("entra"))
    yield running
    running.close()
