"""The engine over sources, scanners and gates that live in memory: its promises, one by one."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.engine import Request, scan
from lockgate.engine.scan import members
from lockgate.errors import ConfigurationError, NothingCheckedError, StoreError
from lockgate.gates import Gate
from lockgate.gates.check import GATE
from lockgate.model import Component, Decision, Family, Finding, Rule, Skip, SkipKind, State, Verdict
from lockgate.rules import expand_sample, load
from lockgate.sources.repository import TreeSource
from lockgate.store import Ledger
from lockgate.store.cache import Cache

CUT = '{"lockfileVersion": 3, "packages": {"node_mod'
MARK = "# lockgate:" + 'waive rule=secrets/word by=ada reason="a made-up value" expires=2027-01-01'


def names(result):
    return [one.finding.subject.name for one in result.findings]


def blind(rules, context):
    raise NothingCheckedError("the engine is not installed", hint="install it")


def test_a_finding_is_settled_decided_and_told_once(engine, memory, make_file):
    told = []
    decision = engine.run(memory(make_file("a.txt", "LEAK one\n")), tell=told.append)
    assert [names(one) for one in told] == [["one"]]
    assert decision is told[0].decision
    assert decision.verdict is Verdict.DENY
    assert told[0].findings[0].state is State.NEW


def test_a_skip_reaches_the_gate_and_the_result(engine, memory, make_file, skip):
    hidden = skip("b.bin", SkipKind.UNREADABLE, "permission denied")
    asked = []

    def decide(settings, question):
        asked.append(question)
        return Decision("probe", Verdict.ALLOW)

    result = engine.run(memory(make_file("a.txt", "fine"), hidden), gate=Gate("probe", decide))
    assert asked[0].skips == (hidden,)
    assert asked[0].files == 1
    assert result.skips == (hidden,)


def test_a_file_that_cannot_be_loaded_is_a_skip(engine, memory, make_file):
    def gone():
        raise PermissionError(13, "Permission denied")

    result = engine.run(memory(replace(make_file("a.txt", "LEAK one"), load=gone), make_file("b.txt", "LEAK two")))
    assert [(one.path, one.kind) for one in result.skips] == [("a.txt", SkipKind.UNREADABLE)]
    assert names(result) == ["two"]


def test_a_scanner_that_cannot_work_makes_its_family_blind_and_the_others_go_on(engine, memory, make_file):
    scanners = {"word": engine.scanner(), "other": engine.scanner(family=Family.WORKFLOWS, start=blind)}
    source = memory(make_file("a.txt", "LEAK one\n"))
    result = engine.run(source, scanners=scanners, families=(Family.SECRETS, Family.WORKFLOWS))
    assert result.decision.nothing_checked == ("workflows",)
    assert [(one.kind, one.family) for one in result.skips] == [(SkipKind.MISSING_TOOL, "workflows")]
    assert "install it" in result.skips[0].reason
    assert "workflows" not in result.coverage
    assert names(result) == ["one"]


def test_a_blind_family_is_told_once_however_many_sources_are_read(engine, memory, make_file):
    sources = (memory(make_file("a.txt", "x")), memory(make_file("b.txt", "y"), root="second"))
    result = engine.run(*sources, scanners={"word": engine.scanner(start=blind)})
    assert len(result.skips) == 1


def test_a_blind_family_has_none_of_its_findings_called_fixed(engine, memory, make_file, tmp_path):
    source = memory(make_file("a.txt", "LEAK one\n"))
    with Ledger.open(tmp_path) as ledger:
        engine.run(source, ledger=ledger)
        result = engine.run(source, ledger=ledger, scanners={"word": engine.scanner(start=blind)})
        again = engine.run(source, ledger=ledger)
    assert result.fixed == ()
    assert again.findings[0].state is State.KNOWN


def test_when_the_time_is_used_up_the_rest_is_a_skip_and_nothing_is_called_fixed(engine, memory, make_file, tmp_path):
    full, clean = memory(make_file("a.txt", "LEAK one\n")), memory(make_file("a.txt", "mended\n"))
    with Ledger.open(tmp_path) as ledger:
        engine.run(full, ledger=ledger)
        cut = engine.run(clean, ledger=ledger, seconds=0.0)
        whole = engine.run(clean, ledger=ledger)
    assert [(one.path, one.kind) for one in cut.skips] == [("a.txt", SkipKind.LIMIT)]
    assert cut.fixed == ()
    assert [one.finding.subject.name for one in whole.fixed] == ["one"]


def test_a_change_shows_what_it_brings_and_not_what_was_there(engine, memory, make_file):
    before = memory(make_file("a.txt", "LEAK old\n"))
    after = memory(make_file("a.txt", "\n\nLEAK old\nLEAK fresh\n"), before=lambda: before)
    assert names(engine.run(after, partial=True)) == ["fresh"]


def test_a_result_is_stored_before_it_is_told(engine, memory, make_file):
    events = []

    class Store:
        def append_result(self, result, *, batch="", wanted=None, once=None):
            events.append("stored")

    engine.run(memory(make_file("a.txt", "x")), store=Store(), tell=lambda result: events.append("told"))
    assert events == ["stored", "told"]


def test_a_result_that_could_not_be_stored_is_not_told_and_not_remembered(engine, memory, make_file, tmp_path):
    class Full:
        def append_result(self, result, *, batch="", wanted=None, once=None):
            raise StoreError("the disk is full")

    told = []
    with Ledger.open(tmp_path) as ledger:
        with pytest.raises(StoreError):
            engine.run(memory(make_file("a.txt", "LEAK one")), store=Full(), ledger=ledger, tell=told.append)
        assert ledger.known(".") == ()
    assert told == []


LINES = st.lists(st.sampled_from(["plain", "LEAK one", "LEAK two", f"LEAK three {MARK}"]), max_size=4).map("\n".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.dictionaries(st.sampled_from(["a", "b/c", "d.txt"]), LINES.filter(bool), min_size=1))
def test_an_answer_from_the_cache_is_the_answer(engine, memory, make_file, texts):
    engine.log.clear()
    source = memory(*(make_file(path, text) for path, text in texts.items()))
    with tempfile.TemporaryDirectory() as folder, Cache.open(Path(folder) / "scans.db") as cache:
        missed = engine.run(source, cache=cache)
        fed = len(engine.log)
        hit = engine.run(source, cache=cache)
    assert len(engine.log) == fed == len(texts)
    assert hit.findings == missed.findings
    assert (hit.skips, hit.coverage, hit.run.bytes) == (missed.skips, missed.coverage, missed.run.bytes)


@pytest.mark.parametrize("change", [{"salt": b"other" * 4}, {"rules_digest": "x"}, {"options": {"secrets": {"a": 1}}}])
def test_nothing_comes_from_the_cache_once_salt_rules_or_options_changed(engine, memory, make_file, tmp_path, change):
    source = memory(make_file("a.txt", "LEAK one"))
    with Cache.open(tmp_path / "scans.db") as cache:
        engine.run(source, cache=cache)
        engine.run(source, cache=cache, **change)
    assert engine.log == ["a.txt", "a.txt"]


def test_a_newer_version_of_a_scanner_judges_again(engine, memory, make_file, tmp_path):
    source = memory(make_file("a.txt", "LEAK one"))
    with Cache.open(tmp_path / "scans.db") as cache:
        for version in ("1", "2"):
            engine.run(source, cache=cache, scanners={"word": engine.scanner(version=version)})
    assert engine.log == ["a.txt", "a.txt"]


def test_a_scanner_that_is_not_cacheable_sees_every_file_every_time(engine, memory, make_file, tmp_path):
    source = memory(make_file("a.txt", "LEAK one"))
    with Cache.open(tmp_path / "scans.db") as cache:
        for _ in range(2):
            result = engine.run(source, cache=cache, scanners={"word": engine.scanner(cacheable=False)})
    assert engine.log == ["a.txt", "a.txt"]
    assert result.coverage == {"secrets": "1 looked at"}


def test_two_processes_say_what_one_says(engine, tmp_path):
    token = expand_sample("{{join:gh|p_}}{{alnum:36}}")
    for number in range(240):
        (tmp_path / f"file{number:03}.py").write_text(f"n = {number}\n" + (f'T = "{token}"\n' if number % 20 else ""))
    rules = load({Family.SECRETS})
    one, two = (
        engine.run(TreeSource(tmp_path), scanners=members((Family.SECRETS,)), rules=rules, jobs=jobs) for jobs in (1, 2)
    )
    assert one.findings
    assert two.findings == one.findings
    assert (two.skips, two.coverage, two.run.files, two.run.bytes) == (
        one.skips, one.coverage, one.run.files, one.run.bytes,
    )  # fmt: skip


def test_a_waiver_in_a_comment_covers_its_own_line_only(engine, memory, make_file):
    result = engine.run(memory(make_file("a.py", f"LEAK one {MARK}\nLEAK two\n")))
    assert {one.finding.subject.name: one.waived for one in result.findings} == {"one": True, "two": False}


def test_rules_that_a_source_brings_along_are_in_the_result_when_findings_name_them(engine, memory, make_finding):
    def rule(name):
        return Rule(f"imported/{name}", Family.IMPORTED, name, "", 3, 2, "")

    source = memory(
        make_finding("x", rule="imported/theirs", family=Family.IMPORTED),
        rules={f"imported/{name}": rule(name) for name in ("theirs", "unused")},
        mode="import",
    )
    result = engine.run(source)
    assert set(result.rules) == {"imported/theirs"}
    assert names(result) == ["x"]


def test_components_of_a_source_reach_the_scanners_of_components(engine, memory, make_finding):
    class Session:
        def feed(self, row):
            yield make_finding(row.name, rule="dependencies/word", family=Family.DEPENDENCIES)

        def finish(self):
            return ()

        def coverage(self):
            return "1 component"

    scanner = engine.scanner(family=Family.DEPENDENCIES, reads=Component, start=lambda rules, context: Session())
    source = memory(Component("PyPI", "requests", "2.19.0", "requirements.txt"))
    result = engine.run(source, scanners={"d": scanner}, families=(Family.DEPENDENCIES,))
    assert names(result) == ["requests"]
    assert [one.name for one in result.components] == ["requests"]


def test_coverage_counts_the_files_that_a_family_wanted(engine, memory, make_file, tmp_path):
    scanners = {
        "all": engine.scanner(),
        "some": engine.scanner(family=Family.DOCKERFILES, wants=lambda path, size: path == "Dockerfile"),
        "none": engine.scanner(family=Family.WORKFLOWS, wants=lambda path, size: False),
    }
    source = memory(make_file("a.txt", "x"), make_file("b.txt", "y"), make_file("Dockerfile", "FROM scratch"))
    families = (Family.SECRETS, Family.DOCKERFILES, Family.WORKFLOWS)
    expected = {
        "secrets": "3 files, 1 rules",
        "dockerfiles": "1 files, 1 rules",
        "workflows": "nothing of this kind among 3 files",
    }
    with Cache.open(tmp_path / "scans.db") as cache:
        for _ in range(2):
            assert engine.run(source, scanners=scanners, families=families, cache=cache).coverage == expected


@pytest.mark.parametrize(
    ("files", "checked"),
    [
        ({"package-lock.json": CUT}, None),
        ({"package-lock.json": CUT, "package.json": '{"dependencies": {"p": "^1.0.0"}}'}, None),
        ({"package-lock.json": CUT, "requirements.txt": "requests==2.0.0\n"}, "2 files"),
        ({"package-lock.json": CUT, "a/package-lock.json": '{"lockfileVersion": 3, "packages": {}}'}, "2 files"),
        ({"package.json": '{"dependencies": {"p": "^1.0.0"}}'}, "1 files"),
        ({"a.txt": "x"}, "1 files"),
    ],
    ids=["alone", "with ranges", "beside another", "beside one that is empty", "a range alone", "none"],
)
def test_dependencies_are_not_checked_where_no_lock_file_could_be_read(engine, memory, make_file, files, checked):
    families = (Family.SECRETS, Family.DEPENDENCIES)
    nothing = engine.scanner(family=Family.DEPENDENCIES, wants=lambda path, size: False)
    scanners = {"word": engine.scanner(), "nothing": nothing}
    rows = [make_file(path, text) for path, text in files.items()]
    result = engine.run(memory(*rows), scanners=scanners, families=families)
    if checked is None:
        assert "dependencies" not in result.coverage
        assert result.decision.nothing_checked == ("dependencies",)
    else:
        assert result.coverage["dependencies"] == f"nothing of this kind among {checked}"
        assert result.decision.nothing_checked == ()


def test_dependencies_are_not_checked_where_no_advisory_is_about_their_ecosystem(engine, memory, make_file, skip):
    class Blind:
        def feed(self, row):
            return ()

        def finish(self):
            yield skip("requirements.txt", SkipKind.MISSING_TOOL, "no advisories about PyPI", "dependencies")

        def coverage(self):
            return ""

    blind = engine.scanner(family=Family.DEPENDENCIES, reads=Component, start=lambda rules, context: Blind())
    source = memory(make_file("requirements.txt", "requests==2.0.0\n"))
    families = (Family.SECRETS, Family.DEPENDENCIES)
    result = engine.run(source, scanners={"word": engine.scanner(), "blind": blind}, families=families)
    assert result.decision.nothing_checked == ("dependencies",)


@pytest.mark.parametrize("kind", [SkipKind.MALFORMED, SkipKind.UNREADABLE])
@pytest.mark.parametrize("cacheable", [True, False])
def test_a_family_was_not_checked_where_not_one_of_its_files_could_be_read(
    engine, memory, make_file, tmp_path, skip, kind, cacheable
):
    def wants(path, size):
        return path.endswith("Dockerfile")

    class Broken:
        """Can make nothing of any file."""

        def feed(self, row):
            row.load()
            yield skip(row.path, SkipKind.MALFORMED, "cut", "dockerfiles")

        def finish(self):
            return ()

        def coverage(self):
            return ""

    def gone():
        raise PermissionError(13, "Permission denied")

    bad = make_file("Dockerfile", "FROM")
    if kind is SkipKind.UNREADABLE:
        bad = replace(bad, load=gone)
    some = engine.scanner(
        family=Family.DOCKERFILES, wants=wants, cacheable=cacheable, start=lambda rules, context: Broken()
    )
    scanners = {"all": engine.scanner(), "some": some}
    families = (Family.SECRETS, Family.DOCKERFILES)
    with Cache.open(tmp_path / "scans.db") as cache:
        for _ in range(2):
            result = engine.run(memory(make_file("a.txt", "x"), bad), scanners=scanners, families=families, cache=cache)
            assert result.decision.nothing_checked == ("dockerfiles",)


def test_coverage_is_told_in_the_same_order_in_every_process(engine, memory, make_file):
    families = (Family.WORKFLOWS, Family.SECRETS, Family.POLICY, Family.DOCKERFILES)
    scanners = {str(family): engine.scanner(family=family) for family in families}
    result = engine.run(memory(make_file("a.txt", "x")), scanners=scanners, families=families)
    assert list(result.coverage) == sorted(str(family) for family in families)


def test_two_scanners_of_one_family_are_both_named(engine, memory, make_file):
    scanners = {"word": engine.scanner(), "slow": engine.scanner(cacheable=False)}
    result = engine.run(memory(make_file("a.txt", "x")), scanners=scanners)
    assert result.coverage == {"secrets": "1 files, 1 rules; 1 looked at"}


def test_a_second_source_adds_to_what_was_covered(engine, memory, make_file, make_finding):
    scanners = {"slow": engine.scanner(cacheable=False)}
    imported = memory(make_finding("x", rule="imported/t", family=Family.IMPORTED), root="log.sarif", mode="import")
    result = engine.run(memory(make_file("a.txt", "x")), imported, scanners=scanners)
    assert result.coverage["secrets"].startswith("1 looked at")
    assert "nothing of this kind" not in result.coverage["secrets"]


def test_a_source_without_a_file_is_not_called_checked(engine, memory):
    assert engine.run(memory()).decision.nothing_checked


def test_a_change_without_a_file_is_checked_unless_it_could_not_be_read(engine, memory):
    change = memory()
    change.may_be_empty = True
    assert not engine.run(change).decision.nothing_checked
    unread = memory(Skip("a", SkipKind.UNREADABLE, "the git object is missing or corrupt"))
    unread.may_be_empty = True
    assert engine.run(unread).decision.nothing_checked


def test_without_a_tell_the_decision_comes_back_all_the_same(memory, make_file, engine):
    decision = scan(
        [memory(make_file("a.txt", "LEAK one"))], load({Family.SECRETS}), GATE, store=None, ledger=None,
        request=Request(families=(Family.SECRETS,)), scanners={"word": engine.scanner()},
    )  # fmt: skip
    assert decision.verdict is Verdict.DENY


def test_what_a_scanner_holds_back_comes_at_the_end(engine, memory, make_file, make_finding):
    class Late:
        def feed(self, row):
            return ()

        def finish(self):
            yield make_finding("late")
            yield Skip("a.txt", SkipKind.UNRESOLVED, "a value known elsewhere")

        def coverage(self):
            return "1"

    result = engine.run(
        memory(make_file("a.txt", "x")),
        scanners={"late": engine.scanner(cacheable=False, start=lambda rules, context: Late())},
    )
    assert names(result) == ["late"]
    assert isinstance(result.findings[0].finding, Finding)
    assert len(result.skips) == 1


def counted_starts(engine, log, **more):
    plain = engine.scanner()

    def start(rules, context):
        log.append("start")
        return plain.start(rules, context)

    return engine.scanner(start=start, **more)


def test_no_engine_starts_where_the_cache_answers_for_every_file(engine, memory, make_file, tmp_path):
    starts: list[str] = []
    scanners = {"word": counted_starts(engine, starts)}
    source = memory(make_file("a.txt", "LEAK one"), make_file("b.txt", "quiet"))
    with Cache.open(tmp_path / "scans.db") as cache:
        first = engine.run(source, cache=cache, scanners=scanners)
        second = engine.run(source, cache=cache, scanners=scanners)
        assert starts == ["start"]
        third = engine.run(memory(*source.rows, make_file("c.txt", "LEAK two")), cache=cache, scanners=scanners)
    assert starts == ["start", "start"]
    assert (second.findings, second.coverage) == (first.findings, first.coverage)
    assert names(third) == ["one", "two"]


@pytest.mark.parametrize("change", [{"rules_digest": "x"}, {"options": {"secrets": {"a": 1}}}])
def test_a_wrong_start_is_refused_before_anything_is_read(engine, memory, make_file, tmp_path, change):
    def wrong(rules, context):
        raise ConfigurationError("no such option")

    source = memory(make_file("a.txt", "x"))
    with Cache.open(tmp_path / "scans.db") as cache:
        engine.run(source, cache=cache)
        engine.log.clear()
        with pytest.raises(ConfigurationError):
            engine.run(source, cache=cache, scanners={"word": engine.scanner(start=wrong)}, **change)
    assert engine.log == []


def test_a_scanner_whose_start_depends_on_more_starts_every_time(engine, memory, make_file, tmp_path):
    starts: list[str] = []
    tool = counted_starts(engine, starts, cacheable=False, wants=lambda path, size: False)
    scanners = {"word": engine.scanner(), "tool": tool}
    with Cache.open(tmp_path / "scans.db") as cache:
        for _ in range(2):
            engine.run(memory(make_file("a.txt", "x")), cache=cache, scanners=scanners)
    assert starts == ["start", "start"]


def test_what_was_asked_of_a_scanner_is_not_asked_again_about_the_same_file(engine, memory, make_file, tmp_path):
    asked: list[tuple[str, int]] = []

    def wants(path, size):
        asked.append((path, size))
        return path != "b.txt"

    scanners = {"word": engine.scanner(wants=wants)}
    source = memory(make_file("a.txt", "LEAK one"), make_file("b.txt", "LEAK two"))
    with Cache.open(tmp_path / "scans.db") as cache:
        for _ in range(2):
            result = engine.run(source, cache=cache, scanners=scanners)
            assert names(result) == ["one"]
        assert asked == [("a.txt", 8), ("b.txt", 8)]
        engine.run(memory(make_file("b.txt", "LEAK three")), cache=cache, scanners=scanners)
    assert asked[2:] == [("b.txt", 10)]


def test_answers_given_while_a_scanner_could_not_work_are_not_kept_for_when_it_can(engine, memory, make_file, tmp_path):
    """The cache answers for one file, so the engine is started late, for the other, and is not there any more."""
    rows = make_file("a.txt", "LEAK one"), make_file("b.txt", "LEAK two")
    with Cache.open(tmp_path / "scans.db") as cache:
        engine.run(memory(rows[0]), cache=cache)
        gone = engine.run(memory(*rows), cache=cache, scanners={"word": engine.scanner(start=blind)})
        assert gone.decision.nothing_checked and "secrets" not in gone.coverage
        assert names(engine.run(memory(*rows), cache=cache)) == ["one", "two"]


MAIN = "module inner 'inner.bicep' = {\n  name: 'inner'\n  params: {\n    name: 'one'\n  }\n}\n"
INNER = """param name string = 'two'
module other 'br:registry.example/other:1' = {
  name: 'other'
}
resource store 'Microsoft.Storage/storageAccounts@2022-09-01' = {
  name: name
  properties: {
    supportsHttpsTrafficOnly: reference('x').y
  }
}
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_skipped_in_a_module_is_told_once_and_at_its_place(engine, tmp_path, jobs):
    """A module with defaults for all parameters is judged by itself, and once more where another file names it."""
    (tmp_path / "main.bicep").write_text(MAIN)
    (tmp_path / "inner.bicep").write_text(INNER)
    scanners, rules = members((Family.POLICY,)), load([Family.POLICY])
    result = engine.run(TreeSource(tmp_path), scanners=scanners, families=(Family.POLICY,), rules=rules, jobs=jobs)
    assert [(skip.path, skip.line, skip.kind) for skip in result.skips] == [
        ("inner.bicep", 2, SkipKind.UNRESOLVED), ("inner.bicep", 8, SkipKind.UNRESOLVED),
    ]  # fmt: skip
