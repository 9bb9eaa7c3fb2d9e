"""Plugins, which evaluate calls. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
active_users_count(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, lookback_window: const summable, period: const summable, active_periods: const summable, step: const
    summable, dimension: column static*) -> custom
activity_counts_metrics(id_column: column static, timeline_column: column summable, start: const summable, end:
    const summable, step: const summable, dimension: column static*) -> custom
activity_engagement(id_column: column static, timeline_column: column summable, inner_activity_window: const
    summable, outer_activity_window: const summable) -> custom
activity_engagement(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, inner_activity_window: const summable, outer_activity_window: const summable, dimension: column
    static*) -> custom
activity_metrics(id_column: column scalar, timeline_column: column summable, start: const summable, end: const
    summable, step: const summable, dimension: column static*) -> custom
activity_metrics(id_column: column scalar, timeline_column: column summable, start: const summable?, end: const
    summable?) -> custom
azure_digital_twins_query_request(endpoint: string, sql_query: string) -> custom
autocluster(size_weight: real or ~?, weight_column: column scalar or ~?, num_seeds: integer or ~?, custom_wildcard:
    scalar*) -> custom
bag_unpack(column: column scalar, column_prefix: text string?, columns_conflict: string?, ignored_properties: array?)
    -> custom
basket(threshold: real or ~?, weight_column: column scalar or ~?, max_dimensions: integer or ~?, custom_wildcard:
    scalar*) -> custom
cosmosdb_sql_request(connection_string: string, sql_query: string, sql_parameters: bag?, options: bag?) -> custom
csharp(output_schema: type, script: string, arguments: bag?) -> custom
dcount_intersect(hll: array{2,32767}) -> custom
diffpatterns(split_column: column scalar, split_value_a: string, split_value_b: string, weight_column: column scalar
    or ~?, threshold: real or ~?, max_dimensions: integer or ~?, custom_wildcard: scalar*) -> custom
estimate_rows_count() -> custom
execute_show_command(connection_string: string, command: string) -> custom
execute_query(connection_string: string, query: string) -> custom
external_datatable() -> custom
funnel_sequence(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, max_window_size_between_steps: const summable, step: const summable, state_column: column static,
    sequence: const array) -> custom
funnel_sequence_completion(id_column: column static, timeline_column: column summable, start: const summable, end:
    const summable, bin_size: const summable, state_column: column static, sequence: const array,
    max_sequence_periods: const array) -> custom
http_request(uri: const string, request_headers: bag?, options: bag?) -> (ResponseHeaders: dynamic, ResponseBody:
    dynamic)
http_request_post(uri: const string, request_headers: bag?, options: bag?, content: const string?) ->
    (ResponseHeaders: dynamic, ResponseBody: dynamic)
identity() -> custom
identity_v3(mode: const string, exception_text: const string) -> custom
infer_storage_schema(options: bag) -> (CslSchema: string)
infer_storage_schema_with_suggestions(options: bag) -> (SuggestedTableSchema: string)
geo_polygon_lookup(lookup_table: table, lookup_polygon_key: lookup bag, source_longitude: column scalar,
    source_latitude: column scalar, radius: literal real?, return_unmatched: literal bool?, lookup_area_radius:
    literal real?, return_lookup_key: literal bool?) -> custom
geo_line_lookup(lookup_table: table, lookup_line_key: lookup bag, source_longitude: column scalar, source_latitude:
    column scalar, radius: literal real, return_unmatched: literal bool?, lookup_area_radius: literal real?,
    return_lookup_key: literal bool?) -> custom
ipv4_lookup(lookup_table: table, source_ipv4_key: column scalar, ipv4_lookup_key: lookup scalar, extra_key: shared
    scalar*, return_unmatched: literal bool?) -> custom
ipv6_lookup(lookup_table: table, source_ipv6_key: column scalar, ipv6_lookup_key: lookup scalar, return_unmatched:
    literal bool?) -> custom
narrow() -> (Row: long, Column: string, Value: string)
new_activity_metrics(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, window: scalar, cohort: const scalar?, dimension: column static*, lookback: table?) -> custom
pivot(pivot_column: column static, aggregate_function: aggregate scalar?, column_name: column scalar*) -> custom
preview(number_of_rows: integer) -> custom
python(output_schema: type, script: string, arguments: bag?, artifacts: bag?) -> custom
r(output_schema: type, script: string, arguments: bag?) -> custom
rolling_percentile(value_column: column summable, percentile: const number, index_column: column summable, bin_size:
    summable, bins_per_window: const integer, dimension: column static*) -> custom
rows_near(condition: bool, num_rows: const integer, num_rows_after: const integer?) -> custom
session_count(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, bin: const summable, look_back_window: const summable, dimension: column static*) -> custom
schema_merge(preserve_order: literal bool?) -> (ColumnName: string, ColumnOrdinal: long, DataType: string, ColumnType:
    string)
sequence_detect(timeline_column: column summable, max_seqeunce_step_window: const summable, max_sequence_span: const
    summable, expr: bool+, dimension: column static*) -> custom
sliding_window_counts(id_column: column static, timeline_column: column summable, start: const summable, end: const
    summable, look_back_window: const summable, step: const summable, dimension: column static*) -> custom
sql_request(connection_string: string, sql_query: string, sql_parameters: bag?, options: bag?) -> custom
mysql_request(connection_string: string, sql_query: string, sql_parameters: bag?, options: bag?) -> custom
postgresql_request(connection_string: string, sql_query: string, sql_parameters: bag?, options: bag?) -> custom
dax_request(connection_string: string, dax_query: string, dax_parameters: bag?, options: bag?) -> custom
ai_embed_text(text: scalar, connection_string: string, options: bag?, include_error_messages: bool?) ->
    custom
ai_chat_completion(prompt: array, connection_string: string, options: bag?, include_error_messages: bool?) ->
    custom
ai_chat_completion_prompt(prompt: string, connection_string: string, options: bag?, include_error_messages:
    bool?) -> custom
ai_embeddings(text: scalar, connection_string: string, options: bag?, include_error_messages: bool?) ->
    custom
"""
