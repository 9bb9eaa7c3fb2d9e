"""Regular expressions that are compiled when they are first asked, not when their module is imported.

A check imports modules that hold some seventy of them and asks a dozen; compiling them all took a tenth of the run.
What ``lazy_pattern`` gives is used like what ``re.compile`` gives. That every one compiles is held by a test, since
importing no longer shows it. For patterns that are written in our modules only: those of input go to RE2.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:

    class lazy_pattern:  # noqa: N801 -- called as the function it stands for
        """A pattern that is not compiled yet. Once it is, its methods are those of the compiled one."""

        __slots__ = (
            "_flags", "_text", "findall", "finditer", "flags", "fullmatch", "groupindex", "groups", "match", "pattern",
            "search", "split", "sub", "subn",
        )  # fmt: skip

        def __init__(self, text, flags=0):
            self._text, self._flags = text, flags

        def __getattr__(self, name):
            """Asked only for what is not set: before the first use."""
            import re

            if name not in _OF_COMPILED:
                raise AttributeError(name)
            compiled = re.compile(self._text, self._flags)
            for one in _OF_COMPILED:
                setattr(self, one, getattr(compiled, one))
            return getattr(compiled, name)

        def __repr__(self):
            return f"lazy_pattern({self._text!r})"

    _OF_COMPILED = tuple(one for one in lazy_pattern.__slots__ if not one.startswith("_"))

__all__ = ["lazy_pattern"]
