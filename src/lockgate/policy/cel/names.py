"""What an expression may name beyond functions."""

from __future__ import annotations

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Declarations that an expression is compiled against."""

    variables: frozenset[str] | None = None
    """Variables; ``None`` takes any name."""
    structs: frozenset[str] = frozenset()
    """Types that may be constructed; ``Object`` stands for ``Object.a.b`` too."""
    fields: tuple[tuple[str, frozenset[str]], ...] = ()
    """Variables whose fields are known, with these fields."""
    types: tuple[tuple[str, str], ...] | None = None
    """Types of variables, or of fields of them (``variables.x``), as :mod:`checked` writes them; ``None`` asks for no
    check of types."""
