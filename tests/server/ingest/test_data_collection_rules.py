"""Rows sent by Azure's own client through a data collection rule: transformed, split over tables, or refused."""

import json
import time
from datetime import UTC, datetime

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.monitor.ingestion import LogsIngestionClient
from tests.server.ingest.served import Served

from lockgate.store.ingest import data_collection_rules

RULE = {
    "name": "shop",
    "properties": {
        "immutableId": "dcr-0123456789",
        "streamDeclarations": {"Custom-Orders": {"columns": [
            {"name": "Time", "type": "datetime"}, {"name": "Card", "type": "string"}, {"name": "Cents", "type": "long"},
            {"name": "Test", "type": "boolean"}]}},
        "destinations": {"logAnalytics": [{"workspaceResourceId": "/subscriptions/s", "name": "here"}]},
        "dataFlows": [
            {"streams": ["Custom-Orders"], "destinations": ["here"], "outputStream": "Custom-Orders_CL",
             "transformKql": "source | where Test == false | extend Euro = Cents / 100.0, Last = substring(Card, 12)"
                             " | project TimeGenerated = Time, Euro, Last"},
            {"streams": ["Custom-Orders"], "destinations": ["here"], "outputStream": "Custom-Tests_CL",
             "transformKql": "source | where Test | project TimeGenerated = Time, Cents"},
            {"streams": ["Microsoft-Syslog"], "destinations": ["here"]},
        ],
    },
}  # fmt: skip


@pytest.fixture
def served(tmp_path):
    (tmp_path / "shop.json").write_text(json.dumps(RULE))
    running = Served(tmp_path, secure=True, rules=data_collection_rules.read([tmp_path / "shop.json"]))
    yield running
    running.close()


@pytest.fixture
def client(served, tmp_path):
    class Credential:
        def get_token(self, *scopes, **more):
            return AccessToken(served.token, int(time.time()) + 3600)

    authority = str(tmp_path / "authority" / "ca.crt")
    with LogsIngestionClient(served.url, Credential(), connection_verify=authority, retry_total=0) as found:
        yield found


def test_rows_go_through_the_rule_into_each_of_its_tables(served, client):
    now = datetime.now(UTC).isoformat()
    orders = [{"Time": now, "Card": "4111111111111234", "Cents": 100 * n, "Test": n % 3 == 0} for n in range(1, 10)]
    client.upload("dcr-0123456789", "Custom-Orders", orders)
    served.until("Orders_CL | summarize count(), sum(Euro), make_set(Last)", [(6, 27.0, '["1234"]')])
    served.until("Tests_CL | summarize count(), sum(Cents)", [(3, 1800)])
    assert served.ask("Orders_CL | getschema | where ColumnName == 'Card' | count") == [(0,)]


def test_a_rule_is_known_by_its_name_too_and_a_table_of_azure_needs_no_declaration(served, client):
    client.upload("shop", "Microsoft-Syslog", [{"TimeGenerated": datetime.now(UTC).isoformat(), "Facility": "auth"}])
    served.until("Syslog | project Facility", [("auth",)])


@pytest.mark.parametrize(("rule", "stream", "status", "said"), [
    ("dcr-other", "Custom-Orders", 404, "dcr-other"), ("shop", "Custom-Orders_CL", 400, "not configured"),
])  # fmt: skip
def test_what_no_rule_names_is_refused_as_the_service_does(client, rule, stream, status, said):
    with pytest.raises(HttpResponseError, match=said) as found:
        client.upload(rule, stream, [{"Time": "2026-01-01T00:00:00Z"}])
    assert found.value.status_code == status


def test_what_does_not_fit_the_declared_columns_is_told_beside_the_table(served, client):
    now = datetime.now(UTC).isoformat()
    client.upload("shop", "Custom-Orders", [{"Time": now, "Card": "1" * 16, "Cents": "many", "Test": False}])
    served.until("Orders_CL_errors | project Field, Text, Origin", [("Cents", "many", "dcr-0123456789/Custom-Orders")])
