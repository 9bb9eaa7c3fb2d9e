"""One rule, one subject, its evidence."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.model.grades import Confidence, Severity
from lockgate.model.quick import quick
from lockgate.model.rule import Family, RuleId


@quick
@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding shows. Lines and columns count from 1; 0 means not known. Columns count characters."""

    path: str
    line: int = 0
    end_line: int = 0
    column: int = 0
    end_column: int = 0
    pointer: str = ""
    """JSON pointer (RFC 6901) or dotted path of the field at fault, in structured files."""
    commit: str = ""
    """Commit that holds it, when the finding comes from history."""
    snippet: tuple[str, ...] = ()
    """The lines from ``line`` on, cut and with every secret masked; at most 12 lines of 200 characters."""


@quick
@dataclass(frozen=True, slots=True)
class Subject:
    """The thing at fault, in words that survive a rename, a move, reformatting and edits elsewhere in the file.

    ``key`` is what the identity of a finding hashes, together with the rule: it never holds a line number, a path or
    the wording of a message. For a secret it is the salted hash of the value; for a vulnerability the ecosystem and
    the package; for a Dockerfile the stage and the normalised instruction; for a workflow the job and step.
    """

    kind: str
    """``secret``, ``component``, ``instruction``, ``stage``, ``job``, ``step``, ``file``, ``code``."""
    name: str
    """For people: ``requests 2.19.0``, ``job build, step 3``."""
    key: str


@quick
@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces lines ``line`` to ``end_line`` (inclusive, from 1) of ``path`` by ``text``.

    ``end_line == line - 1`` inserts before ``line``. ``expect`` is the present text of those lines; an edit whose
    expectation does not hold is refused, never forced.
    """

    path: str
    line: int
    end_line: int
    text: str
    expect: str


@quick
@dataclass(frozen=True, slots=True)
class Fix:
    """What to do, and, when it is safe to do by machine, the edits that do it."""

    text: str
    edits: tuple[Edit, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Related:
    """A further fact about a finding that readers and gates use: ``("fixed-in", "2.20.0")``, ``("cvss", "9.8")``."""

    name: str
    value: str


@quick
@dataclass(frozen=True, slots=True)
class Finding:
    """What a scanner says. Not yet settled: whether it is new, waived and whose it is, ``findings`` adds."""

    rule: RuleId
    family: Family
    severity: Severity
    confidence: Confidence
    subject: Subject
    location: Location
    message: str
    """One or two sentences for a person; not part of the identity."""
    fix: Fix | None = None
    aliases: tuple[str, ...] = ()
    """For vulnerabilities: every identifier of the same flaw, sorted (CVE-, GHSA-, PYSEC-, ...)."""
    facts: tuple[Related, ...] = ()
    """Further facts, sorted by name."""

    def fact(self, name: str) -> str:
        """The first fact of that name, or an empty string."""
        return next((fact.value for fact in self.facts if fact.name == name), "")
