"""The jobs of forges: what happened is judged and told, each piece of work so that it may begin twice.

A forge that does not answer is asked again later, for hours; a verdict is told only after its run is in the record. A
defect of ours, or a repository that cannot be judged, is told at the commit too: silence there reads as safety.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from lockgate.dataclass import dataclass
from lockgate.engine.forges.connections import Connection
from lockgate.engine.forges.happenings import (
    HAPPENING,
    INVENTORY,
    RECONCILE,
    event_of,
    inventory_of,
    repository_of,
    work_of,
)
from lockgate.engine.forges.judging import Change, Judging
from lockgate.engine.forges.patient import AGAIN, again
from lockgate.engine.forges.reconciling import reconcile
from lockgate.engine.forges.telling import (
    PULL_REQUEST,
    PUSH,
    broken,
    comment_of,
    running,
    sarif_of,
    verdict_of,
)
from lockgate.engine.working import Handler, Progress
from lockgate.errors import ConfigurationError, LockgateError, SourceError
from lockgate.model import Result, Verdict
from lockgate.model.deployment import DeploymentAnswer, DeploymentWaits
from lockgate.model.forge import (
    AccessChanged,
    CheckAgain,
    DeploymentsMayWait,
    ForgeEvent,
    ForgeKind,
    ForgeRepository,
    MergeGroup,
    PullRequest,
    Push,
    SettingsChanged,
)
from lockgate.reports.markdown import MARKER
from lockgate.sources.forges.forge import CommitVerdict, Forge
from lockgate.sources.repository.git import Git
from lockgate.sources.repository.mirror import Remote, fetched
from lockgate.store.team import deliveries, jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import Job
from lockgate.transport import UnansweredError

_log = logging.getLogger("lockgate.forges")
_MOST_LISTED, _MOST_MOVED = 300, 50
"""Open pull requests that are looked through after a push, and those of them whose base is asked for."""
_LOOK_AGAIN = 15.0
"""Seconds after which it is looked once more whether a deployment is blocked."""
Waits = Callable[[DeploymentWaits], bool]
"""Hands a deployment that waits to the gate; False where there is none."""


@dataclass(frozen=True, slots=True)
class Forges:
    """What the jobs stand on."""

    connections: Callable[[], Mapping[str, Connection]]
    """As the settings have them now."""
    judging: Judging
    database: TeamDatabase
    waits: Waits
    changed: Callable[[Connection, SettingsChanged, int], str] = lambda connection, told, installation: told.about
    """What is done about settings that changed, in words."""
    url: Callable[[str], str] = lambda run: ""
    """The page of a run; empty where there is none."""
    now: Callable[[], float] = time.time

    def connection(self, name: str) -> Connection:
        """Raises :class:`ConfigurationError` for one that the settings no longer name."""
        found = self.connections().get(name)
        if found is None:
            raise ConfigurationError("the settings name no such forge any more", where=f"forges.{name}")
        return found


def handlers(forges: Forges) -> tuple[Handler, ...]:
    """How the jobs of forges are done."""
    return (
        again(HAPPENING, lambda job, progress: _happening(forges, job, progress)),
        again(INVENTORY, lambda job, progress: _inventory(forges, job, progress)),
        again(RECONCILE, lambda job, progress: reconcile(forges.connections(), forges.database, job, progress)),
    )


def _happening(forges: Forges, job: Job, progress: Progress) -> str:
    name, event = event_of(job.payload)
    connection = forges.connection(name)
    happening = event.happening
    if isinstance(happening, AccessChanged):
        return _access(forges, connection, happening)
    if isinstance(happening, SettingsChanged):
        return forges.changed(connection, happening, event.installation)
    repository = happening.repository
    covered = repository if isinstance(repository, str) else repository.name
    if not connection.covers(covered):
        return f"the settings do not look at {covered}"
    forge = connection.forge(event.installation)
    try:
        return _Work(forges, connection, forge, event, job, progress).done()
    finally:
        forge.close()


class _Work:
    """One happening under one identity."""

    def __init__(
        self, forges: Forges, connection: Connection, forge: Forge, event: ForgeEvent, job: Job, progress: Progress
    ) -> None:  # fmt: skip
        self._forges, self._connection, self._forge = forges, connection, forge
        self._event, self._job, self._progress = event, job, progress

    def done(self) -> str:
        """Do it; what came of it, in words."""
        happening = self._event.happening
        if isinstance(happening, PullRequest):
            return self._pull_request(happening)
        if isinstance(happening, Push):
            return self._push(happening)
        if isinstance(happening, MergeGroup):
            begun = self._begun(PULL_REQUEST, happening.head, branch=happening.ref.removeprefix("refs/heads/"))
            return self._judge(happening.repository, begun, base=happening.base)
        if isinstance(happening, CheckAgain):
            return self._again(happening)
        if isinstance(happening, DeploymentWaits):
            return self._waits(happening)
        if isinstance(happening, DeploymentsMayWait):
            return self._may_wait(happening)
        raise TypeError(type(happening).__name__)

    def _begun(self, name: str, commit: str, *, number: int = 0, branch: str = "") -> CommitVerdict:
        return running(name, commit, key=f"lockgate-{self._job.id}", number=number, branch=branch)

    def _pull_request(self, told: PullRequest) -> str:
        """The request as it stands now, whatever was told: what waited may be another by the time it is looked at."""
        now = self._forge.pull_request(told.repository, told.number)
        what = f"pull/{now.number}"
        if not now.is_open:
            with self._forges.database.begin() as connection:
                deliveries.unjudge(connection, self._connection.name, now.repository.id, what)
            return f"#{now.number} is closed"
        if not now.head:
            return f"#{now.number} has no commit"
        # What a forge says of the base may be as old as the last push to the request itself.
        base = self._forge.tip(now.repository, now.base_branch) or now.base
        common = self._forge.merge_base(now.repository, base, now.head) if base else ""
        begun = self._begun(PULL_REQUEST, now.head, number=now.number, branch=now.head_branch)
        said = self._judge(now.repository, begun, base=common, refs=self._refs(now))
        self._remember(now.repository, what, now.head, common)
        return said

    def _refs(self, told: PullRequest) -> tuple[str, ...]:
        """Under which its commits are found at a server that gives none by its name."""
        number = told.number
        names = {ForgeKind.GITHUB: f"refs/pull/{number}/head", ForgeKind.GITLAB: f"refs/merge-requests/{number}/head"}
        return (names.get(self._forge.kind, f"refs/pull/{number}/merge"), f"refs/heads/{told.base_branch}")

    def _push(self, told: Push) -> str:
        if not told.branch:
            return "a tag: what it names was judged on its branch"
        what = told.ref
        if not told.after:
            with self._forges.database.begin() as connection:
                deliveries.unjudge(connection, self._connection.name, told.repository.id, what)
            return f"{told.branch} is gone"
        default = told.repository.default_branch or self._forge.head(told.repository)[0]
        before = told.before
        if not before and told.branch != default:
            _, tip = self._forge.head(told.repository)
            before = self._forge.merge_base(told.repository, tip, told.after) if tip else ""
        begun = self._begun(PUSH, told.after, branch=told.branch)
        said = self._judge(told.repository, begun, base=before)
        self._remember(told.repository, what, told.after, before)
        self._moved(told)
        if told.branch == default and self._connection.settings.inventory:
            work = inventory_of(self._connection.name, self._event.installation, told.repository)
            with self._forges.database.begin() as connection:
                jobs.enqueue(connection, work.kind, work.payload, key=work.key)
        return said

    def _moved(self, told: Push) -> None:
        """Have pull requests into the branch judged again where they branch elsewhere now that it moved. Those that do
        not would be judged by the same two commits as before."""
        listed = islice(self._forge.open_pull_requests(told.repository), _MOST_LISTED)
        for one in islice((one for one in listed if one.base_branch == told.branch and one.head), _MOST_MOVED):
            with self._forges.database.read() as connection:
                head, base = deliveries.judged(
                    connection, self._connection.name, told.repository.id, f"pull/{one.number}"
                )
            if head != one.head or base == self._forge.merge_base(told.repository, told.after, one.head):
                continue  # its own event, or the next look at everything, has what was not judged yet judged
            work = work_of(self._connection.name, ForgeEvent(one, self._event.installation))
            with self._forges.database.begin() as connection:
                jobs.enqueue(connection, work.kind, work.payload, key=work.key)

    def _again(self, told: CheckAgain) -> str:
        """Somebody asked for a verdict anew: of its pull requests where there are any, else of what was pushed."""
        said = []
        for number in told.numbers:
            now = self._forge.pull_request(told.repository, number)
            if now.head == told.head:
                said.append(self._pull_request(now))
        if said:
            return "; ".join(said)
        what = f"refs/heads/{told.branch}"
        with self._forges.database.read() as connection:
            commit, base = deliveries.judged(connection, self._connection.name, told.repository.id, what)
        if commit != told.head:
            _, tip = self._forge.head(told.repository)
            base = self._forge.merge_base(told.repository, tip, told.head) if tip and tip != told.head else ""
        return self._judge(told.repository, self._begun(PUSH, told.head, branch=told.branch), base=base)

    def _may_wait(self, told: DeploymentsMayWait) -> str:
        """All that wait there. A job is told of a moment before its deployment is blocked, so where none is yet it is
        looked once more."""
        found = [self._waits(one) for one in self._forge.waiting(told.repository)]
        if not found and not self._job.payload.get("again"):
            work = work_of(self._connection.name, self._event)
            with self._forges.database.begin() as connection:
                payload = {**work.payload, "again": True}
                jobs.enqueue(connection, work.kind, payload, key=f"{work.key}:again", delay=_LOOK_AGAIN)
        return "; ".join(found) or f"nothing waits in {told.repository.name}"

    def _waits(self, told: DeploymentWaits) -> str:
        # Numbers of repositories and runs are those of one server, and there may be several of a kind.
        known = replace(told, key=f"{self._connection.name}/{told.key}",
                        callback={**told.callback, "connection": self._connection.name,
                                  "installation": str(self._event.installation)},
                        repository=f"{self._forge.host}/{told.repository}")  # fmt: skip
        if not self._forges.waits(known):
            self._forge.answer(told.callback, Verdict.DENY, "Lockgate has no gate for deployments here.")
            return f"{told.environment}: there is no gate, so it is rejected"
        return f"{told.environment} waits for its gate"

    def _judge(
        self, repository: ForgeRepository, begun: CommitVerdict, *, base: str, refs: Sequence[str] = ()
    ) -> str:  # fmt: skip
        """Fetch, judge, tell."""
        self._forge.tell(repository, begun)
        self._progress.tell(said=f"{repository.name} {begun.commit[:12]}")
        name = f"{self._forge.host}/{repository.name}"
        try:
            git = self.mirror(repository, [one for one in (base, begun.commit) if one], refs)
            run = run_of(self._connection.name, repository.id, begun)
            change = Change(name, git, base, begun.commit, begun.branch, run, is_again=self._job.attempts > 1)
            judged = self._forges.judging.change(change)
        except UnansweredError as error:
            if self._job.attempts > len(AGAIN):  # the last try: nobody else will say how it ended
                self._forge.tell(repository, broken(begun, str(error)))
            raise
        except LockgateError as error:
            self._forge.tell(repository, broken(begun, str(error)))
            raise
        self._progress.check()
        settings = self._connection.settings
        url = self._forges.url(judged.result.run.id)
        verdict = verdict_of(begun, judged.result, judged.dependencies, most_remarks=settings.annotations, url=url)
        self._forge.tell(repository, verdict)
        if begun.number and settings.comments:
            said = comment_of(judged.result, judged.dependencies, head=begun.commit, url=url)
            self._forge.comment(repository, begun.number, MARKER, said)
        if begun.number:
            side = "head" if self._forge.kind is ForgeKind.GITHUB else "merge"
            upload(self._connection, self._forge, repository, begun.commit, f"refs/pull/{begun.number}/{side}",
                   judged.result)  # fmt: skip
        return f"{name} {begun.commit[:12]}: {verdict.title}"

    def mirror(self, repository: ForgeRepository, commits: Sequence[str], refs: Sequence[str] = ()) -> Git:
        """The mirror with these commits."""
        return mirror(self._forges, self._connection, self._forge, repository, commits, refs)

    def _remember(self, repository: ForgeRepository, what: str, commit: str, base: str) -> None:
        now = self._forges.now()
        with self._forges.database.begin() as connection:
            deliveries.judge(connection, self._connection.name, repository.id, what, commit, base, now=now)


def upload(
    connection: Connection, forge: Forge, repository: ForgeRepository, commit: str, ref: str, result: Result
) -> None:
    """Hand the findings to the forge's own pages of alerts. Of a branch these must be all that it has: a forge takes
    an alert that is missing from the newest log of a branch for fixed."""
    if not connection.settings.code_scanning or forge.kind is ForgeKind.GITLAB:
        return
    packed = sarif_of(result, repository=forge.clone(repository).address, commit=commit, ref=ref)
    why_not = forge.upload(repository, commit, ref, packed)
    if why_not:
        _log.info("%s/%s: %s", forge.host, repository.name, why_not)


def mirror(
    forges: Forges, connection: Connection, forge: Forge, repository: ForgeRepository, commits: Sequence[str],
    refs: Sequence[str] = (),
) -> Git:  # fmt: skip
    """The mirror of a repository with the trees of ``commits``. Its folder is named by what outlasts renames."""
    named = hashlib.sha256(f"{connection.name}/{repository.id or repository.name}".encode()).hexdigest()[:24]
    access = forge.clone(repository)
    remote = Remote(access.address, access.user, access.password, connection.ca_file)
    try:
        return fetched(forges.judging.mirrors / f"{named}.git", remote, commits, refs)
    except SourceError as error:
        # git's words about the network: nothing says that it will be so again
        raise UnansweredError(error.message, where=access.address, hint=error.hint) from None


def run_of(connection: str, repository: str, begun: CommitVerdict) -> str:
    """The id of a run: work that begins again finds its own."""
    told = f"{connection}/{repository}/{begun.name}/{begun.commit}/{begun.key}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _inventory(forges: Forges, job: Job, progress: Progress) -> str:
    """The default branch as it stands now, whole."""
    connection = forges.connection(str(job.payload["connection"]))
    repository = repository_of(job.payload["told"])
    forge = connection.forge(int(job.payload["installation"]))
    try:
        branch, head = forge.head(repository)
        if not head:
            return f"{repository.name} is empty"
        progress.tell(said=f"{repository.name} {head[:12]}")
        git = mirror(forges, connection, forge, repository, [head])
        run = hashlib.sha256(f"inventory/{job.id}/{head}".encode()).hexdigest()[:32]
        again = job.attempts > 1
        judged = forges.judging.whole(Change(f"{forge.host}/{repository.name}", git, "", head, branch, run, again))
        upload(connection, forge, repository, head, f"refs/heads/{branch}", judged.result)
        parts, found = len(judged.result.components), len(judged.result.findings)
        return f"{repository.name} {head[:12]}: {parts:,} components, {found:,} findings"
    finally:
        forge.close()


def _access(forges: Forges, connection: Connection, told: AccessChanged) -> str:
    """What we are let into is judged whole, once."""
    if told.is_gone:
        return f"{told.account} lets us in no longer"
    new = [one for one in told.added if connection.covers(one.name)]
    if connection.settings.inventory:
        with forges.database.begin() as database:
            for one in new:
                work = inventory_of(connection.name, told.installation, one)
                jobs.enqueue(database, work.kind, work.payload, key=work.key)
    return f"{told.account}: {len(new)} repositories more, {len(told.removed)} fewer"


def answer(connections: Mapping[str, Connection], told: DeploymentAnswer) -> str:
    """Tell a forge what the gate says of a deployment that waits; in words. Raises ``LockgateError``."""
    name = told.callback.get("connection", "")
    connection = connections.get(name)
    if connection is None:
        raise ConfigurationError("the settings name no such forge any more", where=f"forges.{name}")
    installation = told.callback.get("installation", "0")
    forge = connection.forge(int(installation) if installation.isdigit() else 0)
    comment = f"{told.comment}\n\n{told.url}" if told.url else told.comment
    try:
        forge.answer(told.callback, told.verdict, comment)
        return f"{name} was told: {told.verdict}"
    finally:
        forge.close()
