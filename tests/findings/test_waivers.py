"""A waiver names a person, a reason and a day, and covers what it says and no more."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.findings import Waiver, Waivers, inline_waivers
from lockgate.findings.waivers import Matcher
from lockgate.model import Confidence, Family, Finding, Location, RuleId, Severity, Subject, WaiverUse

TODAY = date(2031, 5, 4)
TAIL = "by: ada, reason: accepted for now, expires: 2031-12-31"


def finding(path: str = "src/a.py", line: int = 3, **more: object) -> Finding:
    return Finding(
        RuleId("secrets/x"), Family.SECRETS, Severity.HIGH, Confidence.HIGH,
        Subject(str(more.pop("kind", "code")), str(more.pop("name", "n")), str(more.pop("key", "k"))),
        Location(path, line, line + 1), "m", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def loaded(*entries: str) -> Waivers:
    return Waivers.load("waivers:\n" + "".join(f"- {{{entry}}}\n" for entry in entries), where="w.yaml")


def covering(waivers: Waivers, one: Finding, *more: Location) -> WaiverUse | None:
    return Matcher(waivers, TODAY).covering("lg1-1", one, (one.location, *more))


@pytest.mark.parametrize(
    "entry", ["rule: secrets/x", "identity: lg1-1", "alias: CVE-1", "rule: secrets/x, path: 'src/**'"]
)
def test_a_waiver_covers_by_rule_identity_alias_and_path(entry: str) -> None:
    use = covering(loaded(f"{entry}, {TAIL}"), finding(aliases=("CVE-1", "GHSA-1")))
    assert use is not None
    assert (use.by, use.reason, use.expires, use.expired, use.where) == (
        "ada",
        "accepted for now",
        "2031-12-31",
        False,
        "w.yaml:2",
    )


@pytest.mark.parametrize(
    "entry", ["rule: secrets/y", "identity: lg1-2", "alias: CVE-2", "rule: secrets/x, path: 'tests/**'",
              "rule: secrets/x, identity: lg1-2", "rule: secrets/x, package: requests", "rule: secrets/x, path: a.py"],
)  # fmt: skip
def test_a_waiver_covers_nothing_else(entry: str) -> None:
    assert covering(loaded(f"{entry}, {TAIL}"), finding()) is None


def test_a_waiver_on_one_package_covers_that_package() -> None:
    waivers = loaded(f"alias: CVE-1, package: requests, {TAIL}")
    assert covering(waivers, finding(kind="component", key="PyPI/requests", aliases=("CVE-1",))) is not None
    assert covering(waivers, finding(kind="component", key="PyPI/other", aliases=("CVE-1",))) is None


def test_a_waiver_on_one_path_leaves_a_secret_that_also_shows_elsewhere() -> None:
    waivers = loaded(f"rule: secrets/x, path: 'tests/**', {TAIL}")
    assert covering(waivers, finding("tests/a")) is not None
    assert covering(waivers, finding("tests/a"), Location("src/b", 1)) is None


def test_a_waiver_counts_through_its_last_day_and_then_says_so() -> None:
    waivers = loaded("rule: secrets/x, by: ada, reason: accepted for now, expires: 2031-05-04")
    on_the_day, after = Matcher(waivers, TODAY), Matcher(waivers, date(2031, 5, 5))
    for matcher, expired in ((on_the_day, False), (after, True)):
        use = matcher.covering("lg1-1", finding(), (finding().location,))
        assert use is not None
        assert use.expired is expired
    assert on_the_day.notices(tell_unused=True) == ()
    assert "expired on 2031-05-04" in after.notices(tell_unused=True)[0]


def test_a_waiver_that_covers_nothing_is_told_in_a_whole_run_only() -> None:
    matcher = Matcher(loaded(f"rule: secrets/gone, {TAIL}"), TODAY)
    assert "covers nothing" in matcher.notices(tell_unused=True)[0]
    assert matcher.notices(tell_unused=False) == ()


def test_a_waiver_for_ever_does_not_count() -> None:
    waivers = loaded("rule: secrets/x, by: ada, reason: accepted for now, expires: 2099-01-01")
    assert covering(waivers, finding()) is None
    assert "days ahead" in Matcher(waivers, TODAY).notices(tell_unused=True)[0]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        (f"waivers:\n- {{rule: a, ruel: b, {TAIL}}}", "did you mean 'rule'", 2),
        ("waivers:\n\n- {rule: a, by: x, expires: 2031-01-01}", "'reason' is missing", 3),
        ("waivers:\n- {rule: a, reason: long enough, expires: 2031-01-01}", "'by' is missing", 2),
        ("waivers:\n- {rule: a, by: x, reason: long enough}", "'expires' is missing", 2),
        ("waivers:\n- {rule: a, by: x, reason: long enough, expires: tomorrow}", "not a day", 2),
        ("waivers:\n- {rule: a, by: x, reason: no, expires: 2031-01-01}", "fewer than", 2),
        (f"waivers:\n- {{{TAIL}}}", "neither a rule", 2),
        (f"waivers:\n- {{rule: a, rule: b, {TAIL}}}", "stands twice", 2),
        (f"waivers:\n- {{rule: [a], {TAIL}}}", "not plain text", 2),
        ("waiver: []", "did you mean 'waivers'", 1),
        ("waivers: yes", "not a list", 1),
        ("- a", "not one mapping", 1),
        ("waivers:\n- a", "a waiver is a mapping", 2),
        ("waivers: [", "not YAML", 1),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(text: str, says: str, line: int) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        Waivers.load(text, where="w.yaml")
    assert caught.value.where in (f"w.yaml:{line}", f"w.yaml:{line + 1}")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "waivers:\n", "waivers: []\n", "version: 1\nwaivers: []\n"])
def test_an_empty_file_holds_no_waivers(text: str) -> None:
    assert Waivers.load(text, where="w.yaml") == Waivers()


MARK = 'lockgate:waive rule=secrets/x by=ada reason="a test value" expires=2031-12-31'


@pytest.mark.parametrize(
    "text", [f"a\nb\nkey = 1  # {MARK}", f"a\n# {MARK}\nkey = 1", f"a\n/* {MARK} */\nkey", f"a\n<!-- {MARK} -->\nkey",
             f"a\n-- {MARK}\nkey", f"{{{{/* {MARK} */}}}}\n\nkey", f"// {MARK}\r\n\r\nkey", f"a\nb\nkey; /* {MARK}*/"],
)  # fmt: skip
def test_a_comment_waives_its_line_or_the_line_below(text: str) -> None:
    (waiver,) = inline_waivers("src/a.py", text.encode())
    assert (waiver.line, waiver.problem, waiver.by, waiver.reason) == (3, "", "ada", "a test value")
    assert covering(Waivers((waiver,)), finding(line=3)) is not None
    assert covering(Waivers((waiver,)), finding(line=9)) is None
    assert covering(Waivers((waiver,)), finding("src/b.py", 3)) is None


def test_comments_may_be_stacked() -> None:
    text = f"# {MARK}\n# {MARK.replace('secrets/x', 'secrets/y')}\nkey"
    assert [waiver.line for waiver in inline_waivers("a", text.encode())] == [3, 3]


@pytest.mark.parametrize(
    "text", ["lockgate:waive", "lockgate:waive rule=a by=b expires=2031-12-31", f"{MARK} until=never",
             f"{MARK} path=x", "lockgate:waive by=ada reason='long enough' expires=2031-12-31", f"{MARK} by=eve"],
)  # fmt: skip
def test_a_wrong_comment_covers_nothing_and_is_told(text: str) -> None:
    waivers = Waivers(inline_waivers("src/a.py", f"\n\n# {text}".encode()))
    assert covering(waivers, finding(line=4)) is None
    assert "does not count" in Matcher(waivers, TODAY).notices(tell_unused=False)[0]


@settings(max_examples=100)
@given(st.binary(max_size=200), st.text(max_size=80))
def test_any_bytes_around_the_mark_never_raise(before: bytes, after: str) -> None:
    content = before + b"lockgate:waive " + after.encode("utf-8", "surrogatepass") + before
    Matcher(Waivers(inline_waivers("a", content)), TODAY).notices(tell_unused=True)


@settings(max_examples=100)
@given(st.text(alphabet="waivers:\n-{}[] rule&*!\"'|>#,by", max_size=120))
def test_any_waiver_file_loads_or_is_refused(text: str) -> None:
    try:
        Waivers.load(text, where="w")
    except ConfigurationError as error:
        assert error.where.startswith("w")


def test_a_waiver_is_a_value() -> None:
    assert Waiver("a", "b", "c", "d", rule="r").id == "r"


def test_the_mark_in_quotes_is_prose_about_waivers():
    mark = b"lockgate" + b":waive"
    assert inline_waivers("a.md", b"write `" + mark + b"` and then the rule\nMARK = '" + mark + b"'\n") == ()
