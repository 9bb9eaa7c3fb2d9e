"""`lockgate check`, whole: what it says, what it remembers, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

DENIED, USAGE, CONFIGURATION, NOTHING, UNAVAILABLE = 1, 2, 3, 4, 5


def result(lockgate, folder, *arguments, **more):
    done = lockgate("check", "--format", "json", *arguments, cwd=folder, **more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def states(document):
    return [(one["rule"], one["state"]) for one in document["findings"]]


def test_a_clean_repository_is_allowed(lockgate, secrets_only):
    code, document = result(lockgate, secrets_only.folder)
    assert code == 0
    assert document["decision"]["verdict"] == "allow"


def test_a_leaked_token_is_denied_and_its_value_is_nowhere(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    done = lockgate("check", cwd=secrets_only.folder)
    assert done.returncode == DENIED
    assert "app.py:1" in done.stdout
    assert token not in done.stdout + done.stderr
    kept = [path.read_bytes() for path in (secrets_only.folder / ".lockgate").rglob("*") if path.is_file()]
    assert kept
    assert not any(token.encode() in content for content in kept)


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "markdown", "html", "csv"])
def test_no_report_shows_the_value(lockgate, secrets_only, token, form):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    done = lockgate("check", "--format", form, cwd=secrets_only.folder)
    assert done.returncode == DENIED
    assert done.stdout
    assert token not in done.stdout


def test_a_finding_is_new_then_known_then_fixed(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    _, first = result(lockgate, secrets_only.folder)
    _, second = result(lockgate, secrets_only.folder)
    secrets_only.write("app.py", "TOKEN = None\n")
    code, third = result(lockgate, secrets_only.folder)
    assert [states(first)[0][1], states(second)[0][1]] == ["new", "known"]
    assert first["findings"][0]["identity"] == second["findings"][0]["identity"]
    assert code == 0
    assert len(third["fixed"]) == 1


def test_a_finding_is_known_again_after_its_file_moved_and_was_edited(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    _, first = result(lockgate, secrets_only.folder)
    (secrets_only.folder / "app.py").unlink()
    secrets_only.write("src/settings/values.py", f"# moved\n\n\nkey = '{token}'\n")
    _, second = result(lockgate, secrets_only.folder)
    assert second["findings"][0]["state"] == "known"
    assert first["findings"][0]["identity"] == second["findings"][0]["identity"]


def test_without_advisories_nothing_was_checked_and_it_says_so(lockgate, repository):
    repository.write("requirements.txt", "requests==2.19.0\n")
    families = ("--family", "dependencies", "--family", "secrets")
    done = lockgate("check", *families, cwd=repository.folder)
    assert done.returncode == NOTHING
    assert "nothing was checked for dependencies" in done.stdout


def test_an_empty_folder_is_not_called_clean(lockgate, tmp_path):
    done = lockgate("check", "--family", "secrets", cwd=tmp_path)
    assert done.returncode == NOTHING


def test_since_shows_only_what_the_branch_introduces(lockgate, secrets_only, token):
    secrets_only.write("old.py", f'TOKEN = "{token}"\n')
    secrets_only.commit()
    secrets_only.git("checkout", "-q", "-b", "topic")
    other = token[:4] + token[4:][::-1]
    secrets_only.write("old.py", f'# moved down\n\nTOKEN = "{token}"\n')
    secrets_only.write("new.py", f'OTHER = "{other}"\n')
    secrets_only.commit()
    code, document = result(lockgate, secrets_only.folder, "--since", "main")
    paths = [one["location"]["path"] for one in document["findings"]]
    assert "old.py" not in paths
    assert code in (0, DENIED)


def test_since_in_a_bare_repository_compares_its_head(lockgate, secrets_only, token, tmp_path):
    secrets_only.write("old.txt", "1")
    secrets_only.commit()
    secrets_only.git("tag", "before")
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    secrets_only.commit()
    bare = tmp_path / "bare.git"
    secrets_only.git("clone", "-q", "--bare", str(secrets_only.folder), str(bare))
    code, document = result(lockgate, bare, "--since", "before", "--family", "secrets", "--no-store")
    assert code == DENIED
    assert [one["location"]["path"] for one in document["findings"]] == ["app.py"]


def test_staged_judges_the_index_not_the_working_tree(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    assert result(lockgate, secrets_only.folder, "--staged")[0] in (0, NOTHING)
    secrets_only.git("add", "app.py")
    secrets_only.write("app.py", "clean\n")
    assert result(lockgate, secrets_only.folder, "--staged")[0] == DENIED


def test_history_finds_what_was_removed_and_tells_it_again(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    commit = secrets_only.commit()
    secrets_only.write("app.py", "TOKEN = None\n")
    secrets_only.commit()
    for _ in range(2):
        code, document = result(lockgate, secrets_only.folder, "--history")
        assert code == DENIED
        assert document["findings"][0]["location"]["commit"] == commit


def test_a_second_history_run_reads_only_new_blobs(lockgate, secrets_only):
    secrets_only.write("a.py", "print(1)\n")
    secrets_only.commit()
    _, first = result(lockgate, secrets_only.folder, "--history")
    secrets_only.write("a.py", "print(2)\n")
    secrets_only.commit()
    _, second = result(lockgate, secrets_only.folder, "--history")
    assert (first["run"]["files"], second["run"]["files"]) == (2, 1)


def test_a_partial_run_never_calls_unseen_findings_fixed(lockgate, secrets_only, token):
    secrets_only.write("a/app.py", f'TOKEN = "{token}"\n')
    secrets_only.write("b/clean.py", "1\n")
    result(lockgate, secrets_only.folder)
    _, part = result(lockgate, secrets_only.folder, "b")
    assert part["fixed"] == []
    _, whole = result(lockgate, secrets_only.folder)
    assert states(whole)[0][1] == "known"


def test_a_waiver_lets_it_pass_until_it_expires(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    _, before = result(lockgate, secrets_only.folder)
    rule = before["findings"][0]["rule"]
    waiver = f"waivers:\n  - rule: {rule}\n    path: app.py\n    by: ada\n    reason: a test account\n    expires: "
    secrets_only.write("lockgate-waivers.yaml", waiver + time.strftime("%Y-%m-%d", time.gmtime(time.time() + 864000)))
    assert result(lockgate, secrets_only.folder)[0] == 0
    secrets_only.write("lockgate-waivers.yaml", waiver + "2020-01-01")
    code, document = result(lockgate, secrets_only.folder)
    assert code == DENIED
    assert document["findings"][0]["waiver"]["expired"] is True


def test_owners_and_introduction_are_told(lockgate, secrets_only, token):
    secrets_only.write("CODEOWNERS", "*.py @shop/python\n")
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    commit = secrets_only.commit()
    _, document = result(lockgate, secrets_only.folder)
    (finding,) = document["findings"]
    assert finding["owners"] == ["@shop/python"]
    assert finding["introduced"]["in"] == commit


def test_the_owners_file_that_the_host_takes_counts(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    for place in (".gitlab", "docs", ".", ".github"):  # each before the one of the round before
        secrets_only.write(f"{place}/CODEOWNERS", f"* @{place}\n")
        _, document = result(lockgate, secrets_only.folder, "--no-store")
        assert document["findings"][0]["owners"] == [f"@{place}"]


def test_several_jobs_find_the_same(lockgate, secrets_only, token):
    for number in range(200):
        secrets_only.write(f"f{number}.py", f'TOKEN = "{token}"\n' if number % 50 == 0 else f"x = {number}\n")
    _, one = result(lockgate, secrets_only.folder, "--no-store")
    _, two = result(lockgate, secrets_only.folder, "--no-store", "--jobs", "2")
    assert [f["location"]["path"] for f in one["findings"]] == [f["location"]["path"] for f in two["findings"]]
    assert len(one["findings"][0]["locations"]) == len(two["findings"][0]["locations"]) == 4


def test_several_repositories_are_read_in_one_run(lockgate, new_repository, token, tmp_path):
    for name in ("one", "two"):
        new_repository(name).write("app.py", f'TOKEN = "{token}"\n')
    code, document = result(lockgate, tmp_path, "--family", "secrets", "one", "two")
    assert code == DENIED
    assert [place["path"] for place in document["findings"][0]["locations"]] == ["one/app.py", "two/app.py"]


def test_a_remote_repository_is_cloned_and_checked(lockgate, secrets_only, token, tmp_path):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    secrets_only.commit()
    here = tmp_path / "elsewhere"
    here.mkdir()
    allowed = {"LOCKGATE_ALLOW_INSECURE_CLONE": "1"}
    code, _ = result(lockgate, here, f"file://{secrets_only.folder}", env=allowed)
    assert code == DENIED
    assert lockgate("check", f"file://{secrets_only.folder}", cwd=here).returncode == USAGE


def test_a_wrong_settings_file_names_its_line_and_the_nearest_key(lockgate, repository):
    repository.write("lockgate.yaml", "version: 1\nfamilys: [secrets]\n")
    done = lockgate("check", cwd=repository.folder)
    assert done.returncode == CONFIGURATION
    assert "lockgate.yaml:2" in done.stderr
    assert "families" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--format", "sarf"), USAGE),
        (("--staged", "--history"), USAGE),
        (("nowhere",), UNAVAILABLE),
        (("--since", "nowhere"), UNAVAILABLE),
        (("--jobs", "0"), USAGE),
        (("--config", "none.yaml"), CONFIGURATION),
    ],
)
def test_wrong_calls_end_in_their_own_code(lockgate, secrets_only, arguments, code):
    done = lockgate("check", *arguments, cwd=secrets_only.folder)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("lockgate: ")
    assert "Traceback" not in done.stderr


def test_the_record_holds_what_was_reported(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    _, document = result(lockgate, secrets_only.folder)
    shown = lockgate("record", "show", "Findings", cwd=secrets_only.folder).stdout
    assert document["findings"][0]["identity"] in shown
    assert document["run"]["id"] in lockgate("record", "show", "Runs", cwd=secrets_only.folder).stdout


def test_a_report_file_is_whole_or_not_there(lockgate, secrets_only):
    done = lockgate("check", "--format", "sarif=no/such/folder/x.sarif", cwd=secrets_only.folder)
    assert done.returncode == UNAVAILABLE
    assert lockgate("check", "--format", "sarif=x.sarif", cwd=secrets_only.folder).returncode == 0
    assert json.loads((secrets_only.folder / "x.sarif").read_text())["version"] == "2.1.0"
    assert [path.name for path in secrets_only.folder.glob(".x.sarif*")] == []


def test_a_device_or_pipe_is_written_to_and_stays_what_it_is(lockgate, secrets_only, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    done = lockgate("check", "--format", f"json={pipe}", cwd=secrets_only.folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(reader.communicate(timeout=20)[0])["decision"]
    assert pipe.is_fifo()
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "report.json")
    assert lockgate("check", "--format", f"json={link}", cwd=secrets_only.folder).returncode == 0
    assert link.is_symlink() and (tmp_path / "report.json").is_file()
    done = lockgate("check", "--format", f"json={tmp_path}", cwd=secrets_only.folder)
    assert (done.returncode, "cannot be written" in done.stderr) == (5, True)


def test_an_interrupt_leaves_a_record_that_the_next_run_reads(lockgate, secrets_only):
    for number in range(3000):
        secrets_only.write(f"d{number % 50}/f{number}.txt", "some text\n" * 2000)
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "check"],
        cwd=secrets_only.folder, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    ledger = secrets_only.folder / ".lockgate" / "ledger.db"
    until = time.monotonic() + 50
    while not ledger.exists() and time.monotonic() < until:  # a busy machine takes seconds to start Python
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=40)
    assert process.returncode in (0, 130), said
    assert lockgate("check", "--family", "secrets", cwd=secrets_only.folder).returncode == 0


def test_another_tools_results_are_judged_by_our_gate(lockgate, secrets_only):
    log = {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Probe", "rules": [{"id": "P1", "shortDescription": {"text": "bad"}}]}},
                "results": [
                    {
                        "ruleId": "P1",
                        "level": "error",
                        "message": {"text": "bad"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "a.py"},
                                    "region": {"startLine": 1, "snippet": {"text": "eval(x)"}},
                                }
                            }
                        ],
                    }
                ],
            }
        ],
    }
    secrets_only.write("probe.sarif", json.dumps(log))
    code, document = result(lockgate, secrets_only.folder, "--import", "probe.sarif")
    assert code == DENIED
    assert [one["family"] for one in document["findings"]] == ["imported"]


def test_colours_stay_off_when_nobody_watches(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    assert "\x1b" not in lockgate("check", cwd=secrets_only.folder).stdout


def test_a_hostile_file_name_cannot_write_to_the_terminal(lockgate, secrets_only, token):
    secrets_only.write("a\x1b[2Jb.py", f'TOKEN = "{token}"\n')
    assert "\x1b" not in lockgate("check", cwd=secrets_only.folder).stdout


def test_a_workspace_that_the_repository_brings_is_refused(lockgate, secrets_only, token):
    secrets_only.write("app.py", f'TOKEN = "{token}"\n')
    assert lockgate("check", cwd=secrets_only.folder).returncode == DENIED
    secrets_only.git("add", "-f", ".lockgate/ledger.db")
    done = lockgate("check", cwd=secrets_only.folder)
    assert done.returncode == UNAVAILABLE
    assert "brings its own workspace" in done.stderr
    assert lockgate("check", "--no-store", cwd=secrets_only.folder).returncode == DENIED


def test_a_workspace_that_is_a_link_is_refused(lockgate, secrets_only, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", secrets_only.folder / ".lockgate")
    assert lockgate("check", cwd=secrets_only.folder).returncode == UNAVAILABLE


_GITLEAKS = """
[[rules]]
id = "shop-pass"
regex = "shop_[0-9]{12}"
keywords = ["shop_"]
"""


def test_a_rule_file_in_gitleaks_form_judges_too(lockgate, repository):
    repository.write("lockgate.yaml", "version: 1\nfamilies: [secrets]\nscanners: {secrets: {gitleaks: own.toml}}\n")
    repository.write("own.toml", _GITLEAKS)
    repository.write("a.txt", "pass is shop_" + "4711" * 3 + "\n")
    _, document = result(lockgate, repository.folder)
    assert any("shop-pass" in one["rule"] for one in document["findings"])
