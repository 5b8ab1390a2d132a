"""Conditions that are taken and do not do what they seem to.

Invariant: each check looks at the keys and values of one statement.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, ip_interface, ip_network
from typing import Final

from qanat.core.names import REGION
from qanat.core.policy.conditions import FOR_ALL
from qanat.core.policy.errors import shown
from qanat.core.policy.keys import global_key, lacks_tag, meant
from qanat.core.policy.lint.view import Item, Report, Test, View

_WILDCARD: Final = re.compile(r"[*?]")
_EXACT: Final = frozenset(
    {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
)
_ID: Final = "(?:[0-9a-zA-Z]{8}|[0-9a-zA-Z]{17})"
_IDS: Final = {
    "aws:sourcevpc": (re.compile(rf"vpc-{_ID}\Z"), "INVALID_VPC_FORMAT"),
    "aws:sourcevpce": (re.compile(rf"vpce-{_ID}\Z"), "INVALID_VPCE_FORMAT"),
}
# RFC 1918 and RFC 4193.
_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_ORDERS: Final = {"LessThan": "greatest", "GreaterThan": "least"}


def check_conditions(view: View, report: Report) -> None:
    tests = tuple(view.tests())
    _check_spellings(tests, report)
    for key in view.condition_keys():
        _check_key(key, report)
    for test in tests:
        _check_operator(test, report)
        _check_values(test, report)
        if test.spelling.prefix == FOR_ALL and test.spelling.name != "Null" and view.allows:
            _check_for_all(test, tests, report)


def _check_spellings(tests: Sequence[Test], report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for test in tests:
        place = (test.operator, test.key.lower())
        if place in seen:
            report.find("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", test.path, at_key=True, key=shown(test.key))
        seen.add(place)


def _check_key(item: Item, report: Report) -> None:
    vendor = item.text.lower().partition(":")[0]
    if global_key(item.text) is not None:
        return
    if item.text.lower() == "aws:arn":
        report.find("UNSUPPORTED_GLOBAL_CONDITION_KEY", item.path, at_key=True)
    elif prefix := lacks_tag(item.text):
        report.find("MISSING_TAG_KEY_IN_CONDITION", item.path, at_key=True, key=prefix)
    elif vendor in ("aws", "sqs"):
        close = meant(item.text)
        report.find(
            "INVALID_GLOBAL_CONDITION_KEY" if vendor == "aws" else "INVALID_SERVICE_CONDITION_KEY",
            item.path,
            at_key=True,
            key=shown(item.text),
            service=vendor,
            hint=f" Did you mean {close}?" if close else "",
        )


def _check_operator(test: Test, report: Report) -> None:
    key, name = global_key(test.key), test.spelling.name
    if key is None or name == "Null":
        return
    if not name.startswith(key.holds.value):
        allowed = key.holds.value[0]
        report.find(
            "TYPE_MISMATCH", test.path, at_key=True, allowed=allowed, operator=test.operator, key=key.name
        )
    elif key.many and not test.spelling.prefix:
        report.find("MISSING_QUALIFIER", test.path, at_key=True, key=key.name)


def _check_for_all(test: Test, tests: Sequence[Test], report: Report) -> None:
    """ForAllValues where it allows: it holds of no values at all."""
    key = global_key(test.key)
    if key is not None and not key.many:
        report.find("FORALLVALUES_WITH_SINGLE_VALUED_KEY", test.path, at_key=True, key=key.name)
    elif not any(_demands(other, test.key) for other in tests):
        report.find("FORALLVALUES_WITHOUT_NULL_CHECK", test.path, at_key=True, key=shown(test.key))


def _demands(test: Test, key: str) -> bool:
    """Whether `test` is false where the request has no `key`."""
    if test.key.lower() != key.lower():
        return False
    if test.spelling.name == "Null":
        return not test.spelling.prefix and {item.text.lower() for item in test.operands} == {"false"}
    return test.spelling.prefix == "ForAnyValue:" and not test.spelling.if_exists


def _check_values(test: Test, report: Report) -> None:
    name = test.spelling.name
    if name in ("Bool", "Null") and len({item.text.lower() for item in test.operands}) > 1:
        report.find("INVALID_CONDITION_MULTIPLE_BOOLEAN", test.path)
    if name.startswith("Numeric") and len(test.operands) > 1:
        which = next((word for order, word in _ORDERS.items() if order in name), None)
        if which is not None:
            report.find(
                "REDUNDANT_CONDITION_VALUE_NUM", test.path, operator=test.operator, which=which, key=test.key
            )
    for item in test.operands:
        _check_value(test, item, report)
    if test.key.lower() == "aws:sourceip" and name.endswith("IpAddress"):
        private = [_is_private(item.text) for item in test.operands]
        if any(private):
            what = "only" if all(private) else "some"
            report.find("PRIVATE_IP_ADDRESS", test.operands[private.index(True)].path, what=what)


def _check_value(test: Test, item: Item, report: Report) -> None:
    name, key = test.spelling.name, test.key.lower()
    if name.endswith("IpAddress"):
        _check_range(item, report)
    if not name.startswith("String") or "${" in item.text:
        return
    wild = _WILDCARD.search(item.text) is not None
    if wild and name in _EXACT:
        report.find("WILDCARD_WITHOUT_LIKE_OPERATOR", item.path)
    elif not wild and key == "aws:requestedregion" and not REGION.match(item.text):
        report.find("INVALID_REGION", item.path, region=shown(item.text))
    elif not wild and key in _IDS and not _IDS[key][0].match(item.text):
        report.find(_IDS[key][1], item.path)


def _is_private(text: str) -> bool:
    try:
        network = ip_interface(text).network
    except ValueError:
        return False
    return any(network.version == one.version and network.subnet_of(one) for one in _PRIVATE)  # type: ignore[arg-type]


def _check_range(item: Item, report: Report) -> None:
    try:
        interface = ip_interface(item.text)
    except ValueError:
        return
    network = interface.network
    if isinstance(network, IPv4Network) and interface.ip != network.network_address:
        report.find("IMPROVE_IP_RANGE", item.path, network=network)
