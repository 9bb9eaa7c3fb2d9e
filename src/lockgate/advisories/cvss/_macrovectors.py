"""Scores of the 270 macrovectors of CVSS 4.0, and the highest vectors of each level.

Facts of the specification (https://www.first.org/cvss/v4.0/specification-document, sections 7 and 8, and the lookup
table published with it).
"""

from __future__ import annotations

_ROWS = {
    "000": "10 9.9 9.8 9.5 9.5 9.2 10 9.6 9.3 8.7 9.1 8.1 9.3 9 8.9 8 8.1 6.8",
    "001": "9.8 9.5 9.5 9.2 9 8.4 9.3 9.2 8.9 8.1 8.1 6.5 8.8 8 7.8 7 6.9 4.8",
    "002": "9.2 8.2 7.2 7.9 6.9 5 6.9 5.5 2.7",
    "010": "9.9 9.7 9.5 9.2 9.2 8.5 9.5 9.1 9 8.3 8.4 7.1 9.2 8.1 8.2 7.1 7.2 5.3",
    "011": "9.5 9.3 9.2 8.5 8.5 7.3 9.2 8.2 8 7.2 7 5.9 8.4 7 7.1 5.2 5 3",
    "012": "8.6 7.5 5.2 7.1 5.2 2.9 6.3 2.9 1.7",
    "100": "9.8 9.5 9.4 8.7 9.1 8.1 9.4 8.9 8.6 7.4 7.7 6.4 8.7 7.5 7.4 6.3 6.3 4.9",
    "101": "9.4 8.9 8.8 7.7 7.6 6.7 8.6 7.6 7.4 5.8 5.9 5 7.2 5.7 5.7 5.2 5.2 2.5",
    "102": "8.3 7 5.4 6.5 5.8 2.6 5.3 2.1 1.3",
    "110": "9.5 9 8.8 7.6 7.6 7 9 7.7 7.5 6.2 6.1 5.3 7.7 6.6 6.8 5.9 5.2 3",
    "111": "8.9 7.8 7.6 6.7 6.2 5.8 7.4 5.9 5.7 5.7 4.7 2.3 6.1 5.2 5.7 2.9 2.4 1.6",
    "112": "7.1 5.9 3 5.8 2.6 1.5 2.3 1.3 0.6",
    "200": "9.3 8.7 8.6 7.2 7.5 5.8 8.6 7.4 7.4 6.1 5.6 3.4 7 5.4 5.2 4 4 2.2",
    "201": "8.5 7.5 7.4 5.5 6.2 5.1 7.2 5.7 5.5 4.1 4.6 1.9 5.3 3.6 3.4 1.9 1.9 0.8",
    "202": "6.4 5.1 2 4.7 2.1 1.1 2.4 0.9 0.4",
    "210": "8.8 7.5 7.3 5.3 6 5 7.3 5.5 5.9 4 4.1 2 5.4 4.3 4.5 2.2 2 1.1",
    "211": "7.5 5.5 5.8 4.5 4 2.1 6.1 5.1 4.8 1.8 2 0.9 4.6 1.8 1.7 0.7 0.8 0.2",
    "212": "5.3 2.4 1.4 2.4 1.2 0.5 1 0.3 0.1",
}
"""By EQ1, EQ2, EQ3: the scores for EQ4 (0-2), EQ5 (0-2), EQ6 (0-1; only 1 where EQ3 is 2), the last moving fastest."""


def _scores() -> dict[str, float]:
    scores: dict[str, float] = {}
    for row, text in _ROWS.items():
        tails = [f"{eq4}{eq5}{eq6}" for eq4 in "012" for eq5 in "012" for eq6 in ("1" if row[2] == "2" else "01")]
        scores.update(zip((row + tail for tail in tails), map(float, text.split()), strict=True))
    return scores


SCORES = _scores()

HIGHEST_EQ1 = ({"AV": "N", "PR": "N", "UI": "N"},), (
    {"AV": "A", "PR": "N", "UI": "N"}, {"AV": "N", "PR": "L", "UI": "N"}, {"AV": "N", "PR": "N", "UI": "P"},
), ({"AV": "P", "PR": "N", "UI": "N"}, {"AV": "A", "PR": "L", "UI": "P"})  # fmt: skip
HIGHEST_EQ2 = ({"AC": "L", "AT": "N"},), ({"AC": "H", "AT": "N"}, {"AC": "L", "AT": "P"})
HIGHEST_EQ3_EQ6 = {
    "00": ("HHHHHH",),
    "01": ("HHLMMH", "HHHMMM"),
    "10": ("LHHHHH", "HLHHHH"),
    "11": ("LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"),
    "21": ("LLLHHH",),
}
"""Values of VC, VI, VA, CR, IR, AR."""
HIGHEST_EQ4 = ("HSS", "HHH", "LLL")
"""Values of SC, SI, SA."""
DEPTHS = {
    "eq1": (1, 4, 5),
    "eq2": (1, 2),
    "eq4": (6, 5, 4),
}
"""How many steps lie between the highest and the lowest vector of a level."""
DEPTHS_EQ3_EQ6 = {"00": 7, "01": 6, "10": 8, "11": 8, "21": 10}
