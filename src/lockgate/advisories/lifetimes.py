"""Until when distributions, and those who make runtimes of languages, mend their releases.

Facts, not opinions: the last day on which everybody gets security updates of a release, long term support of Debian
among it, what is sold beside it (Ubuntu Pro, ELS, LTSS) not. Of a release that is not here nothing is said;
distributions that only roll on (Wolfi, Chainguard, Arch) have none, and what is promised "at least" until a day is no
last day (Java's long term releases: 8 until December 2030, 11 and 17 until October 2027, 21 until December 2029, 25
until September 2031). A release of Go ends with the second one after it, whose day is not announced. As
endoflife.date (MIT) has gathered them from the pages named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Lifetime:
    """One release of a distribution or a runtime."""

    ends: date
    """The last day."""
    source: str
    """Where that is said."""


_DEBIAN = "https://wiki.debian.org/LTS"
_UBUNTU = "https://wiki.ubuntu.com/Releases"
_ALPINE = "https://alpinelinux.org/releases/"
_AZURE = "https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle"
_RED_HAT = "https://access.redhat.com/support/policy/updates/errata"
_SUSE = "https://www.suse.com/lifecycle"
_OPENSUSE = "https://en.opensuse.org/Lifetime"
_ALMALINUX = "https://wiki.almalinux.org/release-notes/"
_ROCKY = "https://wiki.rockylinux.org/rocky/version/"
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
    "almalinux": (_ALMALINUX, {"8": "2029-03-01", "9": "2032-05-31", "10": "2035-05-31"}),
    "rocky": (_ROCKY, {"8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31"}),
    "sles": (_SUSE, {  # service packs; "12" and "15" alone would stand for every later one
        "11.4": "2019-03-31", "12.1": "2017-05-31", "12.2": "2018-03-31", "12.3": "2019-06-30", "12.4": "2020-06-30",
        "12.5": "2024-10-31", "15.1": "2021-01-31", "15.2": "2021-12-31", "15.3": "2022-12-31", "15.4": "2023-12-31",
        "15.5": "2024-12-31", "15.6": "2025-12-31", "15.7": "2031-07-31", "16.0": "2027-11-30",
    }),
    "opensuse-leap": (_OPENSUSE, {
        "42.3": "2019-07-01", "15.0": "2019-12-03", "15.1": "2021-02-02", "15.2": "2021-12-01", "15.3": "2022-12-01",
        "15.4": "2023-12-07", "15.5": "2024-12-31", "15.6": "2026-04-30", "16.0": "2027-10-31",
    }),
}  # fmt: skip
_OF_RUNTIMES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Python": ("https://devguide.python.org/versions/", {
        "2.7": "2020-01-01", "3.4": "2019-03-18", "3.5": "2020-09-30", "3.6": "2021-12-23", "3.7": "2023-06-27",
        "3.8": "2024-10-07", "3.9": "2025-10-31", "3.10": "2026-10-31", "3.11": "2027-10-31", "3.12": "2028-10-31",
        "3.13": "2029-10-31", "3.14": "2030-10-31",
    }),
    "Node.js": ("https://nodejs.org/en/about/previous-releases", {
        "10": "2021-04-30", "11": "2019-06-30", "12": "2022-04-30", "13": "2020-06-01", "14": "2023-04-30",
        "15": "2021-06-01", "16": "2023-09-11", "17": "2022-06-01", "18": "2025-04-30", "19": "2023-06-01",
        "20": "2026-04-30", "21": "2024-06-01", "22": "2027-04-30", "23": "2025-06-01", "24": "2028-04-30",
        "25": "2026-06-01",
    }),
    ".NET": ("https://dotnet.microsoft.com/platform/support/policy/dotnet-core", {
        "2.1": "2021-08-21", "2.2": "2019-12-23", "3.0": "2020-03-03", "3.1": "2022-12-13", "5": "2022-05-10",
        "6": "2024-11-12", "7": "2024-05-14", "8": "2026-11-10", "9": "2026-11-10", "10": "2028-11-14",
    }),
    "Java (Temurin)": ("https://adoptium.net/support/", {
        "16": "2021-09-30", "18": "2022-09-30", "19": "2023-03-31", "20": "2023-09-19", "22": "2024-09-17",
        "23": "2025-03-18", "24": "2025-09-30",
    }),
    "Go": ("https://go.dev/doc/devel/release#policy", {
        "1.10": "2019-02-25", "1.11": "2019-09-03", "1.12": "2020-02-25", "1.13": "2020-08-11", "1.14": "2021-02-16",
        "1.15": "2021-08-16", "1.16": "2022-03-15", "1.17": "2022-08-02", "1.18": "2023-02-01", "1.19": "2023-09-06",
        "1.20": "2024-02-06", "1.21": "2024-08-13", "1.22": "2025-02-11", "1.23": "2025-08-12", "1.24": "2026-02-10",
        "1.25": "2026-08-19",
    }),
}  # fmt: skip
"""By those who make them. What a distribution builds of them, it mends itself as long as it mends its release."""


def lifetime_of(distribution: str, version: str) -> Lifetime | None:
    """Of the release that ``ID`` and ``VERSION_ID`` of os-release name (``alpine``, ``3.20.3``); None where nothing is
    known of it."""
    return _lifetime(_LAST_DAYS, distribution, version)


def runtime_lifetime_of(runtime: str, version: str) -> Lifetime | None:
    """Of the release of ``Python``, ``Node.js``, ``.NET``, ``Java (Temurin)`` or ``Go`` that ``version`` belongs to."""
    return _lifetime(_OF_RUNTIMES, runtime, version)


def _lifetime(known: Mapping[str, tuple[str, Mapping[str, str]]], name: str, version: str) -> Lifetime | None:
    source, releases = known.get(name, ("", {}))
    parts = version.split(".")
    for count in (2, 1):
        found = releases.get(".".join(parts[:count]))
        if found is not None:
            return Lifetime(date.fromisoformat(found), source)
    return None
