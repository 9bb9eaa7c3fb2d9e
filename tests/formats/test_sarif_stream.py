"""A large SARIF log read result by result says what the same log parsed at once says, and is refused where that is."""

from __future__ import annotations

import io
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import sarif, sarif_stream
from lockgate.formats.format_error import FormatError

_text = st.text(max_size=8) | st.sampled_from(["runs", "results", "[", "}", '"', "\\", '"results":['])
_value = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)
_run = st.fixed_dictionaries(
    {}, optional={"tool": _value, "results": st.lists(_value, max_size=6), "artifacts": _value, "x": _value}
)
_log = st.fixed_dictionaries({"version": st.just("2.1.0"), "runs": st.lists(_run, max_size=3)}, optional={"a": _value})


def both(content: bytes, chunk: int = 7) -> tuple[object, object]:
    """What each way of reading gives: results by run, or the fact that it is refused."""
    stream = io.BytesIO(content)
    answers: list[object] = []
    for read in (lambda: sarif.read(content), lambda: sarif.read_large(stream)):
        try:
            answers.append([(run.tool, run.version, list(run.results())) for run in read()])
        except FormatError:
            answers.append("refused")
    return answers[0], answers[1]


@settings(max_examples=150, deadline=None)
@given(_log, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
def test_both_ways_say_the_same(log, indent, mark, chunk):
    content = (b"\xef\xbb\xbf" if mark else b"") + json.dumps(log, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sarif_stream, "_CHUNK", chunk)
        small, large = both(content)
    assert small == large != "refused"


@settings(max_examples=150, deadline=None)
@given(_log, st.data())
def test_a_log_that_was_cut_or_damaged_is_refused_or_read_alike(log, data):
    content = json.dumps(log).encode()
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.sampled_from([b"", b"]", b"}", b",", b'"', b"{"])) + content[at + 1 :]
    small, large = both(broken)
    assert small == large


@pytest.mark.parametrize("text", ["{}{}", "{} 1", "1 {}", "{},,{}", ",{}", "{},", "{}]", "{", "[}", "1,,2"])
def test_results_that_are_no_list_are_refused(text):
    content = f'{{"version": "2.1.0", "runs": [{{"results": [{text}]}}]}}'.encode()
    assert both(content) == ("refused", "refused")


def test_a_result_that_is_too_large_or_too_deep_is_refused(monkeypatch):
    deep = b'{"version":"2.1.0","runs":[{"results":[' + b"[" * 5000 + b"]" * 5000 + b"]}]}"
    with pytest.raises(FormatError, match="deep"):
        sarif.read_large(io.BytesIO(deep))
    monkeypatch.setattr(sarif_stream, "MAX_RESULT", 100)
    wide = orjson.dumps({"version": "2.1.0", "runs": [{"results": [{"a": [1] * 200}]}]})
    with pytest.raises(FormatError, match="a result of more"):
        sarif.read_large(io.BytesIO(wide))


def test_what_is_beside_the_results_is_bounded(monkeypatch):
    monkeypatch.setattr(sarif, "MAX_BYTES", 100)
    content = orjson.dumps({"version": "2.1.0", "runs": [{"artifacts": [{}] * 100, "results": []}]})
    with pytest.raises(FormatError, match="beside its results"):
        sarif.read_large(io.BytesIO(content))


_alike = st.fixed_dictionaries(
    {"ruleId": st.sampled_from(["a", "]", "}", "]}", "[{", "{"])},
    optional={
        "message": st.sampled_from(["]}", "[{", '},{"ruleId":', "\\", '"', "x"]).map(lambda text: {"text": text}),
        "x": st.lists(st.integers(0, 3) | st.fixed_dictionaries({"ruleId": _text}, optional={"y": _text}), max_size=3),
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(_alike | _value, max_size=8), max_size=3), st.sampled_from([None, 1]), st.data())
def test_results_that_begin_alike_are_read_alike_whole_and_damaged(runs, indent, data):
    log = {"version": "2.1.0", "runs": [{"results": results, "tool": {}} for results in runs]}
    content = json.dumps(log, indent=indent, separators=(",", ":")).encode()
    small, large = both(content)
    assert small == large != "refused"
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.sampled_from([b"", b"]", b"}", b",", b'"', b"{"])) + content[at + 1 :]
    small, large = both(broken)
    assert small == large


def test_a_result_that_holds_others_like_it_and_quotes_brackets_is_one() -> None:
    inner = [{"ruleId": "b"}, 5, {"ruleId": "c"}, {"ruleId": "d"}]
    odd = {"ruleId": "a", "message": {"text": "]"}, "x": inner, "y": "["}
    plain = {"ruleId": "e", "message": {"text": "m"}}
    for results in ([plain, odd, plain, plain], [plain, plain, odd], [plain, odd, odd, plain], [odd, odd]):
        content = orjson.dumps({"version": "2.1.0", "runs": [{"results": results}, {"results": [plain] * 9}]})
        small, large = both(content)
        assert small == large != "refused"


def test_a_log_of_results_that_begin_alike_is_split_without_looking_at_each_bracket(monkeypatch) -> None:
    steps = []
    step = sarif_stream._Text.step
    monkeypatch.setattr(sarif_stream._Text, "step", lambda self, limit: steps.append(limit) or step(self, limit))
    result = {"ruleId": "r", "message": {"text": "m"}, "locations": [{"physicalLocation": {"region": {}}}]}
    content = orjson.dumps({"version": "2.1.0", "runs": [{"results": [result] * 1000}]})
    stream = io.BytesIO(content)
    _, (spans,) = sarif_stream.split(stream, max_rest=1000)
    assert [one for piece in sarif_stream.read_results(stream, spans)() for one in piece] == [result] * 1000
    assert len(spans) < 20
    assert len(steps) < 100


def test_results_that_hold_others_like_them_make_no_piece_shorter() -> None:
    plain = {"ruleId": "r", "message": {"text": "m" * 50}}
    odd = {"ruleId": "a", "x": [{"ruleId": "b"}, 5, {"ruleId": "c"}, {"ruleId": "d"}]}
    results = [plain] * 3000 + [odd, plain] * 300 + [plain] * 3000
    stream = io.BytesIO(orjson.dumps({"version": "2.1.0", "runs": [{"results": results}]}))
    _, (spans,) = sarif_stream.split(stream, max_rest=1000)
    assert [one for piece in sarif_stream.read_results(stream, spans)() for one in piece] == results
    assert len(spans) < 2 * len(stream.getvalue()) / sarif_stream._PIECE + 8


def test_a_result_that_is_nested_deeper_than_the_others_or_larger_than_a_piece_is_walked_through() -> None:
    deep: object = {"ruleId": "d"}
    for _ in range(sarif_stream._NESTED + 10):
        deep = {"ruleId": "e", "x": [deep]}
    plain = {"ruleId": "r", "message": {"text": "]}" * 20}}
    large = {"ruleId": "l", "x": [plain] * 3000}
    results = [plain, deep, plain, large, plain, plain, deep]
    stream = io.BytesIO(orjson.dumps({"version": "2.1.0", "runs": [{"results": results}, {"results": [plain]}]}))
    _, (spans, _) = sarif_stream.split(stream, max_rest=1000)
    assert [one for piece in sarif_stream.read_results(stream, spans)() for one in piece] == results
