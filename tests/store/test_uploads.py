"""What somebody sends as a run is refused where it is none, with the place, before any of it is kept."""

import uuid

import pytest

from lockgate.errors import UsageError
from lockgate.store.uploads import read

RUN = {"Run": uuid.UUID(int=7).hex, "Root": "acme/shop", "TimeGenerated": "2026-11-27T05:00:00+00:00"}


@pytest.mark.parametrize(("tables", "told"), [
    (None, "tables"), ({"Runs": 5}, "tables"), ({"Runs": {"a": 1}}, "tables"), ({"Runs": [RUN, RUN]}, "tables"),
    ({"Runs": [5]}, "Runs: Run"), ({"Runs": [RUN | {"TimeGenerated": "0001-01-01T00:00:00+14:00"}]}, "TimeGenerated"),
    ({"Runs": [RUN | {"FindingCount": 2**63}]}, "FindingCount"), ({"Runs": [RUN], "Findings": 5}, "Findings"),
    ({"Runs": [RUN], "Findings": [{"Line": 2**63}]}, "Line"), ({"Runs": [RUN], "AuditTrail": []}, "AuditTrail"),
])  # fmt: skip
def test_what_is_no_run_is_refused_with_its_place(tables, told):
    with pytest.raises(UsageError, match=told):
        read({"tables": tables})


def test_rows_are_of_the_run_that_was_sent_whatever_they_say():
    other = uuid.UUID(int=8).hex
    upload = read({"tables": {"Runs": [RUN], "Findings": [{"RunId": other, "Line": 2**63 - 1}]}})
    assert [row["RunId"] for row in upload.rows["Findings"]] == [upload.run] != [other]
