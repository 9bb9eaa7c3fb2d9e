"""Until when distributions mend their releases.

Facts, not opinions: the last day on which everybody gets security updates of a release, long term support of Debian
among it, what is sold beside it (Ubuntu Pro, ELS) not. Of a release that is not here nothing is said; distributions
that only roll on (Wolfi, Chainguard, Arch) have none. As endoflife.date (MIT) has gathered them from the pages named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Lifetime:
    """One release of a distribution."""

    ends: date
    """The last day."""
    source: str
    """Where that is said."""


_DEBIAN = "https://wiki.debian.org/LTS"
_UBUNTU = "https://wiki.ubuntu.com/Releases"
_ALPINE = "https://alpinelinux.org/releases/"
_AZURE = "https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle"
_RED_HAT = "https://access.redhat.com/support/policy/updates/errata"
_LAST_DAYS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "debian": (_DEBIAN, {
        "7": "2018-05-31", "8": "2020-06-30", "9": "2022-07-01", "10": "2024-06-30", "11": "2026-08-31",
        "12": "2028-06-30", "13": "2030-06-30",
    }),
    "ubuntu": (_UBUNTU, {
        "14.04": "2019-04-02", "16.04": "2021-04-02", "18.04": "2023-05-31", "20.04": "2025-05-31",
        "20.10": "2021-07-22", "21.04": "2022-01-20", "21.10": "2022-07-14", "22.04": "2027-04-01",
        "22.10": "2023-07-20", "23.04": "2024-01-20", "23.10": "2024-07-12", "24.04": "2029-05-31",
        "24.10": "2025-07-10", "25.04": "2026-01-17", "25.10": "2026-07-01", "26.04": "2031-04-30",
    }),
    "alpine": (_ALPINE, {
        "3.9": "2020-11-01", "3.10": "2021-05-01", "3.11": "2021-11-01", "3.12": "2022-05-01", "3.13": "2022-11-01",
        "3.14": "2023-05-01", "3.15": "2023-11-01", "3.16": "2024-05-23", "3.17": "2024-11-22", "3.18": "2025-05-09",
        "3.19": "2025-11-01", "3.20": "2026-04-01", "3.21": "2026-11-01", "3.22": "2027-05-01", "3.23": "2027-11-01",
    }),
    "azurelinux": (_AZURE, {"3.0": "2027-08-31"}),
    "mariner": (_AZURE, {"1.0": "2023-08-31", "2.0": "2025-07-31"}),
    "rhel": (_RED_HAT, {"6": "2020-11-30", "7": "2024-06-30", "8": "2029-05-31", "9": "2032-05-31"}),
}  # fmt: skip


def lifetime_of(distribution: str, version: str) -> Lifetime | None:
    """Of the release that ``ID`` and ``VERSION_ID`` of os-release name (``alpine``, ``3.20.3``); None where nothing is
    known of it."""
    source, releases = _LAST_DAYS.get(distribution, ("", {}))
    parts = version.split(".")
    for count in (2, 1):
        found = releases.get(".".join(parts[:count]))
        if found is not None:
            return Lifetime(date.fromisoformat(found), source)
    return None
