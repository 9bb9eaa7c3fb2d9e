"""Requests signed as Microsoft's page says reach a table with its suffixes; what is wrong is told in its words."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from tests.server.ingest.served import Served

_DOCUMENTED = [
    {"StringValue": "MyString1", "NumberValue": 42, "BooleanValue": True, "DateValue": "2019-09-12T20:00:00.625Z",
     "GUIDValue": "9909ED01-A74C-4874-8ABF-D2678E3AE23D"},
    {"StringValue": "MyString2", "NumberValue": 43, "BooleanValue": False, "DateValue": "2019-09-12T20:00:00.625Z",
     "GUIDValue": "8809ED01A74C48748ABFD2678E3AE23D"},
]  # fmt: skip


def _signed(served, body, *, key=None, name="ana", date=None, kind="application/json", length=None):
    """Headers as the page's samples make them."""
    date = date or format_datetime(datetime.now(UTC), usegmt=True)
    text = f"POST\n{len(body) if length is None else length}\n{kind}\nx-ms-date:{date}\n/api/logs"
    made = hmac.new(base64.b64decode(key or served.key), text.encode("utf-8"), digestmod=hashlib.sha256).digest()
    shown = f"SharedKey {name}:{base64.b64encode(made).decode()}"
    return {"content-type": kind, "authorization": shown, "x-ms-date": date, "Log-Type": "MyRecordType"}


def _post(served, records, *, path="/api/logs?api-version=2016-04-01", signing=None, **headers):
    body = records if isinstance(records, bytes) else json.dumps(records).encode()
    given = _signed(served, body, **(signing or {})) | {one.replace("_", "-"): v for one, v in headers.items()}
    return httpx.post(f"http://127.0.0.1:{served.port}{path}", content=body, headers=given, timeout=30)


def test_the_records_of_the_documentation_have_its_columns_and_types(served):
    answer = _post(served, _DOCUMENTED, x_ms_AzureResourceId="/subscriptions/s/resourceGroups/g/providers/p/t/n")
    assert (answer.status_code, answer.content) == (200, b"")
    served.until("MyRecordType_CL | count", [(2,)])
    assert served.ask(
        "MyRecordType_CL | project StringValue_s, NumberValue_d, BooleanValue_b, GUIDValue_g, Type, SourceSystem, "
        "_ResourceId, year = datetime_part('year', DateValue_t) | order by StringValue_s asc"
    ) == [
        ("MyString1", 42.0, True, "9909ed01-a74c-4874-8abf-d2678e3ae23d", "MyRecordType_CL", "RestAPI",
         "/subscriptions/s/resourceGroups/g/providers/p/t/n", 2019),
        ("MyString2", 43.0, False, "8809ed01-a74c-4874-8abf-d2678e3ae23d", "MyRecordType_CL", "RestAPI",
         "/subscriptions/s/resourceGroups/g/providers/p/t/n", 2019),
    ]  # fmt: skip
    assert served.ask("MyRecordType_CL | getschema | where ColumnName has '_' and ColumnName !startswith '_' "
                      "| project ColumnName, ColumnType | order by ColumnName asc") == [
        ("BooleanValue_b", "bool"), ("DateValue_t", "datetime"), ("GUIDValue_g", "guid"), ("NumberValue_d", "real"),
        ("StringValue_s", "string"),
    ]  # fmt: skip
    assert served.ask("MyRecordType_CL_errors | count") in ([], [(0,)])


def test_later_records_are_converted_to_the_columns_that_there_are_as_the_documentation_shows(served):
    for number, records in enumerate([
        {"number": 5, "second": 1, "boolean": True, "string": "a"},
        {"number": "6", "boolean": "false", "string": "b"},  # texts are converted
        {"number": 7, "second": 1.5, "boolean": 1.5, "string": 8},  # no number is converted to a truth value or a text
    ]):  # fmt: skip
        assert _post(served, records).status_code == 200
        served.until("MyRecordType_CL | count", [(number + 1,)])
    assert served.ask("MyRecordType_CL | project number_d, boolean_b, string_s, boolean_d, string_d, second_d "
                      "| order by number_d asc") == [
        (5.0, True, "a", None, None, 1.0), (6.0, False, "b", None, None, None), (7.0, None, "", 1.5, 8.0, 1.5),
    ]  # fmt: skip


def test_the_field_that_is_named_says_when_it_was_unless_that_is_too_long_ago(served):
    soon, old = (datetime.now(UTC) - timedelta(hours=hours) for hours in (3, 72))
    stamped = [{"n": 1, "at": soon.isoformat()}, {"n": 2, "at": old.isoformat()}, {"n": 3}]
    assert _post(served, stamped, time_generated_field="at").status_code == 200
    served.until("MyRecordType_CL | count", [(3,)])
    assert served.ask("MyRecordType_CL | project n_d, kept = TimeGenerated == at_t, now = TimeGenerated > ago(1m) "
                      "| order by n_d asc") == [(1.0, True, False), (2.0, False, True), (3.0, False, True)]  # fmt: skip


def test_values_with_parts_are_texts_and_names_have_letters_digits_and_underscores(served):
    sent = {"a.b c": {"x": [1, None]}, "day": "2026-01-02T03:04", "none": None, "large": 12345678901234567890}
    assert _post(served, sent).status_code == 200
    wanted = ('{"x":[1,null]}', "2026-01-02T03:04", 1.2345678901234567e19)
    served.until("MyRecordType_CL | project a_b_c_s, day_s, large_d", [wanted])
    assert served.ask("MyRecordType_CL | where isnotempty(column_ifexists('none_s', ''))") == []


def test_fields_that_differ_by_case_alone_are_one_column_and_the_others_are_told_of(served):
    assert _post(served, [{"a": "x", "A": "y"}, {"A": "z"}]).status_code == 200
    served.until("MyRecordType_CL | project a_s | order by a_s asc", [("",), ("x",)])
    served.until("MyRecordType_CL_errors | project Field, Text, Kept | order by Text asc",
                 [("A_s", "y", True), ("A_s", "z", True)])  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"path": "/api/logs"}, 400, "MissingApiVersion"),
        ({"path": "/api/logs?api-version=2015-01-01"}, 400, "InvalidApiVersion"),
        ({"signing": {"kind": "text/plain"}}, 400, "UnsupportedContentType"),
        ({"signing": {"kind": ""}}, 400, "MissingContentType"),
        ({"Log_Type": "My-Type"}, 400, "InvalidLogType"), ({"Log_Type": "a" * 101}, 400, "InvalidLogType"),
        ({"Log_Type": ""}, 400, "MissingLogType"),
        ({"records": b"[{"}, 400, "InvalidDataFormat"), ({"records": [1]}, 400, "InvalidDataFormat"),
        ({"records": [{"TimeGenerated": "x"}]}, 400, "InvalidDataFormat"),
        ({"records": [{"tenant": "x"}]}, 400, "InvalidDataFormat"),
        ({"signing": {"key": base64.b64encode(b"another").decode()}}, 403, "InvalidAuthorization"),
        ({"signing": {"name": "nobody"}}, 403, "InvalidAuthorization"),
        ({"signing": {"length": 1}}, 403, "InvalidAuthorization"),
        ({"signing": {"date": "Mon, 04 Apr 2016 08:00:00 GMT"}}, 403, "InvalidAuthorization"),
        ({"signing": {"date": "yesterday"}}, 403, "InvalidAuthorization"),
        ({"authorization": "SharedKey ana"}, 403, "InvalidAuthorization"),
        ({"authorization": ""}, 403, "InvalidAuthorization"),
        ({"origin": "https://example.org"}, 403, "InvalidAuthorization"),
        ({"records": b'["' + b"x" * (30 << 20) + b'"]'}, 404, ""),
    ],
)  # fmt: skip
def test_a_request_that_is_wrong_is_told_so_in_the_service_s_words(served, change, status, code):
    records = change.pop("records", [{"a": 1}])
    answer = _post(served, records, **change)
    assert (answer.status_code, answer.json()["Error"]) == (status, code), answer.text
    assert served.taker._journal.size == 0


def test_a_post_of_just_thirty_megabytes_is_taken(served):
    body = b'[{"n":1,"s":"' + b"x" * ((30 << 20) - 16) + b'"}]'
    assert len(body) == 30 << 20
    assert _post(served, body).status_code == 200


def test_a_key_that_belongs_to_somebody_without_the_right_opens_nothing(served):
    from tests.server.ingest.served import SALT

    from lockgate.server.access import People
    from lockgate.server.ingest.shared_key import key_of

    key = key_of(People(served.folder / "tokens").named("rob")[0], SALT)
    answer = _post(served, [{"a": 1}], signing={"key": key, "name": "rob"})
    assert (answer.status_code, answer.json()["Error"]) == (403, "InvalidAuthorization")


def test_where_too_much_waits_a_client_is_asked_to_come_later(tmp_path):
    running = Served(tmp_path, most_waiting=100_000)
    running.broken = True
    try:
        statuses = [_post(running, [{"text": "x" * 30_000}]) for _ in range(5)]
        assert [one.status_code for one in statuses][-1] == 429
        assert int(statuses[-1].headers["retry-after"]) > 0
    finally:
        running.broken = False
        running.close()
    assert running.ask("MyRecordType_CL | count") == [(sum(one.status_code == 200 for one in statuses),)]
