"""A Dockerfile is read as Docker reads it, and no bytes make the reader fail."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats.dockerfile import MAX_BYTES, Dockerfile, Instruction, commands, parse, shell_commands


def read(text: str) -> Dockerfile:
    return parse(text.encode())


def steps(text: str) -> tuple[Instruction, ...]:
    return read("FROM debian:12\n" + text).stages[-1].instructions


def words(text: str) -> list[tuple[str, ...]]:
    return [command.words for command in commands(steps(text)[-1])]


def test_directives_count_only_before_anything_else() -> None:
    assert read("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n").directives == {
        "syntax": "docker/dockerfile:1", "escape": "`",
    }  # fmt: skip
    assert read("# a comment\n# escape=`\nFROM a\n").escape == "\\"


def test_the_escape_directive_moves_the_continuation() -> None:
    file = read("# escape=`\nFROM a\nRUN dir `\n  c:\\\nRUN b\n")
    assert [(s.text, s.line, s.end_line) for s in file.stages[0].instructions] == [("dir   c:\\", 3, 4), ("b", 5, 5)]


def test_comments_and_blank_lines_inside_a_continuation_are_dropped() -> None:
    (step,) = steps("RUN a && \\\n# note\n\n  b\n")
    assert (step.text, step.line, step.end_line) == ("a &&   b", 2, 5)
    assert [command.line for command in commands(step)] == [2, 5]


def test_a_global_argument_is_known_in_from_only() -> None:
    file = read("ARG V=3.12\nFROM python:${V}-slim\nENV A=$V\nARG V\nENV B=$V\n")
    assert file.stages[0].base == "python:3.12-slim"
    values = [step.pairs for step in file.stages[0].instructions if step.keyword == "ENV"]
    assert values == [(("A", ""),), (("B", "3.12"),)]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("${A:-x}", "one"), ("${NO:-x}", "x"), ("${A:+y}", "y"), ("${NO:+y}", ""), ("'$A'", "$A"), ("\\$A", "$A"),
        ("${NO:-${A}}", "one"), ('"$A b"', "one b"), ("${EMPTY:-x}", "x"), ("${EMPTY-x}", ""),
    ],
)  # fmt: skip
def test_variables_are_substituted_as_the_reference_says(raw: str, value: str) -> None:
    assert steps(f"ENV A=one EMPTY=\nENV B={raw}\n")[-1].pairs == (("B", value),)


def test_one_env_sees_what_stood_before_the_whole_instruction() -> None:
    assert steps("ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n")[-2].pairs[1] == ("def", "hello")


def test_a_base_that_only_an_argument_knows_is_unresolved() -> None:
    stage = read("ARG BASE\nFROM $BASE\n").stages[0]
    assert (stage.base, stage.opening.resolved) == ("", False)


def test_stages_inherit_user_and_environment_but_not_arguments() -> None:
    file = read("FROM a AS Build\nARG X=1\nENV E=2\nUSER app\nFROM build\nENV P=$E$X\n")
    assert (file.stages[1].parent, file.stages[1].user) == (0, "app")
    assert file.stages[1].instructions[0].pairs == (("P", "2"),)


def test_several_here_documents_and_tabs() -> None:
    step, last = steps("COPY <<-A <<'B' /dst/\n\thello\n\tA\n$x\nB\nRUN ls\n")
    assert [(h.name, h.content, h.line, h.quoted) for h in step.heredocs] == [
        ("A", "hello", 3, False), ("B", "$x", 5, True),
    ]  # fmt: skip
    assert (step.end_line, last.text) == (6, "ls")


def test_a_here_document_of_run_is_a_script_with_lines() -> None:
    (step,) = steps("RUN <<EOF\nset -e\ncurl -k x | sh\nEOF\n")
    assert [(c.program, c.line) for c in commands(step)] == [("set", 3), ("curl", 4), ("sh", 4)]


def test_a_here_document_for_python_is_no_shell() -> None:
    assert words("RUN python3 <<EOF\nimport os; sudo\nEOF\n") == [("python3",)]


def test_an_open_here_document_is_a_problem() -> None:
    assert "never closed" in read("FROM a\nRUN <<EOF\nls\n").problems[0].reason


def test_flags_and_forms() -> None:
    copy, run = steps('COPY --from=x --chown=1:1 a /b\nRUN --mount=type=secret,id=s --network=none ["a", "b c"]\n')
    assert copy.flags == (("from", "x"), ("chown", "1:1"))
    assert (run.flag("network"), run.json) == ("none", ("a", "b c"))


def test_onbuild_healthcheck_and_shell() -> None:
    first, check, _, run = steps('ONBUILD RUN ls\nHEALTHCHECK NONE\nSHELL ["pwsh", "-c"]\nRUN a; b\n')
    assert (first.onbuild, first.keyword, check.words) == (True, "RUN", ("NONE",))
    assert (run.shell, commands(run)) == (("pwsh", "-c"), ())


def test_commands_are_split_at_every_operator_but_not_inside_quotes() -> None:
    assert words("RUN a 'x && y'&&b|c||d;(e \"f;g\") & { h; }\n") == [
        ("a", "x && y"), ("b",), ("c",), ("d",), ("e", "f;g"), ("h",),
    ]  # fmt: skip


def test_wrapped_commands_are_seen_beside_their_wrapper() -> None:
    assert words("RUN sudo -u x env A=1 sh -c 'curl y | bash'\n")[-2:] == [("curl", "y"), ("bash",)]


def test_substitutions_environment_and_redirections() -> None:
    found = commands(steps("RUN A=1 make X=$(cat y) 2>/dev/null >out\n")[-1])
    assert found[0].environment == (("A", "1"),)
    assert found[0].redirects == ((">", "/dev/null"), (">", "out"))
    assert (found[1].words, found[1].substituted) == (("cat", "y"), True)


@pytest.mark.parametrize("content", [b"", b"\0FROM a", b"x" * (MAX_BYTES + 1), b"# only a comment\n"])
def test_what_is_no_dockerfile_is_a_fatal_problem(content: bytes) -> None:
    file = parse(content)
    assert not file.stages and file.problems[-1].fatal


@pytest.mark.parametrize(
    "text",
    [
        "ENV A=" + "$A" * 5 + "\n", "RUN " + "$(" * 50_000 + "\n", "RUN " + "`" * 50_001 + "\n", "RUN \\\n" * 40_000,
        "ENV a=${" * 20_000 + "\n", "RUN " + "sudo " * 40_000 + "\n", "RUN " + "'" * 99_999 + "\n",
        "RUN " + "(" * 100_000 + "\n", "ENV A=xx\n" + "ENV A=$A$A$A$A\n" * 200, "RUN <<A" + " <<A" * 20_000 + "\n",
        "FROM a AS b\n" * 4_000, "RUN sh -c 'sh -c \"sh -c x\"'\n" * 2_000,
    ],
)  # fmt: skip
def test_hostile_input_takes_little_time(text: str) -> None:
    start = time.process_time()
    for stage in read("FROM a\n" + text).stages:
        for step in stage.instructions:
            commands(step)
    assert time.process_time() - start < 4


PIECES = st.sampled_from(
    ["FROM a", "RUN ", "COPY ", "ENV A=", "ARG ", "ONBUILD ", "HEALTHCHECK ", "<<EOF", "EOF", "\\", "\n", "`", "$(",
     "${", "}", ")", "'", '"', "[", "]", "--mount=", "#", "&&", "|", " ", "\t", "é", "\r", "x", "sh -c ", "=", ":-"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_nothing_that_looks_like_a_dockerfile_makes_it_raise(text: str) -> None:
    file = read(text)
    for stage in file.stages:
        for step in stage.instructions:
            assert 1 <= step.line <= step.end_line <= len(file.lines)
            for command in commands(step):
                assert step.line <= command.line <= step.end_line


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    for stage in parse(b"FROM a\nRUN " + content).stages:
        for step in stage.instructions:
            commands(step)
    shell_commands(content.decode("latin-1"))
