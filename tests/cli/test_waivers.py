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


def test_an_exemption_of_azure_waives_a_resource_of_a_template_where_it_is_deployed_to(lockgate, repository):
    from lockgate.policy.catalogue.export_azure import definition_name

    rule = "policy/storage-network-open"
    group = "/subscriptions/1/resourceGroups/shop"
    authorization = "/subscriptions/1/providers/Microsoft.Authorization"
    properties = {
        "policyAssignmentId": f"{authorization}/policyAssignments/baseline", "exemptionCategory": "Mitigated",
        "expiresOn": f"{TODAY + timedelta(days=90)}T00:00:00Z", "description": "a firewall stands before it",
        "metadata": {"approvedBy": "network team"},
    }  # fmt: skip
    exemption = {"id": f"{group}/providers/Microsoft.Authorization/policyExemptions/e", "properties": properties}
    assignment = {"id": f"{authorization}/policyAssignments/baseline", "properties": {
        "policyDefinitionId": f"{authorization}/policyDefinitions/{definition_name(rule)}"}}  # fmt: skip
    lost = {**exemption, "name": "lost", "properties": {**properties, "policyAssignmentId": "/other"}}
    repository.write("azure/exemptions.json", json.dumps([exemption, lost]))
    repository.write("azure/assignments.json", json.dumps([assignment]))
    for name in ("shop", "other"):
        repository.write(f"{name}/main.bicep", """resource it 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'harbour'
  sku: { name: 'Standard_GZRS' }
  kind: 'StorageV2'
  properties: { networkAcls: { defaultAction: 'Allow' } }
}
""")
    repository.write("lockgate.yaml", "version: 1\nfamilies: [policy]\nexemptions: [azure]\nscanners:\n  policy:\n"
                     f"    azure_scopes: ['shop/**={group}', 'other/**=/subscriptions/1/resourceGroups/other']\n")
    repository.commit()
    done = lockgate("check", "--no-store", "--format", "json", cwd=repository.folder)
    report = json.loads(done.stdout)
    found = {one["location"]["path"]: one for one in report["findings"] if one["rule"] == rule}
    assert found["shop/main.bicep"]["waiver"]["by"] == "network team"
    assert found["shop/main.bicep"]["waiver"]["reason"] == "Exempt in Azure (mitigated): a firewall stands before it"
    assert found["other/main.bicep"]["waiver"] is None
    (told,) = [one for one in report["skips"] if one["path"] == "azure/exemptions.json"]
    assert "the exemption lost counts for nothing" in told["reason"]
