"""The words of the language, and which of them may be names.

Kusto has few words that are never names. Three classes are told apart, as the service does: words that name columns
and tables without brackets (:data:`NAMES`), words that do so only where a name is declared (:data:`DECLARED_NAMES`),
and the rest, which need ``['...']``. A keyword's token kind is its text; kinds of all other tokens are upper case.

Source: the public grammar of Kusto Query Language.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


NAMES = words(
    """__partitionby access alias best_effort bin bool consume count database dataformat datetime_pattern declare
    default distinct edges entity_group evaluate extend facet filter fork from getschema graph guid id
    inline_external_table join let limit lookup mvapply mvexpand nodes null nulls on optional order output pack
    parse partition pattern plotly query_parameters range reduce regex render restrict scan serialize sort step
    summarize take top typeof uuid view with with_node_id"""
)
"""Keywords that may stand where a name is referred to."""

_RESERVED = words(
    """3Dchart __contextual_datatable __crossCluster __crossDB __executeAndCache __id __isFuzzy __noWithSource
    __packedColumn __projectAway __sourceColumnIndex accumulate and anomalychart areachart as asc bagexpansion barchart
    between bin_legacy boolean by byte cachingpolicy callout cancel card char columnchart contains contains_cs
    containscs cycles dataexport datascope datatable date datetime decimal decodeblocks desc double dynamic earliest
    encodingpolicy endswith endswith_cs expandoutput extent_tags_retention external_data externaldata find first flags
    float force_remote harddelete hardretention has has_all has_any has_cs hasprefix hasprefix_cs hassuffix hassuffix_cs
    hotcache in int int16 int32 int64 int8 invoke isfuzzy journal kind ladderchart last latest like likecs linechart
    long materialize mdm missing nooptimization notcontains notcontainscs notlike notlikecs of or others pathformat
    piechart pivotchart print project queries query_results real relaxed restricted_view_access row_level_security
    rowstore rowstore_references rowstore_sealinfo rowstorepolicy rowstores sample scatterchart seal seals search set
    shards simple softdelete softretention sql stackedareachart startswith startswith_cs statistics
    storedqueryresultcontainers string tablepurge time timechart timeline timepivot timespan title to toscalar totable
    treemap uint uint16 uint32 uint64 uint8 ulong union uniqueid unrestrictedviewers verbose viewers views where
    with_itemindex with_match_id with_source with_step_name withsource writeaheadlog"""
)

def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMPOUND = _in_order(
    """!between !contains_cs !contains !endswith_cs !endswith !has_cs !hasprefix_cs !hasprefix !hassuffix_cs !hassuffix
    !has !in~ !in !startswith_cs !startswith assert-schema commands-and-queries granny-asc granny-desc
    graph-mark-components graph-match graph-shortest-paths graph-to-table graph-where-edges graph-where-nodes
    hint.concurrency hint.distribution hint.materialized hint.num_partitions hint.progressive_top hint.remote
    hint.shufflekey hint.spread hint.strategy in~ macro-expand make-graph make-series
    materialized-view-combine materialized-views mv-apply mv-expand parse-kv parse-where partitioned-by
    project-away project-by-names project-keep project-rename project-reorder project-smart sample-distinct
    set-or-append set-or-replace top-hitters top-nested"""
)
"""Keywords that hold more than letters; the longer of two that begin alike stands first."""

KEYWORDS = NAMES | _RESERVED | {"matches regex"}
"""Every keyword that is one word, and ``matches regex``, which is read as one."""

DECLARED_NAMES = NAMES | words(
    """accumulate as by contains datatable earliest externaldata find has in invoke latest materialize mdm of print
    sample sample-distinct search set sql title to toscalar totable top-hitters top-nested verbose viewers
    where"""
)
"""Keywords that may stand where a name is declared (``extend title = ...``)."""

SPECIAL_NAMES = frozenset(("kind", "withsource", "with_source"))
"""Parameter words that may yet begin a path."""

TYPES = {
    "bool": "bool", "boolean": "bool", "date": "datetime", "datetime": "datetime", "decimal": "decimal",
    "double": "real", "dynamic": "dynamic", "guid": "guid", "uniqueid": "guid", "int": "int", "int8": "int",
    "long": "long", "int64": "long", "real": "real", "string": "string", "time": "timespan", "timespan": "timespan",
}  # fmt: skip
"""Names of types that declarations take, to the type each means."""

EXTENDED_TYPES = TYPES | {
    "float": "real", "int16": "int", "int32": "int", "uint": "int", "uint8": "int", "uint16": "int",
    "uint32": "int", "uint64": "long", "ulong": "long",
}  # fmt: skip
"""Names of types that ``typeof()`` takes."""

LITERAL_TYPES = {
    "bool": "bool", "date": "datetime", "datetime": "datetime", "decimal": "decimal", "double": "real", "guid": "guid",
    "int": "int", "int32": "int", "int64": "long", "long": "long", "real": "real", "time": "timespan",
    "timespan": "timespan",
}  # fmt: skip
"""Words that with an opening bracket right after them begin a literal: ``datetime(2026-11-26)``."""

STRING_OPERATORS = words(
    """=~ !~ : has !has has_cs !has_cs hasprefix !hasprefix hasprefix_cs !hasprefix_cs hassuffix !hassuffix hassuffix_cs
    !hassuffix_cs like notlike likecs notlikecs contains !contains notcontains contains_cs !contains_cs containscs
    notcontainscs startswith !startswith startswith_cs !startswith_cs endswith !endswith endswith_cs
    !endswith_cs"""
) | {"matches regex"}
"""Operators on two strings, which bind closest of all."""

LIST_OPERATORS = frozenset(("in", "in~", "!in", "!in~", "has_any", "has_all"))
"""Operators with a list or a table to their right."""

AFTER_A_NAME = words(
    "and or == != =~ !~ > >= < <= * / % between !between ) ] } . , : |"
) | STRING_OPERATORS | LIST_OPERATORS  # fmt: skip
"""What can only follow a name: a keyword before one of these was meant as a name and lacks its brackets."""

CHARTS = words(
    """table list barchart piechart ladderchart timechart linechart anomalychart pivotchart areachart stackedareachart
    scatterchart timepivot columnchart timeline 3Dchart card treemap plotly graph sankey"""
)
"""What ``render`` draws."""
