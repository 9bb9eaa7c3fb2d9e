"""Writes completion scripts from the argument parser, so that they cannot lie about it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lockgate.cli._parser import build, command_names


def words() -> dict[str, list[str]]:
    """Command -> the words that may follow it: options, choices and actions, sorted."""
    parser = build(command_names())
    return {name: sorted(set(_words(one))) for name, one in _below(parser)}


def _below(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _words(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield name
                yield from _words(one)
        elif action.choices:
            yield from map(str, action.choices)


def script(shell: str) -> str:
    """The script for ``bash``, ``zsh`` or ``fish``."""
    table = words()
    if shell == "fish":
        return "\n".join(_fish(table))
    cases = "\n".join(f'    {name}) words="{" ".join(one)}" ;;' for name, one in table.items())
    body = f"""_lockgate() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="{" ".join(table)} --help --version" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="{" ".join(table)} --help --version"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${{#COMPREPLY[@]}} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _lockgate lockgate"""
    return f"autoload -U +X bashcompinit && bashcompinit\n{body}" if shell == "zsh" else body


def _fish(table: dict[str, list[str]]) -> Iterator[str]:
    yield f"complete -c lockgate -n __fish_use_subcommand -f -a '{' '.join(table)}'"
    for name, one in table.items():
        yield f"complete -c lockgate -n '__fish_seen_subcommand_from {name}' -a '{' '.join(one)}'"
