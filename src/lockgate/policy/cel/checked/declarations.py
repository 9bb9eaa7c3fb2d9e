"""What functions take and give, as Kubernetes 1.36 declares them to its type checker.

Facts of the environment of ``k8s.io/apiserver/pkg/cel/environment`` 0.36.2 with cel-go 0.26. A line has names, a method
with a dot before it, an operator as it is written; then overloads, those of one result together. One capital letter
is a type that the arguments settle. A function that is missing here is not checked.
"""

from __future__ import annotations

from functools import cache

from lockgate.policy.cel.checked.shapes import Type, read

Overload = tuple[tuple[Type, ...], Type]
"""Types of the arguments, the receiver first, and that of the value."""

_TEXT = """
!= ==: A, A -> bool
%: int, int -> int; uint, uint -> uint
* /: double, double -> double; int, int -> int; uint, uint -> uint
+: bytes, bytes -> bytes; double, double -> double; duration, duration -> duration; duration, timestamp | timestamp,
    duration -> timestamp; int, int -> int; list(A), list(A) -> list(A); string, string -> string; uint, uint ->
    uint
-: double, double -> double; duration, duration | timestamp, timestamp -> duration; int, int -> int; timestamp,
    duration -> timestamp; uint, uint -> uint
<= < >= >: bool, bool | int, int | int, double | int, uint | uint, uint | uint, double | uint, int | double, double
    | double, int | double, uint | string, string | bytes, bytes | timestamp, timestamp | duration, duration -> bool
[?]: list(A), int | optional(list(A)), int -> optional(A); map(K, V), K | optional(map(K, V)), K -> optional(V)
[]: list(A), int -> A; map(A, B), A -> B; optional(list(A)), int -> optional(A); optional(map(K, V)), K ->
    optional(V)
.add .sub: kubernetes.Quantity, kubernetes.Quantity | kubernetes.Quantity, int -> kubernetes.Quantity
.allowed .errored: kubernetes.authorization.Decision -> bool
.asApproximateFloat: kubernetes.Quantity -> double
.asInteger sign: kubernetes.Quantity -> int
bool: bool | string -> bool
bytes: bytes | string -> bytes
.charAt: string, int -> string
.check: kubernetes.authorization.PathCheck, string | kubernetes.authorization.ResourceCheck, string ->
    kubernetes.authorization.Decision
cidr: string -> net.CIDR
.compareTo: kubernetes.Quantity, kubernetes.Quantity | kubernetes.Semver, kubernetes.Semver -> int
.contains .endsWith matches .matches .startsWith: string, string -> bool
.containsCIDR: net.CIDR, string | net.CIDR, net.CIDR -> bool
.containsIP: net.CIDR, string | net.CIDR, net.IP -> bool
.distinct .reverse: list(A) -> list(A)
double: double | int | string | uint -> double
duration: duration | int | string -> duration
dyn: A -> dyn
.error .reason: kubernetes.authorization.Decision -> string
.family: net.IP -> int
.fieldSelector .labelSelector .name .namespace .subresource: kubernetes.authorization.ResourceCheck, string ->
    kubernetes.authorization.ResourceCheck
.find: string, string -> string
.findAll .split: string, string | string, string, int -> list(string)
.first .last: list(A) -> optional(A)
.flatten: list(list(A)) -> list(A); list(dyn), int -> list(dyn)
.format: string, list(dyn) -> string
format.byte format.date format.datetime format.dns1035Label format.dns1035LabelPrefix format.dns1123Label
    format.dns1123LabelPrefix format.dns1123Subdomain format.dns1123SubdomainPrefix format.labelValue
    format.qualifiedName format.uri format.uuid: () -> kubernetes.NamedFormat
format.named: string -> optional(kubernetes.NamedFormat)
.getDate .getDayOfMonth .getDayOfWeek .getDayOfYear .getFullYear .getMonth: timestamp | timestamp, string -> int
.getEscapedPath .getHost .getHostname .getPort .getScheme: kubernetes.URL -> string
.getHours .getMilliseconds .getMinutes .getSeconds: timestamp | timestamp, string | duration -> int
.getQuery: kubernetes.URL -> map(string, list(string))
.group: kubernetes.authorization.Authorizer, string -> kubernetes.authorization.GroupCheck
.hasValue: optional(A) -> bool
in: A, list(A) | A, map(A, B) -> bool
.indexOf .lastIndexOf: list(A), A | string, string | string, string, int -> int
int: int | double | duration | string | timestamp | uint -> int
ip: string -> net.IP
.ip: net.CIDR -> net.IP
ip.isCanonical isCIDR isIP isQuantity isURL: string -> bool
.isGlobalUnicast .isLinkLocalMulticast .isLinkLocalUnicast .isLoopback .isUnspecified: net.IP -> bool
.isGreaterThan .isLessThan: kubernetes.Quantity, kubernetes.Quantity | kubernetes.Semver, kubernetes.Semver -> bool
.isInteger: kubernetes.Quantity -> bool
isSemver: string | string, bool -> bool
.isSorted: list(int) | list(uint) | list(double) | list(bool) | list(duration) | list(timestamp) | list(string) |
    list(bytes) -> bool
.join: list(string) | list(string), string -> string
lists.range: int -> list(int)
.lowerAscii strings.quote .trim .upperAscii: string -> string
.major .minor .patch: kubernetes.Semver -> int
.masked: net.CIDR -> net.CIDR
.max .min: list(int) -> int; list(uint) -> uint; list(double) -> double; list(bool) -> bool; list(duration) ->
    duration; list(timestamp) -> timestamp; list(string) -> string; list(bytes) -> bytes
neg: double -> double; int -> int
optional.none: () -> optional(A)
optional.of optional.ofNonZeroValue: A -> optional(A)
optional.unwrap .unwrapOpt: list(optional(A)) -> list(A)
.or: optional(A), optional(A) -> optional(A)
.orValue: optional(A), A -> A
.path: kubernetes.authorization.Authorizer, string -> kubernetes.authorization.PathCheck
.prefixLength: net.CIDR -> int
quantity: string -> kubernetes.Quantity
.replace: string, string, string | string, string, string, int -> string
.resource: kubernetes.authorization.GroupCheck, string -> kubernetes.authorization.ResourceCheck
semver: string | string, bool -> kubernetes.Semver
.serviceAccount: kubernetes.authorization.Authorizer, string, string -> kubernetes.authorization.Authorizer
sets.contains sets.equivalent sets.intersects: list(A), list(A) -> bool
size .size: bytes | list(A) | map(A, B) | string -> int
.slice: list(A), int, int -> list(A)
.sort: list(int) -> list(int); list(uint) -> list(uint); list(double) -> list(double); list(bool) -> list(bool);
    list(duration) -> list(duration); list(timestamp) -> list(timestamp); list(string) -> list(string); list(bytes)
    -> list(bytes)
.sortBy: list(A), list(int) | list(A), list(uint) | list(A), list(double) | list(A), list(bool) |
    list(A), list(duration) | list(A), list(timestamp) | list(A), list(string) | list(A), list(bytes) -> list(A)
string: string | bool | bytes | double | duration | int | timestamp | uint | net.IP | net.CIDR -> string
.substring: string, int | string, int, int -> string
.sum: list(int) -> int; list(uint) -> uint; list(double) -> double; list(duration) -> duration
timestamp: timestamp | int | string -> timestamp
type: A -> type(A)
uint: uint | double | int | string -> uint
url: string -> kubernetes.URL
.validate: kubernetes.NamedFormat, string -> optional(list(string))
.value: optional(A) -> A
"""


@cache
def declarations() -> dict[str, tuple[Overload, ...]]:
    """Overloads by name."""
    found: dict[str, tuple[Overload, ...]] = {}
    for line in _TEXT.replace("\n    ", " ").strip().splitlines():
        names, _, told = line.partition(": ")
        overloads = tuple(one for group in told.split("; ") for one in _overloads(group))
        found |= dict.fromkeys(names.split(), overloads)
    return found


def _overloads(group: str) -> list[Overload]:
    taken, _, given = group.partition(" -> ")
    result = read(given)
    return [(_listed(arguments), result) for arguments in taken.split(" | ")]


def _listed(arguments: str) -> tuple[Type, ...]:
    if arguments == "()":
        return ()
    return read(f"all({arguments})")[1:]  # type: ignore[return-value]
