"""From logical lines to stages: instructions, flags, forms, ARG and ENV scope, inheritance between stages."""

from __future__ import annotations

import json
from dataclasses import field, replace

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile._lines import Logical, directives, logical_lines
from lockgate.formats.dockerfile._nouns import Dockerfile, Instruction, Problem, Stage
from lockgate.formats.dockerfile._words import split_words, substitute, unquote

MAX_BYTES = 512 * 1024
"""A larger file is not read; the largest Dockerfile in public collections is a tenth of it."""
MAX_PROBLEMS = 50
MAX_INSTRUCTIONS = 5000
"""What follows is not read."""

_SUBSTITUTED = frozenset(
    ("ADD", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "ARG")
)
_KEYWORDS = _SUBSTITUTED | {"CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "RUN", "SHELL"}
_WITH_FLAGS = frozenset(("FROM", "RUN", "COPY", "ADD", "HEALTHCHECK"))
_WITH_JSON = frozenset(("RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME", "HEALTHCHECK"))
_SUBSTITUTED = frozenset(
    ["ADD", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "ARG"]
)
_PLATFORM_ARGS = (
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
)
_DEFAULT_SHELL = ("/bin/sh", "-c")

Scope = dict[str, "str | None"]


@dataclass(slots=True)
class _Open:
    """A stage while it is being read."""

    index: int
    name: str
    base: str
    parent: int | None
    opening: Instruction
    platform: str
    scope: Scope
    environment: Scope
    """What a stage on top of this one inherits: ENV only, since ARG ends with the stage."""
    shell: tuple[str, ...]
    user: str | None
    user_instruction: Instruction | None
    workdir: str
    instructions: list[Instruction] = field(default_factory=list)


def parse(content: bytes) -> Dockerfile:
    """Read a Dockerfile. Never raises: what is wrong stands in ``problems``."""
    if len(content) > MAX_BYTES:
        return _unread(f"the file has {len(content)} bytes; at most {MAX_BYTES} are read")
    if b"\0" in content:
        return _unread("the file holds NUL bytes: it is not text")
    problems: list[Problem] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(Problem(line, "the file is not UTF-8; the bytes at fault were replaced"))
        text = content.decode("utf-8-sig", errors="replace")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    found = directives(lines)
    escape = found.get("escape", "\\")
    if escape not in ("\\", "`"):
        problems.append(Problem(1, "the escape directive names neither a backslash nor a backtick"))
        escape = "\\"
    reader = _Reader(escape, problems)
    for count, logical in enumerate(logical_lines(lines, escape, problems)):
        if count >= MAX_INSTRUCTIONS:
            problems.insert(0, Problem(logical.line, f"only the first {MAX_INSTRUCTIONS} instructions were read"))
            break
        reader.take(logical)
    stages = tuple(_closed(stage) for stage in reader.stages)
    if not stages:
        problems.append(Problem(1, "there is no FROM, so nothing is built", fatal=True))
    return Dockerfile(found, escape, stages, tuple(reader.preamble), tuple(problems[:MAX_PROBLEMS]), tuple(lines))


def _unread(reason: str) -> Dockerfile:
    return Dockerfile({}, "\\", (), problems=(Problem(0, reason, fatal=True),))


def _closed(stage: _Open) -> Stage:
    return Stage(
        stage.index,
        stage.name,
        stage.base,
        stage.parent,
        stage.opening,
        stage.platform,
        tuple(stage.instructions),
        stage.user,
        stage.user_instruction,
    )


class _Reader:
    def __init__(self, escape: str, problems: list[Problem]) -> None:
        self.escape = escape
        self.problems = problems
        self.stages: list[_Open] = []
        self.names: dict[str, int] = {}
        self.preamble: list[Instruction] = []
        self.globals: Scope = dict.fromkeys(_PLATFORM_ARGS)

    def take(self, logical: Logical) -> None:
        instruction = self._instruction(logical, onbuild=False)
        if instruction is None:
            return
        if instruction.keyword == "FROM":
            self._open(instruction)
        elif self.stages:
            self._add(self.stages[-1], instruction)
        elif instruction.keyword == "ARG":
            instruction = self._valued(instruction, self.globals, {})
            self.preamble.append(instruction)
        else:
            self.problems.append(Problem(logical.line, f"{instruction.keyword} stands before the first FROM"))

    def _instruction(self, logical: Logical, *, onbuild: bool) -> Instruction | None:
        parts = logical.text.split(None, 1)
        if not parts:  # nothing but continuation marks
            return None
        keyword = parts[0].upper()
        if keyword not in _KEYWORDS:
            shown = parts[0][:24] if parts[0][:24].isprintable() else "?"
            self.problems.append(Problem(logical.line, f"{shown!r} is no instruction"))
            return None
        rest = parts[1] if len(parts) > 1 else ""
        start = len(logical.text) - len(rest)
        if keyword == "ONBUILD" and not onbuild:
            marks = tuple((max(0, offset - start), line) for offset, line in logical.marks)
            inner = Logical(rest, logical.line, logical.end_line, marks, logical.heredocs)
            if not rest.strip():
                self.problems.append(Problem(logical.line, "ONBUILD stands alone"))
                return None
            return self._instruction(inner, onbuild=True)
        flags: list[tuple[str, str]] = []
        if keyword in _WITH_FLAGS:
            rest, flags = self._flags(rest)
        rest = rest.rstrip()
        start = logical.text.rfind(rest) if rest else len(logical.text)
        marks = tuple((max(0, offset - start), line) for offset, line in logical.marks)
        return Instruction(
            keyword,
            rest,
            logical.line,
            logical.end_line,
            tuple(flags),
            self._json(keyword, rest),
            logical.heredocs,
            onbuild=onbuild,
            marks=marks,
        )

    def _flags(self, rest: str) -> tuple[str, list[tuple[str, str]]]:
        flags: list[tuple[str, str]] = []
        rest = rest.lstrip()
        while rest.startswith("--"):
            word = split_words(rest, self.escape)[0] if len(rest) < 4096 else rest.split(None, 1)[0]
            name, _, value = unquote(word, self.escape)[2:].partition("=")
            flags.append((name.lower(), value))
            rest = rest[len(word) :].lstrip()
            if len(flags) >= 100:
                break
        return rest, flags

    def _json(self, keyword: str, rest: str) -> tuple[str, ...] | None:
        if keyword == "HEALTHCHECK":
            head, _, tail = rest.partition(" ")
            rest = tail.strip() if head.upper() == "CMD" else ""
        if keyword not in _WITH_JSON or not rest.startswith("["):
            return None
        try:
            value = json.loads(rest)
        except (ValueError, RecursionError):
            return None  # as Docker has it: what is not JSON is the shell form
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return None

    def _open(self, instruction: Instruction) -> None:
        scope = dict(self.globals)
        raw = split_words(instruction.text, self.escape)
        if not raw:
            self.problems.append(Problem(instruction.line, "FROM names no image"))
            raw = ["scratch"]
        base, resolved = substitute(raw[0], scope, escape=self.escape)
        base = unquote(base, self.escape)
        name = unquote(raw[2], self.escape).lower() if len(raw) == 3 and raw[1].upper() == "AS" else ""
        if len(raw) not in (1, 3) or (len(raw) == 3 and not name):
            self.problems.append(Problem(instruction.line, "FROM takes an image, or an image AS a name"))
        parent = self.names.get(base.lower()) if resolved else None
        opening = replace(instruction, words=tuple(unquote(word, self.escape) for word in raw), resolved=resolved)
        index = len(self.stages)
        inherited = self.stages[parent] if parent is not None else None
        environment = dict(inherited.environment) if inherited else {}
        self.stages.append(
            _Open(
                index,
                name,
                base if resolved else "",
                parent,
                opening,
                instruction.flag("platform") or "",
                dict(environment),
                environment,
                inherited.shell if inherited else _DEFAULT_SHELL,
                inherited.user if inherited else None,
                inherited.user_instruction if inherited else None,
                inherited.workdir if inherited else "",
            )
        )
        if name:
            self.names[name] = index

    def _add(self, stage: _Open, instruction: Instruction) -> None:
        instruction = replace(instruction, shell=stage.shell, user=stage.user, workdir=stage.workdir)
        if instruction.keyword in ("ENV", "ARG", "LABEL"):
            scratch = stage.scope if not instruction.onbuild else dict(stage.scope)
            environment = stage.environment if not instruction.onbuild else {}
            instruction = self._valued(instruction, scratch, environment)
        else:
            instruction = self._worded(instruction, stage.scope)
        stage.instructions.append(instruction)
        if instruction.onbuild:
            return
        if instruction.keyword == "SHELL" and instruction.json:
            stage.shell = instruction.json
        elif instruction.keyword == "USER" and instruction.words:
            stage.user, stage.user_instruction = instruction.words[0], instruction
        elif instruction.keyword == "WORKDIR" and instruction.words:
            stage.workdir = instruction.words[0]

    def _worded(self, instruction: Instruction, scope: Scope) -> Instruction:
        words = list(instruction.json or ()) or split_words(instruction.text, self.escape)
        resolved = True
        if instruction.keyword in _SUBSTITUTED:
            pairs = [substitute(word, scope, escape=self.escape) for word in words]
            words, resolved = [text for text, _ in pairs], all(known for _, known in pairs)
            flags = tuple((name, substitute(value, scope, escape=self.escape)[0]) for name, value in instruction.flags)
            instruction = replace(instruction, flags=flags)
        if instruction.json is None:
            words = [unquote(word, self.escape) for word in words]
        return replace(instruction, words=tuple(words), resolved=resolved)

    def _valued(self, instruction: Instruction, scope: Scope, environment: Scope) -> Instruction:
        """ENV, ARG and LABEL: the pairs, entered into the scope in order. ENV wins over ARG of the same name."""
        raw = split_words(instruction.text, self.escape)
        settled: list[tuple[str, str | None]] = []
        resolved = True
        split = _legacy if instruction.keyword != "ARG" and raw and "=" not in raw[0] else _assignments
        for name, value in split(raw):
            text: str | None = None
            if value is not None:
                text, known = substitute(value, scope, escape=self.escape)
                text, resolved = unquote(text, self.escape), resolved and known
                if not known:
                    text = text if instruction.keyword != "ARG" else None
            elif instruction.keyword == "ARG":
                text = self.globals.get(name) if scope is not self.globals else None
            settled.append((name, text))
            if instruction.keyword == "ARG" and name not in environment:
                scope[name] = text
        if instruction.keyword == "ENV":  # within one ENV, values see what stood before the whole instruction
            scope.update(settled)
            environment.update(settled)
        return replace(instruction, pairs=tuple(settled), resolved=resolved, words=tuple(raw))


def _legacy(raw: list[str]) -> list[tuple[str, str | None]]:
    return [(raw[0], " ".join(raw[1:]))]


def _assignments(raw: list[str]) -> list[tuple[str, str | None]]:
    parts = [word.partition("=") for word in raw]
    return [(unquote(name), value if equals else None) for name, equals, value in parts]
