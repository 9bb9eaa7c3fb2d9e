"""What is told of a sign-in becomes a row of SigninLogs, and the attempt of somebody disabled an alert."""

import threading

import pytest

from lockgate.engine import sign_in_rows
from lockgate.engine.cluster_alerts import firing, rules_of
from lockgate.engine.working import Progress
from lockgate.server.sign_in.house import DISABLED, OK, Came, House
from lockgate.settings import PeopleSettings
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.team import jobs, people, sessions
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.sealing import Seal


@pytest.mark.parametrize(("result", "fired"), [(DISABLED, ["ana"]), (OK, [])])
def test_a_sign_in_is_a_row_and_one_of_somebody_disabled_an_alert(tmp_path, result, fired):
    record = Record.open(str(tmp_path / "record"))
    with TeamDatabase.open(tmp_path) as database:
        house = House(database, PeopleSettings, Seal(b"k" * 32), origin="http://localhost:8642", project=tmp_path)
        with database.begin() as connection:
            ana = people.create(connection, username="ana", name="Ana")
            house.tell(connection, ana, Came("192.0.2.7", "Firefox"), result)
        job = jobs.claim(database, [sessions.SIGN_IN_ROW], "worker")
        progress = Progress(database, job, threading.Event())
        assert sign_in_rows.handler(lambda: record).run(job, progress) == "appended"
    tables = record.asked()
    found = firing(rules_of(), tables)
    rows = ask("SigninLogs | project UserPrincipalName, ResultType, IPAddress, IsInteractive", tables).rows
    rule = "alerts/disabled-account-sign-in"
    assert [(row["Rule"], row["Object"]) for row in found] == [(rule, one) for one in fired]
    assert [tuple(row) for row in rows] == [("ana", result, "192.0.2.7", True)]
    assert record.shapes().table("SigninLogs_errors") is None
