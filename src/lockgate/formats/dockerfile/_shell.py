"""The shell text of an instruction as simple commands: enough for rules, not a shell.

Splits at ``&& || ; | & newline ( ) { }``, removes quotes, keeps environment prefixes and redirections apart, looks into
``$( )``, backticks, ``sh -c``, ``env``, ``sudo`` and their like. Nothing is substituted: ``$x`` stays as written. Every
text gives some answer in time linear in its length (nesting and the number of commands are limited).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile._nouns import Instruction

MAX_COMMANDS = 5000
MAX_NESTING = 6

_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
_RESERVED = frozenset(("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "!", "{", "}", "in"))
_WRAPPERS = frozenset(
    ("sudo", "env", "exec", "time", "nohup", "command", "xargs", "nice", "gosu", "su-exec", "eatmydata")
)
_WRAPPER_VALUES = frozenset(("-u", "-g", "-n", "-I", "-L", "-P", "-C", "--user", "--group"))


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command."""

    words: tuple[str, ...]
    """Program and arguments, without quotes."""
    environment: tuple[tuple[str, str], ...] = ()
    """Assignments before the program (or alone)."""
    line: int = 0
    """Physical line of its first word."""
    pipe: int = 0
    """Number of the pipeline it belongs to, unique within the instruction."""
    piped: bool = False
    """True: reads the output of the command before it."""
    pipes: bool = False
    """True: its output goes into the next command."""
    redirects: tuple[tuple[str, str], ...] = ()
    """``(operator, target)``."""
    substituted: bool = False
    """True: stands inside ``$( )`` or backticks."""

    @property
    def program(self) -> str:
        """Name of the program without its folder."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def args(self) -> tuple[str, ...]:
        """What follows the program."""
        return self.words[1:]

    def has(self, *options: str) -> bool:
        """Whether one of the options is given: ``--name``, ``--name=value``, or a letter within a short group."""
        for word in self.args:
            if word == "--":
                return False
            for option in options:
                if word == option or (option.startswith("--") and word.startswith(option + "=")):
                    return True
                if len(option) == 2 and option[0] == "-" and word[:1] == "-" and word[1:2] not in ("-", ""):
                    letters = word[1:]
                    if letters.isalpha() and len(letters) <= 6 and option[1] in letters:
                        return True
        return False


def commands(instruction: Instruction) -> tuple[Command, ...]:
    """The simple commands of a RUN, CMD, ENTRYPOINT or HEALTHCHECK, in order; none for a shell that is not POSIX."""
    if instruction.json is not None:
        return tuple(_unwrapped(Command(instruction.json, line=instruction.line), _Counter(), 0))
    shell = instruction.shell[0].rsplit("/", 1)[-1].lower() if instruction.shell else "sh"
    if shell.removesuffix(".exe") in ("cmd", "powershell", "pwsh") or "\\" in shell:
        return ()
    text = instruction.text
    if instruction.keyword == "HEALTHCHECK":
        text = text[3:] if text[:3].upper() == "CMD" else ""
    counter = _Counter()
    found = [replace(command, line=instruction.line_at(command.line)) for command in _split(text, counter, 0)]
    for heredoc in instruction.heredocs:
        if instruction.keyword == "RUN" and _feeds_shell(found, heredoc.content):
            inner = _split(heredoc.content, counter, 0)
            starts = _line_starts(heredoc.content)
            found += [replace(command, line=heredoc.line + starts(command.line)) for command in inner]
    return tuple(command for command in found if command.words or command.environment)


def shell_commands(text: str) -> tuple[Command, ...]:
    """The simple commands of a script; ``line`` counts from 1 within it."""
    starts = _line_starts(text)
    return tuple(
        replace(command, line=starts(command.line) + 1)
        for command in _split(text, _Counter(), 0)
        if command.words or command.environment
    )


def _feeds_shell(found: list[Command], content: str) -> bool:
    first = content.lstrip().split("\n", 1)[0]
    if first.startswith("#!"):
        names = [part.rsplit("/", 1)[-1] for part in first[2:].split()]
        return bool(names) and (names[0] in _SHELLS or (names[0] == "env" and len(names) > 1 and names[1] in _SHELLS))
    return not any(command.words for command in found) or any(command.program in _SHELLS for command in found)


def _line_starts(text: str) -> Callable[[int], int]:
    """From an offset to its line, counted from 0."""
    starts = [0]
    for position, char in enumerate(text):
        if char == "\n":
            starts.append(position + 1)
    return lambda offset: bisect_right(starts, offset) - 1


class _Counter:
    """Pipelines seen, and how many commands may still be made."""

    def __init__(self) -> None:
        self.pipe = 0
        self.left = MAX_COMMANDS


class _Splitter:
    """One pass over a text; ``line`` of what it makes is still an offset."""

    def __init__(self, text: str, counter: _Counter, depth: int) -> None:
        self.text, self.counter, self.depth = text, counter, depth
        self.found: list[Command] = []
        self.words: list[tuple[str, int, bool]] = []
        self.redirects: list[tuple[str, str]] = []
        self.pending_redirect = ""
        self.piped = False
        self.inner: list[tuple[str, int]] = []
        counter.pipe += 1

    def run(self) -> list[Command]:
        text, position, size = self.text, 0, len(self.text)
        while position < size and self.counter.left > 0:
            char = text[position]
            if char in " \t\r":
                position += 1
            elif char == "\n" or char == ";":
                self._end()
                position += 1
            elif char == "#":
                end = text.find("\n", position)
                position = size if end < 0 else end
            elif text.startswith(("&&", "||"), position):
                self._end()
                position += 2
            elif text.startswith(("&>", ">&", "<&"), position):
                position = self._redirect(position)
            elif char == "|":
                self._end(pipes=True)
                position += 2 if text.startswith("|&", position) else 1
            elif char in "&()":
                self._end()
                position += 1
            elif char in "<>":
                position = self._redirect(position)
            else:
                position = self._word(position)
        self._end()
        return self.found

    def _redirect(self, position: int) -> int:
        end = position
        while end < len(self.text) and self.text[end] in "<>&-|" and end - position < 3:
            end += 1
        if self.words and self.words[-1][0].isdigit() and self.words[-1][1] + len(self.words[-1][0]) == position:
            self.words.pop()
        if self.text[position:end] == "<" and self.text[end : end + 1] == "(":
            return end  # process substitution: its commands are split off at the bracket
        self.pending_redirect = self.text[position:end]
        return end

    def _word(self, position: int) -> int:
        text, size, start = self.text, len(self.text), position
        out: list[str] = []
        quoted = False
        while position < size:
            char = text[position]
            if char in " \t\r\n;|&()<>":
                break
            if char == "\\" and position + 1 < size:
                out.append(text[position + 1] if text[position + 1] != "\n" else "")
                position += 2
            elif char == "'":
                quoted = True
                end = text.find("'", position + 1)
                end = size if end < 0 else end
                out.append(text[position + 1 : end])
                position = end + 1
            elif char == '"':
                quoted = True
                position = self._double(position + 1, out)
            elif char == "`" or text.startswith("$(", position):
                position = self._substitution(position, out)
            elif text.startswith("${", position):
                end = text.find("}", position)
                end = size - 1 if end < 0 else end
                out.append(text[position : end + 1])
                position = end + 1
            else:
                out.append(char)
                position += 1
        word = "".join(out)
        if self.pending_redirect:
            self.redirects.append((self.pending_redirect, word))
            self.pending_redirect = ""
        else:
            self.words.append((word, start, quoted))
        return position

    def _double(self, position: int, out: list[str]) -> int:
        text, size = self.text, len(self.text)
        while position < size and text[position] != '"':
            if text[position] == "\\" and position + 1 < size:
                following = text[position + 1]
                out.append(following if following in '"\\$`\n' else "\\" + following)
                position += 2
            elif text[position] == "`" or text.startswith("$(", position):
                position = self._substitution(position, out)
            else:
                out.append(text[position])
                position += 1
        return position + 1

    def _substitution(self, position: int, out: list[str]) -> int:
        text = self.text
        if text[position] == "`":
            end = text.find("`", position + 1)
            start = position + 1
        else:
            start = position + 2
            end = _matching(text, start)
        end = len(text) if end < 0 else end
        self.inner.append((text[start:end], start))
        out.append(text[position : end + 1])
        return end + 1

    def _end(self, *, pipes: bool = False) -> None:
        words = self.words
        while words and words[0][0] in _RESERVED and not words[0][2]:
            words = words[1:]
        if words and words[0][0] in ("for", "case") and not words[0][2]:
            words = []
        environment: list[tuple[str, str]] = []
        place = words[0][1] if words else 0
        while words and _is_assignment(words[0][0]):
            name, _, value = words[0][0].partition("=")
            environment.append((name, value))
            words = words[1:]
        if words or environment:
            made = Command(
                tuple(word for word, _, _ in words),
                tuple(environment),
                place,
                self.counter.pipe,
                self.piped,
                pipes,
                tuple(self.redirects),
            )
            self.counter.left -= 1
            self.found.extend(_unwrapped(made, self.counter, self.depth))
        for text, offset in self.inner:
            if self.depth < MAX_NESTING:
                self.found.extend(
                    replace(command, line=offset + command.line, substituted=True)
                    for command in _split(text, self.counter, self.depth + 1)
                )
        self.words, self.redirects, self.pending_redirect, self.inner = [], [], "", []
        self.piped = pipes
        if not pipes:
            self.counter.pipe += 1


def _split(text: str, counter: _Counter, depth: int) -> list[Command]:
    return _Splitter(text, counter, depth).run()


def _unwrapped(command: Command, counter: _Counter, depth: int) -> Iterator[Command]:
    """The command, and what it runs: the rest of ``sudo ...``, the script of ``sh -c``."""
    yield command
    if depth >= MAX_NESTING or not command.words:
        return
    name = command.program
    if name in _SHELLS:
        script = _script(command.args)
        if script is not None:
            for inner in _split(script, counter, depth + 1):
                yield replace(inner, line=command.line)
    elif name in _WRAPPERS:
        rest, environment = _after_wrapper(command.args)
        if rest:
            wrapped = replace(command, words=rest, environment=command.environment + environment)
            yield from _unwrapped(wrapped, counter, depth + 1)


def _script(args: tuple[str, ...]) -> str | None:
    for place, word in enumerate(args):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c") and place + 1 < len(args):
            return args[place + 1]
        if not word.startswith("-") and (place == 0 or args[place - 1] not in ("-o", "+o")):
            return None
    return None


def _after_wrapper(args: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    place, environment = 0, []
    while place < len(args):
        word = args[place]
        if word in _WRAPPER_VALUES:
            place += 2
        elif word.startswith("-"):
            place += 1
        elif _is_assignment(word):
            name, _, value = word.partition("=")
            environment.append((name, value))
            place += 1
        else:
            break
    return args[place:], tuple(environment)


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.replace("_", "a").isalnum() and not name[0].isdigit() and name.isascii()


def _matching(text: str, position: int) -> int:
    depth = 1
    while position < len(text):
        char = text[position]
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return position
        elif char == "'":
            end = text.find("'", position + 1)
            position = end if end > 0 else position
        elif char == "\\":
            position += 1
        position += 1
    return -1
