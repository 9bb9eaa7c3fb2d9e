import pytest
from tests.server.ingest.served import Served


@pytest.fixture
def served(tmp_path):
    running = Served(tmp_path)
    yield running
    running.close()
