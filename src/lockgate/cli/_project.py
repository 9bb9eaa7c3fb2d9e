"""What a call is about. The noun is the engine's, since the server judges projects too; commands take it from here."""

from lockgate.engine.project import Project, project_at

__all__ = ["Project", "project_at"]
