"""The catalogue: one YAML file per rule, in the folder of its family; the form is checked when it is read.

``load`` gives a ``Rulebook``. The noun ``Rule`` lives in ``model``; what a scanner does with ``logic`` lives in the
scanner. The keys of a rule are ``id`` (``<family>/<file name>``), ``title``, ``why``, ``severity``, ``confidence``,
``fix``, ``logic``, ``samples`` (at least one that fires and one that stays quiet), ``tags`` and ``references``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.discover import entry_points
from lockgate.errors import ConfigurationError
from lockgate.model import Family, Rule
from lockgate.rules._load import ENTRY_POINTS, OWN_FAMILIES, read_packs, rule_to_plain
from lockgate.rules._prepared import rules_of

__all__ = [
    "ENTRY_POINTS", "OWN_FAMILIES", "Rulebook", "catalogue_markdown", "digest_of", "expand_sample", "explain", "load",
    "prepared_modules", "shipped_ids",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one run."""

    rules: tuple[Rule, ...]
    """Sorted by id."""
    digest: str
    """``sha256:`` and 64 hex digits over everything the rules say; the same whatever file order, machine or cache."""

    def of(self, family: Family) -> tuple[Rule, ...]:
        """The rules of one family, sorted by id."""
        return tuple(rule for rule in self.rules if rule.family is family)

    def get(self, rule_id: str) -> Rule:
        """The rule of that id. Raises ``ConfigurationError`` with the nearest id."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise ConfigurationError(f"there is no rule {rule_id!r}", hint=self._nearest(rule_id))

    def _nearest(self, rule_id: str) -> str:
        import difflib

        ids = [str(rule.id) for rule in self.rules]
        names = {rule_id.rpartition("/")[2]: rule_id for rule_id in reversed(ids)}
        close = difflib.get_close_matches(rule_id, ids, n=1) or [
            names[name] for name in difflib.get_close_matches(rule_id.rpartition("/")[2], names, n=1)
        ]
        return f"did you mean {close[0]!r}?" if close else "'lockgate rules' lists all of them"


def load(
    families: Collection[Family] | None = None, *, cache_dir: Path | None = None, extra: Sequence[Path] = (),
    samples: bool = True,
) -> Rulebook:  # fmt: skip
    """The rulebook of ``families`` (None: all): our rules, those of installed packs, and those below ``extra``.

    ``cache_dir`` may hold the parsed catalogue between runs. ``extra`` are folders with the same layout as ours.
    ``samples``: False lets them be missing, for who judges by the rules and shows none. Raises ``ConfigurationError``
    at the file and line of the first rule that is wrong.
    """
    wanted = OWN_FAMILIES if families is None else families
    if not samples and not extra and not entry_points(ENTRY_POINTS) and (made := rules_of(wanted)) is not None:
        return Rulebook(*made)
    rules = read_packs(wanted, cache_dir=cache_dir, extra=extra)
    return Rulebook(rules, digest_of(rules))


@cache
def shipped_ids(family: Family) -> frozenset[str]:
    """Ids of the rules of a family that Lockgate itself brings; each of these is compiled and judged by its tests."""
    folder = Path(__file__).parent / family.value
    names = [one.name for one in os.scandir(folder)] if folder.is_dir() else []
    return frozenset(f"{family.value}/{name.removesuffix('.yaml')}" for name in names if name.endswith(".yaml"))


def prepared_modules() -> dict[str, str]:
    """The rules that Lockgate itself brings, as modules of Python by name (``hatch_build.py``)."""
    from lockgate.rules._prepared import modules_of

    rules = [rule for rule in load().rules if rule.id in shipped_ids(rule.family)]
    return modules_of(rules, digest_of)


def catalogue_markdown(rulebook: Rulebook) -> str:
    """The generated reference page: a table per family, then a section per rule."""
    from lockgate.rules._pages import catalogue

    return catalogue(rulebook.rules)


def expand_sample(text: str) -> str:
    """A sample with its placeholders filled in, the same each time; ``ConfigurationError`` for a misspelt one."""
    from lockgate.rules._samples import expand_sample as filled_in

    return filled_in(text)


def explain(rule: Rule) -> str:
    """What a person at a terminal wants to know of one rule: plain text, lines of at most 100 characters."""
    from lockgate.rules._pages import explanation

    return explanation(rule)


def digest_of(rules: Sequence[Rule]) -> str:
    """The digest of a rulebook of these rules."""
    import orjson

    plain = [rule_to_plain(rule) for rule in rules]
    return "sha256:" + hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()
