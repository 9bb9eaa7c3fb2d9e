"""Checks on what the configuration of an image says: user, ports, labels, age, how its files were fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lockgate.lazy_pattern import lazy_pattern
from lockgate.scanners.images.view import Check, Hit, View, last_step

_PRIVILEGED = 1024
"""Ports below it are for root, or for who has CAP_NET_BIND_SERVICE (ip(7))."""
_ADDRESS = lazy_pattern(r"(?i)(?:https?|ftp)://\S+")
_FLAG = lazy_pattern(r"--[a-z-]+(?:=\S*)?")
_COUNTED = lazy_pattern(r"[0-9]+(?::[0-9]+)?")
_ROOT = ("", "0", "root")
_LABEL = "org.opencontainers.image."


def user_root(view: View) -> Iterator[Hit]:
    survey = view.survey
    name = survey.user.partition(":")[0].strip()
    if survey.is_root or name not in _ROOT:
        return
    said = f"It runs as {survey.user}" if survey.user else "It names no user, so it runs as root"
    yield Hit("User", f"{said}.", field="User", step=last_step(survey, "USER"))


def user_by_name(view: View) -> Iterator[Hit]:
    survey = view.survey
    name = survey.user.partition(":")[0].strip()
    if survey.is_root or name in _ROOT or _COUNTED.fullmatch(survey.user):
        return
    if name.isdigit():  # the group is a name, which Kubernetes does not mind
        return
    yield Hit("User", "The user is a name, which Kubernetes cannot tell from root without starting the container.",
              field="User", step=last_step(survey, "USER"))  # fmt: skip


def _ports(view: View) -> Iterator[tuple[int, str]]:
    for port in view.survey.ports:
        number = port.partition("/")[0]
        if number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536:
            yield int(number[:6]), port


def _exposing(view: View, port: int) -> int:
    """The last step that exposes the port by its number."""
    steps = view.survey.steps
    pattern = re.compile(rf"(?<![0-9]){port}(?![0-9])")
    for at in range(len(steps) - 1, -1, -1):
        if steps[at].text.startswith("EXPOSE ") and pattern.search(steps[at].text):
            return at
    return -1


def remote_access_port(view: View) -> Iterator[Hit]:
    for number, port in _ports(view):
        if number in view.parameters["remote_access_ports"]:
            yield Hit(port, f"Port {port} is one of remote administration.", field="ExposedPorts",
                      step=_exposing(view, number))  # fmt: skip


def privileged_port(view: View) -> Iterator[Hit]:
    for number, port in _ports(view):
        if number < _PRIVILEGED and number not in view.parameters["other_rules_ports"]:
            yield Hit(port, f"Port {port} can be opened by root alone, or with a capability.", field="ExposedPorts",
                      step=_exposing(view, number))  # fmt: skip


def healthcheck_missing(view: View) -> Iterator[Hit]:
    survey = view.survey
    if survey.is_root or (survey.healthcheck and survey.healthcheck[0] != "NONE"):
        return
    said = "is switched off" if survey.healthcheck else "is missing"
    yield Hit("Healthcheck", f"A health check {said}.", field="Healthcheck", step=last_step(survey, "HEALTHCHECK"))


def remote_add(view: View) -> Iterator[Hit]:
    for at, step in enumerate(view.survey.steps):
        keyword, _, rest = step.text.partition(" ")
        if keyword != "ADD" or "--checksum=" in rest:
            continue
        words = [word for word in rest.replace("[", " ").replace("]", " ").replace('"', " ").replace(",", " ").split()
                 if not _FLAG.fullmatch(word)]  # fmt: skip
        for word in words[:-1]:
            if _ADDRESS.fullmatch(word):
                yield Hit(_bare(word), "ADD took a file from the network without a checksum.", step=at,
                          layer=step.layer)  # fmt: skip


def _bare(address: str) -> str:
    """Without what may be a secret: user, password, query."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def _unlabelled(names: tuple[str, ...], what: str) -> Check:
    """A check for an image of which no label of ``names`` says anything."""

    def check(view: View) -> Iterator[Hit]:
        labels = view.survey.labels
        if not view.survey.is_root and not any(labels.get(name, "").strip() for name in names):
            yield Hit(names[0], f"No label says {what}.", field=f"Labels/{names[0]}")

    return check


def version_moving(view: View) -> Iterator[Hit]:
    labels = view.survey.labels
    for name in (f"{_LABEL}version", "org.label-schema.version", f"{_LABEL}base.name"):
        value = labels.get(name, "")
        tag = value.rpartition("/")[2].partition("@")[0].rpartition(":")[2] if name.endswith("base.name") else value
        if tag.strip().lower() in view.parameters["moving_names"] or (name.endswith("base.name") and _untagged(value)):
            yield Hit(name, f"The label {name} names no version but what moves: {tag.strip()[:60]!r}.",
                      field=f"Labels/{name}", step=last_step(view.survey, "LABEL"))  # fmt: skip


def _untagged(name: str) -> bool:
    return bool(name) and "@" not in name and ":" not in name.rpartition("/")[2]


def old(view: View) -> Iterator[Hit]:
    """Dates before 1990 are those of builds that mean to be the same each time."""
    made = _date(view.survey.created)
    if made is None or view.today is None or made.year < 1990:
        return
    days = (view.today - made.date()).days
    if days > view.parameters["oldest_days"]:
        yield Hit("created", f"It was built {days:,} days ago, and what was fixed since is not in it.", field="created")


def _date(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text[:10])
    except ValueError:
        return None
    return found.replace(tzinfo=UTC)


CHECKS: dict[str, Check] = {
    "user_root": user_root,
    "user_by_name": user_by_name,
    "remote_access_port": remote_access_port,
    "privileged_port": privileged_port,
    "healthcheck_missing": healthcheck_missing,
    "remote_add": remote_add,
    "source_unlabelled": _unlabelled(
        (f"{_LABEL}source", "org.label-schema.vcs-url"), "from which repository it was built"
    ),
    "revision_unlabelled": _unlabelled(
        (f"{_LABEL}revision", "org.label-schema.vcs-ref"), "from which commit it was built"
    ),
    "base_unlabelled": _unlabelled((f"{_LABEL}base.digest",), "on which base image it stands"),
    "version_moving": version_moving,
    "old": old,
}
