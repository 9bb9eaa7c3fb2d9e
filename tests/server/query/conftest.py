"""Running servers, and the real clients of Kusto."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from tests.server.query.served import Running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("served"), secure=False)
    yield running
    running.close()


@pytest.fixture
def kusto(server):
    """The client of Azure Data Explorer, with Ana's token."""
    from azure.kusto.data import KustoClient, KustoConnectionStringBuilder

    with ExitStack() as clients:

        def connect(token=None):
            builder = KustoConnectionStringBuilder.with_aad_user_token_authentication(server.url, token or server.token)
            return clients.enter_context(KustoClient(builder))

        yield connect


@pytest.fixture(scope="session")
def stored():
    """Puts three reviews into a record, an hour apart; gives the time of the middle one."""

    def put(record):
        noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
        reviews = [
            {"TimeGenerated": noon + timedelta(hours=hours), "RunId": "", "Kind": "Pod"} for hours in (-1, 0, 1)
        ]
        record.append_alone("AdmissionReviews", reviews, once=("test", 1))
        return noon

    return put
