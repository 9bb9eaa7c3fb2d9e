"""Order of rows, graphs, the service itself. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
cluster(name: string) -> cluster
database(name: string?) -> database
table(name: string, query_data_scope: string?) -> table
external_table(name: string, mapping: string?) -> external table
external_table(name: string, max_age: timespan) -> external table
materialized_view(name: string, max_age: timespan?) -> materialized view
entity_group(name: string) -> entity group
stored_query_result(name: string) -> stored result
stored_query_result(name: string, index: long) -> stored result
stored_query_result(name: string, table_name: string) -> stored result
graph(name: string, snapshot: string?) -> graph
graph(name: string, volatile: bool) -> graph
all(pattern_element: scalar, expression: element bool) -> bool
any(pattern_element: scalar, expression: element bool) -> bool
map(pattern_element: scalar, expression: element scalar) -> custom
inner_nodes(edge: scalar) -> custom
node_id(node: scalar?) -> string
node_degree_in(node: scalar?) -> long
node_degree_out(node: scalar?) -> long
labels(pattern_element: scalar?) -> array<string>
current_cluster_endpoint() -> string
current_database() -> string
current_principal() -> string
current_principal_details() -> bag
current_principal_is_member_of(group: string|array{1,64}) -> bool
extent_id() -> guid
extentid() -> guid
extent_tags() -> array<string>
current_node_id() -> string
ingestion_time() -> datetime named $IngestionTime
row_id() -> string
cursor_after(cursor: string) -> bool
cursor_before_or_at(cursor: string) -> bool
cursor_current() -> string
current_cursor() -> string
row_number(starting_index: long?, restart: bool?) -> long
row_cumsum(term: number, restart: bool?) -> $0
row_rank(column: static, dense: const bool?) -> long
row_rank_dense(term: static, restart: bool?) -> long
row_rank_min(term: static, restart: bool?) -> long
row_window_session(expr: datetime, max_distance_from_first: timespan, max_distance_between_neighbors: timespan,
    restart: bool?) -> $0
prev(column: column scalar, offset: long?, default_value: const scalar?) -> $0
next(column: column scalar, offset: long?, default_value: const scalar?) -> $0
rowstore_ordinal_range() -> dynamic
estimate_data_size(column: column scalar+) -> long
estimate_data_size(column: star scalar) -> long
__invoke(name: literal string, type: literal type, arg: any*) -> typeof $1
"""
