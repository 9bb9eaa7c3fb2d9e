"""What the console says of itself at ``/metrics``: requests by route, how long they took, jobs by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.server.admission.metrics import CONTENT_TYPE, Histogram, drawn_histogram

__all__ = ["CONTENT_TYPE", "Metrics"]


@dataclass(slots=True)
class Metrics:
    """Only the event loop writes."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """(route, method, status)."""
    seconds: dict[str, Histogram] = field(default_factory=dict)
    """By route."""
    in_flight: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Requests that were kept out, by reason."""

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. ``route`` is a template, never an address: there are few of them."""
        self.requests[route, method, status] += 1
        self.seconds.setdefault(route, Histogram()).observe(seconds)

    def drawn(self, jobs: Mapping[str, int]) -> Iterator[str]:
        """Lines in Prometheus' text format. ``jobs``: how many by state."""
        yield "# HELP lockgate_http_requests_total Requests by route, method and status.\n"
        yield "# TYPE lockgate_http_requests_total counter\n"
        for (route, method, status), count in sorted(self.requests.items()):
            yield f'lockgate_http_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}\n'
        yield "# HELP lockgate_http_request_seconds Time from a request to the end of its answer.\n"
        yield "# TYPE lockgate_http_request_seconds histogram\n"
        for route, histogram in sorted(self.seconds.items()):
            for line in drawn_histogram("lockgate_http_request_seconds", f'route="{route}"', histogram):
                yield f"{line}\n"
        yield "# TYPE lockgate_http_requests_in_flight gauge\n"
        yield f"lockgate_http_requests_in_flight {self.in_flight}\n"
        yield "# HELP lockgate_http_refused_total Requests that were kept out, by reason.\n"
        yield "# TYPE lockgate_http_refused_total counter\n"
        for reason, count in sorted(self.refused.items()):
            yield f'lockgate_http_refused_total{{reason="{reason}"}} {count}\n'
        yield "# HELP lockgate_jobs Background jobs by state.\n# TYPE lockgate_jobs gauge\n"
        for state, count in sorted(jobs.items()):
            yield f'lockgate_jobs{{state="{state}"}} {count}\n'
