"""Conversions, parsers of texts, and tests for nothing. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
tostring(value: scalar) -> string named $0
tohex(value: integer, min_length: integer?) -> string named $0
todynamic(value: string) -> dynamic named $0
toobject(value: string) -> dynamic named $0
tolong(value: scalar) -> long named $0
toint(value: scalar) -> int named $0
toreal(value: scalar) -> real named $0
todouble(value: scalar) -> real named $0
todatetime(value: scalar) -> datetime named $0
totimespan(value: scalar) -> timespan named $0
totime(value: scalar) -> timespan named $0
tobool(value: scalar) -> bool named $0
toboolean(value: scalar) -> bool named $0
todecimal(value: scalar) -> decimal named $0
toguid(value: string|dynamic) -> guid named $0
parse_csv(csv_text: string|dynamic) -> array named $0
parsejson(json_text: string|dynamic) -> dynamic named $0
parse_json(json_text: string|dynamic) -> dynamic named $0
parse_xml(xml_text: string|dynamic) -> bag named $0
parseurl(url: string) -> bag
parse_url(url: string) -> bag
parseurlquery(query: string) -> bag
parse_urlquery(query: string) -> bag
parse_path(path: string) -> bag
parse_user_agent(user_agent: string, look_for: string|array?) -> bag
parse_version(version: string) -> decimal
iif(if: bool, then: common, else: common) -> common static
iff(if: bool, then: common, else: common) -> common static
case(predicate: bool+, then: common+, else: common) -> common static
assert(predicate: bool, message: string) -> bool
not(expression: bool) -> bool
notnull(expression: scalar) -> bool
isnotnull(expression: scalar) -> bool
isnull(expression: scalar) -> bool
notempty(value: scalar) -> bool
iscolumnexists(column_name: const string) -> bool
isnotempty(value: scalar) -> bool
isempty(value: scalar) -> bool
columnifexists(column_name: const string, default_value: scalar) -> $1 named column $0
column_ifexists(column_name: const string, default_value: scalar) -> $1 named column $0
dynamic_to_json(dynamic: scalar) -> string
coalesce(arg: common-scalar{2,64}) -> common
max_of(arg: common-orderable{2,64}) -> common
min_of(arg: common-orderable{2,64}) -> common
__cast(type: literal type, value: scalar) -> typeof $0
column_names_of(table: table) -> array<string>
"""
