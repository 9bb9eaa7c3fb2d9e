"""Plugins that need a service or a program, which nothing here reaches out to: the error says which."""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run

_NEEDS = {
    "Azure Digital Twins": ("azure_digital_twins_query_request",),
    "Azure Cosmos DB": ("cosmosdb_sql_request",),
    "a database server": ("sql_request", "mysql_request", "postgresql_request"),
    "an Analysis Services model": ("dax_request",),
    "another Kusto cluster": ("execute_show_command", "execute_query", "external_datatable"),
    "a request to another server": ("http_request", "http_request_post"),
    "files of a storage account": ("infer_storage_schema", "infer_storage_schema_with_suggestions"),
    "a sandbox with Python": ("python",),
    "a sandbox with R": ("r",),
    "a sandbox with C#": ("csharp",),
    "a language model": ("ai_embed_text", "ai_embeddings", "ai_chat_completion", "ai_chat_completion_prompt"),
}


def _refusal(name: str, need: str) -> Run:
    def run(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
        del step, frames, context
        raise EvaluationError(f"The plugin '{name}' needs {need}, which a query is not given here.")

    return run


PLUGINS: dict[str, Run] = {name: _refusal(name, need) for need, names in _NEEDS.items() for name in names}
