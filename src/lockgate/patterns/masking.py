"""What may be shown of a secret: a public prefix of at most four characters, and its length."""

from __future__ import annotations

_PUBLIC_PREFIXES = tuple(
    """
    ghp_ gho_ ghu_ ghs_ ghr_ gith glpa gldt glrt AKIA ASIA AIza ya29 GOCS xoxb xoxp xoxa xapp sk_l rk_l sk_t rk_t
    pk_l whse npm_ pypi SG. hf_ eyJ dop_ doo_ shpa shps lin_ sntr hvs. hvb. ATAT NRAK dapi EAAC key- sk- pul- figd
    pat- ntn_ dckr tfe- glsa sq0 r8_ gsk_ oy2 ----
    """.split()  # noqa: SIM905 -- a table of one word each stays readable
)
_HIDDEN = "****"


def mask(value: str) -> str:
    """``ghp_****``: at most four characters, and only where every such token begins with them."""
    prefix = next((one for one in _PUBLIC_PREFIXES if value.startswith(one)), "") if len(value) >= 16 else ""
    return prefix[:4] + _HIDDEN


def hint(value: str) -> str:
    """``ghp_**** (40 characters)``."""
    return f"{mask(value)} ({len(value)} characters)"
