"""Addresses of networks. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
parse_ipv4(ip: string) -> long
parse_ipv4_mask(ip: string, prefix: long) -> long
parse_ipv6(ip: string) -> string
parse_ipv6_mask(ip: string, prefix: long) -> string
ipv4_compare(ip1: string, ip2: string, prefix: long?) -> long
ipv4_is_match(ip1: string, ip2: string, prefix: long?) -> bool
ipv6_compare(ip1: string, ip2: string, prefix: long?) -> long
ipv4_is_private(ip: string) -> bool
ipv6_is_match(ip1: string, ip2: string, prefix: long?) -> bool
ipv6_is_in_range(ip: string, ip_range: string) -> bool
ipv6_is_in_any_range(ip: string|dynamic, ranges: string+) -> bool
ipv6_is_in_any_range(ip: string|dynamic, ranges: array) -> bool
ipv4_is_in_range(ip: string, ip_range: string) -> bool
ipv4_is_in_any_range(ip: string|dynamic, ranges: string+) -> bool
ipv4_is_in_any_range(ip: string|dynamic, ranges: array) -> bool
ipv4_netmask_suffix(ip: string) -> long
__ipv6_lookup_ranges(ip: string|dynamic, ranges: array) -> array
format_ipv4(ip: scalar, prefix: long?) -> string
format_ipv4_mask(ip: scalar, prefix: long) -> string
has_ipv4(source: string|dynamic, ip: string) -> bool
has_ipv4_prefix(source: string|dynamic, ip_prefix: string) -> bool
has_any_ipv4(source: string|dynamic, ips: string+) -> bool
has_any_ipv4(source: string|dynamic, ips: array) -> bool
has_any_ipv4_prefix(source: string|dynamic, ip_prefixes: string+) -> bool
has_any_ipv4_prefix(source: string|dynamic, ip_prefixes: array) -> bool
ipv4_range_to_cidr_list(start_ip: string, end_ip: string) -> array
geo_info_from_ip_address(ip: string) -> dynamic
"""
