"""A real parse of a Dockerfile: directives, stages, scopes, here-documents, forms, and the commands inside RUN.

``parse(content)`` never raises; its ``problems`` say what was not understood. ``commands(instruction)`` splits the
shell text of a RUN (CMD, ENTRYPOINT, HEALTHCHECK) into simple commands. What does not belong: judging what was read.
"""

from lockgate.formats.dockerfile._nouns import Dockerfile, Heredoc, Instruction, Problem, Stage
from lockgate.formats.dockerfile._parse import MAX_BYTES, parse
from lockgate.formats.dockerfile._shell import Command, commands, shell_commands
from lockgate.formats.dockerfile._words import split_words, substitute, unquote

__all__ = [
    "MAX_BYTES",
    "Command",
    "Dockerfile",
    "Heredoc",
    "Instruction",
    "Problem",
    "Stage",
    "commands",
    "parse",
    "shell_commands",
    "split_words",
    "substitute",
    "unquote",
]
