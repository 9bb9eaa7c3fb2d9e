"""Addresses of both kinds: read, compared, in ranges, and found in texts."""

from __future__ import annotations

import pytest
from tests.kql.rows import shown


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("parse_ipv4('192.1.168.1')", "3221334017"),
        ("parse_ipv4('192.168.1.7/24')", "3232235776"),
        ("parse_ipv4('256.1.1.1')", ""),
        ("format_ipv4('192.168.1.255', 24)", "192.168.1.0"),
        ("format_ipv4(3232236031)", "192.168.1.255"),
        ("format_ipv4_mask('192.168.1.255', 24)", "192.168.1.0/24"),
        ("ipv4_compare('192.168.1.1/24', '192.168.1.255')", "0"),
        ("ipv4_compare('1.0.0.1', '1.0.0.2')", "-1"),
        ("ipv4_is_match('1.2.3.4', 'x')", ""),
        ("ipv4_is_private('172.31.255.255')", "true"),
        ("ipv4_is_private('172.32.0.0')", "false"),
        ("ipv4_is_private('fe80::1')", ""),
        ("ipv4_is_in_range('127.0.0.1', '127.0.0.1/24')", "true"),
        ("ipv4_is_in_any_range('1.1.1.1', dynamic(['bad', '1.0.0.0/8']))", "true"),
        ("ipv4_netmask_suffix('10.1.2.3')", "32"),
        ("ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255')", '["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]'),
        ("parse_ipv6('127.0.0.1')", "0000:0000:0000:0000:0000:ffff:7f00:0001"),
        ("parse_ipv6('::192.168.1.1')", "0000:0000:0000:0000:0000:ffff:c0a8:0101"),
        ("parse_ipv6('fe80::85d:e82c:9446:7994/120')", "fe80:0000:0000:0000:085d:e82c:9446:7900"),
        ("parse_ipv6('no address')", ""),
        ("ipv6_compare('192.168.1.1/24', '::ffff:c0a8:01ff')", "0"),
        ("ipv6_is_in_range('a5e:f127:8a9d:146d:e102:b5d3:c755:abcd', 'a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112')",
         "true"),
        ("ipv6_is_in_any_range('1.2.3.4', 'fe80::/10', '1.0.0.0/8')", "true"),
    ],
)  # fmt: skip
def test_addresses_are_read_compared_and_put_in_ranges(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("has_ipv4('05:04:54 127.0.0.1 GET', '127.0.0.1')", "true"),
        ("has_ipv4('05:04:54127.0.0.1 GET', '127.0.0.1')", "false"),
        ("has_ipv4('at 127.0.0.1.', '127.0.0.1')", "true"),
        ("has_ipv4('1.127.0.0.1', '127.0.0.1')", "false"),
        ("has_ipv4('127.0.0.256', '127.0.0.256')", "false"),
        ("has_ipv4_prefix('x 127.0.0.1 y', '127.0.')", "true"),
        ("has_ipv4_prefix('x 127.0.0.1 y', '127.0.0.0/16')", "true"),
        ("has_any_ipv4('x 10.0.0.1', dynamic(['10.0.0.2', '10.0.0.1']))", "true"),
        ("has_any_ipv4_prefix('x 10.0.0.1', '9.', '11.')", "false"),
    ],
)
def test_addresses_stand_between_what_is_no_letter_or_digit(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_where_an_address_is_nobody_is_asked() -> None:
    assert shown("geo_info_from_ip_address('20.53.203.50')") == "{}"
    assert shown("geo_info_from_ip_address('nowhere')") == ""
