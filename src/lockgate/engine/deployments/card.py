"""The card of an approver: what changes, who has answered, what happens next; as data, and drawn as text or Markdown.

Words of others (commits, comments, names) are shown as they are, and never as marks: escaped in Markdown, without signs
that a terminal obeys in text. Pages draw the same data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.printable import clipped, printable
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.deployment import Answered

if TYPE_CHECKING:
    from lockgate.engine.deployments.desk import Looked

_SEVERITIES = ("critical", "high", "medium", "low", "info")
_MARKS = lazy_pattern(r"([\\`*_{}\[\]()#+\-.!|<>~@:&])")
_SHOWN = 20
"""Lines of one part that a card shows before it only counts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a card."""

    title: str
    lines: tuple[str, ...]
    more: int = 0
    """Lines that are not shown."""
    warn: bool = False
    """Whether it is something to look at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said, as it stands now."""

    name: str
    said: str
    at: datetime
    comment: str
    void: str
    """Why it does not count; empty where it does."""


@dataclass(frozen=True, slots=True)
class Card:
    """All of it."""

    id: str
    title: str
    standing: str
    binding: str
    """What an answer must name."""
    about: tuple[tuple[str, str], ...]
    """Names and values: environment, commit, images, digests."""
    parts: tuple[Part, ...]
    """What changes."""
    lines: tuple[tuple[str, int, tuple[str, ...]], ...]
    """Of each line of approvals who is asked for, how many, and who fills its places."""
    answers: tuple[Answer, ...]
    reasons: tuple[tuple[str, str, str], ...]
    """Line of the settings, verdict, words."""
    next: tuple[str, ...]
    """What happens next."""


def card_of(looked: Looked) -> Card:
    """The card of a request as it was looked at."""
    request, ruling = looked.kept.request, looked.ruling
    about = [
        ("environment", request.environment), ("repository", request.repository), ("ref", request.ref),
        ("commit", request.commit), ("runs now", looked.evidence.runs_now or "nothing that was allowed here"),
        ("asked for by", request.requested_by), ("asked for at", _time(request.requested_at)),
        *(("image", one) for one in request.images), ("manifests", request.manifests or "none were given"),
    ]  # fmt: skip
    return Card(
        request.id, f"{request.repository} to {request.environment}", str(looked.kept.standing), looked.kept.binding,
        tuple(about), tuple(_parts(looked)), tuple((one.words, one.count, one.people) for one in ruling.lines),
        tuple(_answers(looked)), tuple((one.rule, one.verdict.value, one.text) for one in ruling.decision.reasons),
        tuple(_next(looked)),
    )  # fmt: skip


def summary(looked: Looked) -> list[str]:
    """The parts in a line each, for notices."""
    return [f"{one.title}: {'; '.join(one.lines[:3])}" + (" ..." if len(one.lines) > 3 or one.more else "")
            for one in _parts(looked) if one.lines]  # fmt: skip


def plain(card: Card) -> dict[str, Any]:
    """The card as JSON values."""
    return {
        "id": card.id, "title": card.title, "standing": card.standing, "binding": card.binding,
        "about": [{"name": name, "value": value} for name, value in card.about],
        "changes": [{"title": one.title, "lines": list(one.lines), "more": one.more, "warn": one.warn}
                    for one in card.parts],
        "approvals": [{"of": words, "count": count, "people": list(people)} for words, count, people in card.lines],
        "answers": [{"name": one.name, "said": one.said, "at": one.at.isoformat(), "comment": one.comment,
                     "void": one.void} for one in card.answers],
        "reasons": [{"rule": rule, "verdict": verdict, "text": text} for rule, verdict, text in card.reasons],
        "next": list(card.next),
    }  # fmt: skip


def text(card: Card) -> str:
    """For a terminal."""
    return summary_of(plain(card))


def markdown(card: Card) -> str:
    """For a comment at a forge."""
    return markdown_of(plain(card))


def summary_of(card: Mapping[str, Any]) -> str:
    """The card, as :func:`plain` has it, for a terminal."""
    lines = [f"{_safe(card['title'])}: {card['standing']}", ""]
    width = max(len(one["name"]) for one in card["about"])
    lines += [f"  {one['name']:<{width}}  {_safe(one['value'])}" for one in card["about"]]
    for title, part in _drawn(card):
        if not part:
            continue
        lines += ["", title, *(f"  {_safe(one)}" for one in part)]
    lines += ["", f"  binding {card['binding'] or 'none yet'}"]
    return "\n".join(lines)


def markdown_of(card: Mapping[str, Any]) -> str:
    """The card, as :func:`plain` has it, in Markdown."""
    lines = [f"### {_escaped(card['title'])}: {card['standing']}", ""]
    lines += [f"- {one['name']}: {_escaped(one['value'])}" for one in card["about"]]
    for title, part in _drawn(card):
        if not part:
            continue
        lines += ["", f"**{_escaped(title)}**", "", *(f"- {_escaped(one)}" for one in part)]
    return "\n".join(lines)


def _drawn(card: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Titles and lines of what has any."""
    for part in card["changes"]:
        yield part["title"], [*part["lines"], *([f"and {part['more']} more"] if part["more"] else [])]
    yield "Approvals", [
        f"{len(one['people'])} of {one['count']} of {one['of']}" + (f": {', '.join(one['people'])}" if one["people"]
                                                                   else "")
        for one in card["approvals"]
    ]  # fmt: skip
    yield "Answers", [_said(one) for one in card["answers"]]
    yield "Decision", [f"{one['verdict']}: {one['rule']}: {one['text']}" for one in card["reasons"]]
    yield "Next", list(card["next"])


def _parts(looked: Looked) -> Iterator[Part]:
    seen = looked.evidence
    yield _part("Commits", [f"{one.id[:12]} {one.subject} ({', '.join(one.authors[:2])})" for one in seen.commits])
    yield _part("Images", [_image(one) for one in seen.images],
                warn=any(one.trust == "deny" or one.scan == "deny" for one in seen.images))  # fmt: skip
    yield _part("Packages", [_package(one) for one in seen.packages])
    yield _part(f"New findings{_graded(seen.new_findings)}", _findings(seen.new_findings),
                warn=any(one.severity in _SEVERITIES[:2] for one in seen.new_findings))  # fmt: skip
    yield _part(f"Fixed findings{_graded(seen.fixed_findings)}", _findings(seen.fixed_findings))
    yield _part("Policies", [f"{one.verdict}: {one.subject}: {one.rule}: {one.message}" for one in seen.policies],
                warn=any(one.verdict == "deny" for one in seen.policies))  # fmt: skip
    yield _part("Network", [f"{'+' if one.added else '-'} {one.subject} {one.text}" for one in seen.network],
                warn=any(one.added for one in seen.network))  # fmt: skip
    yield _part("Permissions", [f"{'+' if one.added else '-'} {one.subject} {one.text}" for one in seen.permissions],
                warn=any(one.added for one in seen.permissions))  # fmt: skip
    yield _part("Waivers that it rests on",
                [f"{one.id}: {one.reason} ({one.by}, until {one.until or 'further notice'})" for one in seen.waivers])
    yield _part("Not known", list(seen.unread), warn=True)
    yield _part("Broken glass", [f"{one.name}: {one.reason} (until {_time(one.until)})" for one in looked.glass],
                warn=True)  # fmt: skip


def _part(title: str, lines: Sequence[str], *, warn: bool = False) -> Part:
    return Part(title, tuple(lines[:_SHOWN]), max(len(lines) - _SHOWN, 0), warn and bool(lines))


def _image(one: Any) -> str:
    told = [f"{one.name}@{one.digest[:19]}"]
    told.append("unchanged" if one.before == one.digest else f"was {one.before[:19]}" if one.before else "new here")
    told.append(f"policy of images: {one.trust or 'not asked'}")
    told.append(f"signed by {', '.join(one.signed_by)}" if one.signed_by else "no signature is known to hold")
    told.append(f"scanned {_time(one.scanned_at)}: {one.scan}" if one.scanned_at else "not scanned")
    return "; ".join(told)


def _package(one: Any) -> str:
    if not one.before:
        return f"+ {one.name} {one.after} ({one.image})"
    return f"{one.name} {one.before} to {one.after} ({one.image})" if one.after else \
        f"- {one.name} {one.before} ({one.image})"  # fmt: skip


def _findings(found: Sequence[Any]) -> list[str]:
    ordered = sorted(found, key=lambda one: (_SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else 9,
                                             one.where, one.rule))  # fmt: skip
    return [f"{one.severity}: {one.message} ({one.rule}, {one.where})" for one in ordered]


def _graded(found: Sequence[Any]) -> str:
    counts = Counter(one.severity for one in found)
    told = ", ".join(f"{counts[one]} {one}" for one in _SEVERITIES if counts[one])
    return f" ({told})" if told else ""


def _answers(looked: Looked) -> Iterator[Answer]:
    live = {one.id: why for one, why in looked.ruling.weighed.void}
    for one in looked.answers:
        said = "yes" if one.answer is Answered.APPROVE else "no"
        yield Answer(one.name, said, one.at, one.comment, looked.voided.get(one.id) or live.get(one.id, ""))


def _said(one: Mapping[str, Any]) -> str:
    comment = f": {one['comment']}" if one["comment"] else ""
    void = f" (does not count: {one['void']})" if one["void"] else ""
    return f"{_time(datetime.fromisoformat(one['at']))} {one['name']}: {one['said']}{comment}{void}"


def _next(looked: Looked) -> Iterator[str]:
    ruling, kept = looked.ruling, looked.kept
    if kept.standing.settled:
        until = f", and may begin until {_time(kept.usable_until)}" if kept.usable_until else ""
        yield f"nothing: it is {kept.standing}{until}"
        return
    yield from ruling.missing
    names = sorted(looked.directory[one].name or one for one in ruling.could_answer)[:10]
    if names:
        more = len(ruling.could_answer) - len(names)
        yield f"they could answer: {', '.join(names)}" + (f" and {more} more" if more > 0 else "")
    if ruling.look_again is not None:
        yield f"by itself nothing changes before {_time(ruling.look_again)}" if not any(
            one.verdict == "ask" and "check" in one.rule for one in ruling.decision.reasons
        ) else f"checks are looked at again, at the latest {_time(ruling.look_again)}"  # fmt: skip


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _safe(value: str) -> str:
    return clipped(printable(value), 500)


def _escaped(value: str) -> str:
    return str(_MARKS.sub(r"\\\1", _safe(value)))
