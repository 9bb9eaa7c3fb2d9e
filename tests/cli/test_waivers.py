"""`lockgate waivers` and `lockgate jobs` as people call them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.store import Ledger

TODAY = datetime.now(UTC).date()
SOON, LATER, PAST = (str(TODAY + timedelta(days=days)) for days in (5, 300, -2))
RULE = "secrets/github-token"


@pytest.fixture
def waived(lockgate, secrets_only, token):
    """A checked repository with a waiver that covers, one that covers nothing, and one that has expired."""
    secrets_only.write("app/a.py", f'TOKEN = "{token}"\n')
    found = json.loads(lockgate("check", "--format", "json", "--no-store", cwd=secrets_only.folder).stdout)
    rule = found["findings"][0]["rule"]
    secrets_only.write(
        "lockgate-waivers.yaml",
        f"waivers:\n- {{rule: {rule}, path: 'app/**', by: ada, reason: a made-up value, expires: {SOON}}}\n"
        f"- {{rule: {rule}, path: 'old/**', by: ada, reason: it was moved away, expires: {LATER}}}\n"
        f"- {{rule: {rule}, path: 'past/**', by: bob, reason: was fine for a while, expires: {PAST}}}\n",
    )
    return secrets_only.folder, rule


def listed(lockgate, folder, *more):
    done = lockgate("waivers", "list", "--json", *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_waiver_is_listed_with_its_state_and_what_it_covered(lockgate, waived):
    folder, rule = waived
    assert {one["state"] for one in listed(lockgate, folder)} == {"unknown", "expired"}
    assert lockgate("check", cwd=folder).returncode == 0
    first, second, third = listed(lockgate, folder)
    assert (first["state"], second["state"], third["state"]) == ("expiring", "unused", "expired")
    assert (first["by"], first["reason"], first["expires"]) == ("ada", "a made-up value", SOON)
    assert first["where"] == "lockgate-waivers.yaml:2"
    assert [(one["rule"], one["path"], one["line"]) for one in first["covers"]] == [(rule, "app/a.py", 1)]
    assert listed(lockgate, folder, "--days", "2")[0]["state"] == "active"
    shown = lockgate("waivers", "list", cwd=folder).stdout
    assert f"by ada until {SOON}: a made-up value" in shown and "covers " + rule + " at app/a.py:1" in shown


def test_a_waiver_in_a_comment_that_covered_something_is_listed(lockgate, secrets_only, token):
    mark = "lockgate:" + f'waive by=ada reason="a made-up value" expires={LATER}'
    secrets_only.write("a.py", f'TOKEN = "{token}"\n')
    found = json.loads(lockgate("check", "--format", "json", "--no-store", cwd=secrets_only.folder).stdout)
    rule = found["findings"][0]["rule"]
    secrets_only.write("a.py", f'TOKEN = "{token}"  # {mark} rule={rule}\n')
    assert lockgate("check", cwd=secrets_only.folder).returncode == 0
    (only,) = listed(lockgate, secrets_only.folder)
    assert (only["by"], only["state"], only["where"]) == ("ada", "active", "")
    assert only["covers"][0]["path"] == "a.py"


def test_a_person_can_stand_by_a_waiver_and_an_expired_or_unknown_one_is_refused(lockgate, waived):
    folder, rule = waived
    done = lockgate("waivers", "acknowledge", f"{rule} app/**", "--by", "grace", "--note", "checked again", cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"grace stands by {rule} app/**\n")
    (word,) = listed(lockgate, folder)[0]["acknowledged"]
    assert (word["who"], word["note"], word["time"][:4]) == ("grace", "checked again", str(TODAY.year))
    late = lockgate("waivers", "acknowledge", f"{rule} past/**", "--by", "grace", cwd=folder)
    assert late.returncode == 2 and "expired" in late.stderr
    wrong = lockgate("waivers", "acknowledge", f"{rule} ap/**", "--by", "grace", cwd=folder)
    assert wrong.returncode == 2 and "did you mean" in wrong.stderr
    assert lockgate("waivers", "acknowledge", f"{rule} app/**", "--by", " ", cwd=folder).returncode == 2


def test_jobs_are_listed_and_shown(lockgate, secrets_only):
    folder = secrets_only.folder
    assert lockgate("jobs", "list", cwd=folder).stdout == "no job\n"
    with Ledger.open(folder / ".lockgate") as ledger:
        first = ledger.start_job("update", detail="osv.zip")
        ledger.start_job("history")
        ledger.finish_job(first, "done")
    jobs = json.loads(lockgate("jobs", "list", "--json", cwd=folder).stdout)
    assert [(job["kind"], job["outcome"]) for job in jobs] == [("update", "done"), ("history", "")]
    assert "has not ended" in lockgate("jobs", "list", cwd=folder).stdout
    assert json.loads(lockgate("jobs", "show", str(first), cwd=folder).stdout)["detail"] == "osv.zip"
    assert lockgate("jobs", "show", "99", cwd=folder).returncode == 2
