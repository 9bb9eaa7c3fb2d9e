"""Counters, gauges and one histogram in the text format of Prometheus (0.0.4).

Only the thread of the event loop writes; the text is drawn there as well, so there is no lock on the way of an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any

from lockgate.dataclass import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_SUMMED = (
    "in_flight", "late", "policy_errors", "record_waits", "records_lost", "records_kept", "recorder_errors",
    "records_waiting", "journal_bytes", "settle_errors", "certificate_reloads", "certificate_errors",
)  # fmt: skip


@dataclass(slots=True)
class Histogram:
    """Seconds in fixed buckets."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        for at, bound in enumerate(_BUCKETS):  # fourteen comparisons at most; nearly all end within three
            if seconds <= bound:
                self.counts[at] += 1
                break
        else:
            self.counts[-1] += 1
        self.total += seconds


@dataclass(slots=True)
class Metrics:
    """What ``/metrics`` shows."""

    reviews: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(endpoint, operation, outcome)."""
    fail_opens: Counter[str] = field(default_factory=Counter)
    """By namespace; the objects that nobody judged."""
    failures: Counter[str] = field(default_factory=Counter)
    """By reason: error, timeout, overload, policy-error."""
    refused: Counter[int] = field(default_factory=Counter)
    """By HTTP status: requests that were no review."""
    latency: dict[str, Histogram] = field(default_factory=lambda: {"validate": Histogram(), "mutate": Histogram()})
    in_flight: int = 0
    late: int = 0
    """Verdicts that came after their deadline; the API server may have gone by then."""
    policy_version: str = ""
    policy_loaded: float = 0.0
    """Seconds since the epoch."""
    policy_errors: int = 0
    """Times that changed policies could not be used, and the last good ones went on."""
    record_waits: int = 0
    """Answers that waited for room in the queue of the recorder."""
    records_lost: int = 0
    records_kept: int = 0
    recorder_errors: int = 0
    records_waiting: int = 0
    journal_bytes: int = 0
    """What the journal held after the last settling."""
    settle_errors: int = 0
    """Times the journal could not be put into the record; what is in it waits."""
    certificate_expires: float = 0.0
    certificate_reloads: int = 0
    certificate_errors: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON has it, for another process."""
        made: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        made["reviews"] = [[*key, count] for key, count in self.reviews.items()]
        made["refused"] = [[code, count] for code, count in self.refused.items()]
        made["latency"] = {name: [one.counts, one.total] for name, one in self.latency.items()}
        return made

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Metrics:
        """What :meth:`plain` gave. Raises ``KeyError``, ``ValueError`` or ``TypeError`` for anything else."""
        made = cls(**plain)
        made.reviews = Counter({(one, two, three): count for one, two, three, count in plain["reviews"]})
        made.refused = Counter(dict(plain["refused"]))
        made.fail_opens, made.failures = Counter(plain["fail_opens"]), Counter(plain["failures"])
        made.latency = {name: Histogram(list(one[0]), one[1]) for name, one in plain["latency"].items()}
        return made

    def joined(self, others: Sequence[Metrics]) -> Metrics:
        """All together: what counts is summed; policies are the own, the certificate is the one that ends first."""
        made = Metrics.of_plain(self.plain())
        for one in others:
            for name in ("reviews", "fail_opens", "failures", "refused"):
                getattr(made, name).update(getattr(one, name))
            for name, histogram in one.latency.items():
                own = made.latency[name]
                own.counts = [mine + theirs for mine, theirs in zip(own.counts, histogram.counts, strict=True)]
                own.total += histogram.total
            for name in _SUMMED:
                setattr(made, name, getattr(made, name) + getattr(one, name))
            ends = [moment for moment in (made.certificate_expires, one.certificate_expires) if moment]
            made.certificate_expires = min(ends, default=0.0)
        return made

    def text(self) -> str:
        """The whole page."""
        lines: list[str] = []
        rows = [((("endpoint", one), ("operation", two), ("outcome", three)), count)
                for (one, two, three), count in sorted(self.reviews.items())]  # fmt: skip
        _family(lines, "reviews_total", "counter", "Reviews answered.", rows)
        _family(lines, "fail_open_total", "counter", "Requests let through unjudged.",
                [((("namespace", name),), count) for name, count in sorted(self.fail_opens.items())])  # fmt: skip
        _family(lines, "failures_total", "counter", "Reviews that could not be judged, by reason.",
                [((("reason", name),), count) for name, count in sorted(self.failures.items())])  # fmt: skip
        _family(lines, "refused_total", "counter", "Requests that were no review, by HTTP status.",
                [((("code", str(code)),), count) for code, count in sorted(self.refused.items())])  # fmt: skip
        self._histogram(lines)
        _family(lines, "policy_info", "gauge", "The set of policies that judges now.",
                [((("version", self.policy_version),), 1)] if self.policy_version else [])  # fmt: skip
        for name, type_, help_, value in (
            ("in_flight", "gauge", "Reviews being judged now.", self.in_flight),
            ("late_total", "counter", "Verdicts that came after their deadline.", self.late),
            ("policy_loaded_timestamp_seconds", "gauge", "When that set was loaded.", self.policy_loaded),
            ("policy_errors_total", "counter", "Changes of policies that could not be used.", self.policy_errors),
            ("records_waiting", "gauge", "Reviews that wait for the recorder.", self.records_waiting),
            ("records_kept_total", "counter", "Reviews the recorder has kept.", self.records_kept),
            ("record_waits_total", "counter", "Answers that waited for the recorder.", self.record_waits),
            ("records_lost_total", "counter", "Reviews that were answered and not recorded.", self.records_lost),
            ("recorder_errors_total", "counter", "Times the recorder failed.", self.recorder_errors),
            ("journal_bytes", "gauge", "Bytes of the journal that the record has not yet.", self.journal_bytes),
            ("settle_errors_total", "counter", "Times the journal was not put into the record.", self.settle_errors),
            ("certificate_expiry_timestamp_seconds", "gauge", "When the certificate ends.", self.certificate_expires),
            ("certificate_reloads_total", "counter", "Certificates taken up while serving.", self.certificate_reloads),
            ("certificate_errors_total", "counter", "Certificates that could not be used.", self.certificate_errors),
        ):
            _family(lines, name, type_, help_, [((), value)])
        return "\n".join(lines) + "\n"

    def _histogram(self, lines: list[str]) -> None:
        name = "lockgate_admission_seconds"
        lines += [f"# HELP {name} From the last byte of a request to its answer.", f"# TYPE {name} histogram"]
        for endpoint, held in self.latency.items():
            lines += drawn_histogram(name, f'endpoint="{endpoint}"', held)


def drawn_histogram(name: str, label: str, held: Histogram) -> list[str]:
    """The lines of one histogram; ``label`` as it stands between braces."""
    lines, count = [], 0
    for bound, own in zip((*_BUCKETS, "+Inf"), held.counts, strict=True):
        count += own
        lines.append(f'{name}_bucket{{{label},le="{bound}"}} {count}')
    return [*lines, f"{name}_sum{{{label}}} {held.total}", f"{name}_count{{{label}}} {count}"]


def _family(lines: list[str], name: str, type_: str, help_: str,
            rows: Sequence[tuple[tuple[tuple[str, str], ...], float]]) -> None:  # fmt: skip
    name = f"lockgate_admission_{name}"
    lines += [f"# HELP {name} {help_}", f"# TYPE {name} {type_}"]
    for labels, value in rows:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        lines.append(f"{name}{{{told}}} {value}" if told else f"{name} {value}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
