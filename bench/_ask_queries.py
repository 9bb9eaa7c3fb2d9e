"""Twenty-one questions that are typical of audit events, each in Kusto's language and as SQL written by hand."""

from dataclasses import dataclass

COLUMNS = {
    "TimeGenerated": "datetime", "AuditId": "string", "Level": "string", "PodName": "string", "RequestUri": "string",
    "Stage": "string", "UserAgent": "string", "Verb": "string", "RequestReceivedTime": "datetime",
    "StageReceivedTime": "datetime", "Annotations": "dynamic", "ObjectRef": "dynamic", "RequestObject": "dynamic",
    "ResponseObject": "dynamic", "ResponseStatus": "dynamic", "SourceIps": "dynamic", "User": "dynamic",
}  # fmt: skip
"""The table's own columns, and when a row came."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, twice."""

    name: str
    kql: str
    sql: str
    """``{t}`` stands for the table."""
    any_rows: bool = False
    """Whether any rows will do, so that only their number can be compared."""


QUERIES = (
    Question(
        "time filter",
        "AKSAudit | where TimeGenerated between (datetime(2026-01-03) .. datetime(2026-01-03 12:00)) | count",
        "SELECT count(*) FROM {t} WHERE TimeGenerated BETWEEN TIMESTAMP '2026-01-03' AND TIMESTAMP '2026-01-03 12:00'",
    ),
    Question(
        "bin of 5 minutes",
        "AKSAudit | summarize N = count() by bin(TimeGenerated, 5m)",
        "SELECT time_bucket(INTERVAL 5 minutes, TimeGenerated) AS b, count(*) FROM {t} GROUP BY 1",
    ),
    Question(
        "count by two",
        "AKSAudit | summarize N = count() by Verb, PodName",
        "SELECT Verb, PodName, count(*) FROM {t} GROUP BY 1, 2",
    ),
    Question(
        "dcount",
        "AKSAudit | summarize dcount(RequestUri) by Verb",
        "SELECT Verb, count(DISTINCT RequestUri) FROM {t} GROUP BY 1",
    ),
    Question(
        "top",
        "AKSAudit | where Verb == 'delete' | top 20 by TimeGenerated desc | project TimeGenerated, AuditId, UserAgent",
        "SELECT TimeGenerated, AuditId, UserAgent FROM {t} WHERE Verb = 'delete' ORDER BY TimeGenerated DESC LIMIT 20",
    ),
    Question(
        "arg_max",
        "AKSAudit | summarize arg_max(TimeGenerated, Verb, RequestUri) by UserAgent",
        "SELECT UserAgent, max(TimeGenerated), arg_max(Verb, TimeGenerated), arg_max(RequestUri, TimeGenerated) "
        "FROM {t} GROUP BY 1",
    ),
    Question(
        "has",
        "AKSAudit | where RequestUri has 'secrets' | count",
        r"SELECT count(*) FROM {t} WHERE regexp_matches(RequestUri, '(?i)(^|[^\pL\pN])secrets($|[^\pL\pN])')",
    ),
    Question(
        "contains",
        "AKSAudit | where UserAgent contains 'CONTROLLER' | summarize count() by Verb",
        "SELECT Verb, count(*) FROM {t} WHERE contains(lower(UserAgent), 'controller') GROUP BY 1",
    ),
    Question(
        "=~",
        "AKSAudit | where Verb =~ 'DELETE' | summarize N = count() by bin(TimeGenerated, 1h)",
        "SELECT time_bucket(INTERVAL 1 hour, TimeGenerated), count(*) FROM {t} WHERE lower(Verb) = 'delete' GROUP BY 1",
    ),
    Question(
        "in",
        "AKSAudit | where Verb in ('create', 'patch', 'delete') | summarize N = count() by Verb, Stage",
        "SELECT Verb, Stage, count(*) FROM {t} WHERE Verb IN ('create', 'patch', 'delete') GROUP BY 1, 2",
    ),
    Question(
        "case",
        "AKSAudit | extend Kind = case(Verb in ('get', 'list', 'watch'), 'read', Verb == 'delete', 'delete', 'write') "
        "| summarize N = count() by Kind",
        "SELECT CASE WHEN Verb IN ('get', 'list', 'watch') THEN 'read' WHEN Verb = 'delete' THEN 'delete' "
        "ELSE 'write' END AS Kind, count(*) FROM {t} GROUP BY 1",
    ),
    Question(
        "JSON filter",
        "AKSAudit | where User.username == 'user7@contoso.example' | summarize N = count() by Verb",
        "SELECT Verb, count(*) FROM {t} WHERE json_extract_string(\"User\", '$.username') = 'user7@contoso.example' "
        "GROUP BY 1",
    ),
    Question(
        "JSON group",
        "AKSAudit | where Stage == 'ResponseComplete' | summarize N = count() by tostring(ObjectRef.resource)",
        "SELECT coalesce(json_extract_string(ObjectRef, '$.resource'), ''), count(*) FROM {t} "
        "WHERE Stage = 'ResponseComplete' GROUP BY 1",
    ),
    Question(
        "mv-expand",
        "AKSAudit | where Verb == 'update' | mv-expand Ip = SourceIps to typeof(string) | summarize N = count() by Ip",
        "SELECT Ip, count(*) FROM (SELECT unnest(json_extract_string(SourceIps, '$[*]')) AS Ip FROM {t} "
        "WHERE Verb = 'update') GROUP BY 1",
    ),
    Question(
        "join of two sums",
        "AKSAudit | summarize All = count() by UserAgent | join kind=inner (AKSAudit | where Verb == 'delete' "
        "| summarize Deleted = count() by UserAgent) on UserAgent | project UserAgent, All, Deleted",
        'SELECT a.UserAgent, a.n, b.n FROM (SELECT UserAgent, count(*) AS n FROM {t} GROUP BY 1) a JOIN '
        "(SELECT UserAgent, count(*) AS n FROM {t} WHERE Verb = 'delete' GROUP BY 1) b USING (UserAgent)",
    ),
    Question(
        "parse",
        "AKSAudit | where Verb == 'create' | parse RequestUri with * '/namespaces/' Namespace '/' Resource '/' Name "
        "| summarize N = count() by Namespace, Resource",
        "SELECT split_part(RequestUri, '/', -3), split_part(RequestUri, '/', -2), count(*) FROM {t} "
        "WHERE Verb = 'create' GROUP BY 1, 2",
    ),
    Question(
        "percentiles",
        "AKSAudit | extend Ms = (StageReceivedTime - RequestReceivedTime) / 1ms "
        "| summarize percentiles(Ms, 50, 95, 99) by Verb",
        "SELECT Verb, q[1], q[2], q[3] FROM (SELECT Verb, quantile_disc((epoch_us(StageReceivedTime) - "
        "epoch_us(RequestReceivedTime)) / 1000, [0.5, 0.95, 0.99]) AS q FROM {t} GROUP BY 1)",
    ),
    Question(
        "make_set",
        "AKSAudit | summarize make_set(Verb) by PodName, Level",
        "SELECT PodName, Level, list(DISTINCT Verb) FROM {t} GROUP BY 1, 2",
    ),
    Question("distinct", "AKSAudit | distinct UserAgent, Verb", "SELECT DISTINCT UserAgent, Verb FROM {t}"),
    Question(
        "take",
        "AKSAudit | where toint(ResponseStatus.code) >= 500 | project TimeGenerated, RequestUri, UserAgent | take 100",
        "SELECT TimeGenerated, RequestUri, UserAgent FROM {t} "
        "WHERE json_extract_string(ResponseStatus, '$.code')::INTEGER >= 500 LIMIT 100",
        any_rows=True,
    ),
    Question(
        "union",
        "union (AKSAudit | where Verb == 'delete'), (AKSAudit | where Verb == 'create') "
        "| summarize N = count() by Verb",
        "SELECT Verb, count(*) FROM (SELECT Verb FROM {t} WHERE Verb = 'delete' UNION ALL SELECT Verb FROM {t} "
        "WHERE Verb = 'create') GROUP BY 1",
    ),
)
