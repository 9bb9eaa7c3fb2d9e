"""What `lockgate up` does about forges: their jobs, and who hands deployments that wait to the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.model.deployment import DeploymentAnswer, DeploymentWaits

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockgate.cli._live import Live
    from lockgate.engine.deployments.desk import Desk
    from lockgate.engine.forges.posture import Posture
    from lockgate.engine.working import Handler
    from lockgate.server.console.services import Services
    from lockgate.store.waiver import Waiver


def forge_handlers(live: Live, services: Services) -> tuple[Handler, ...]:
    """How the jobs of forges are done."""
    from lockgate.engine.forges import posture_apply
    from lockgate.engine.forges.judging import Judging
    from lockgate.engine.forges.posture import Posture
    from lockgate.engine.forges.posture import handlers as posture_handlers
    from lockgate.engine.forges.working import Forges, handlers
    from lockgate.server.console.api.forges import connections_of
    from lockgate.store.team import waivers

    def waits(told: DeploymentWaits) -> bool:
        from lockgate.engine.deployments.desk import Desk
        from lockgate.model.actor import SYSTEM

        desk: Desk | None = services.more.get(Desk)
        if desk is not None:
            desk.ask(told, SYSTEM)
            services.wake()
        return desk is not None

    def granted() -> list[Waiver]:
        with services.database.read() as connection:
            return list(waivers.granted(connection))

    judging = Judging(live.project.workspace, lambda: live.record, lambda: live.project.settings, granted)

    def url(run: str) -> str:
        # Without server.origin nobody but this machine would reach the page.
        return f"{services.origin}/findings?run={run}" if live.project.settings.server.origin else ""

    posture = posture_of(live, services, granted)
    forges = Forges(connections_of(services), judging, services.database, waits, posture.changed, url)
    services.more[Posture] = posture
    return (*handlers(forges), *posture_handlers(posture), posture_apply.handler(posture))


def posture_of(live: Live, services: Services, granted: Callable[[], list[Waiver]]) -> Posture:
    """How organisations of forges are read and judged by jobs."""
    from lockgate.engine.forges.posture import Posture
    from lockgate.server.console.api.forges import connections_of

    return Posture(
        connections_of(services), services.database, live.project.workspace, lambda: live.record,
        lambda: live.project.settings.gate, lambda: live.project.scanner_options(),
        lambda: replace(live.project, granted=granted).waivers(),
    )  # fmt: skip


def forge_answers(services: Services) -> Mapping[str, Callable[[DeploymentAnswer], str]]:
    """How each kind of forge is told what the gate says."""
    from lockgate.engine.forges.working import answer
    from lockgate.model.forge import ForgeKind
    from lockgate.server.console.api.forges import connections_of

    return {kind.value: lambda told: answer(connections_of(services)(), told) for kind in ForgeKind}


def begin(services: Services) -> None:
    """Look for what happened while nobody listened, where any forge is connected; from then on by the settings."""
    if services.settings().forges:
        from lockgate.engine.forges import posture
        from lockgate.engine.forges.reconciling import enqueue

        enqueue(services.database)
        posture.look(services.database)
        services.wake()
