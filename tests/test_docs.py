"""The reference names everything that there is: operations, settings, attributes, condition keys, commands."""

import re
from pathlib import Path

import pytest

from qanat.api.context import FIXED_KEYS, context_of, tag_context
from qanat.api.control import SERVICES
from qanat.api.metrics.exposition import Family, Kind
from qanat.api.metrics.page import FAMILIES
from qanat.config import Settings
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.policy.lint.catalogue import CATALOGUE
from qanat.core.queues.attributes import COMPUTED, SETTABLE
from qanat.core.way import WayIn
from qanat.wire.sqs.operations import OPERATIONS, OWN_OPERATIONS, Operation

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
NAMED = set(re.findall(r"`([^`]+)`", REFERENCE))


def context_keys() -> set[str]:
    """Every key that some request has."""
    user = Caller(PrincipalType.USER, "123456789012", "arn:aws:iam::123456789012:user/u", "AIDAX", "u")
    public = WayIn(True, "127.0.0.1")
    private = WayIn(True, "10.0.0.9", "vpce-1", "vpc-1", "123456789012")
    return {
        key
        for way in (public, private)
        for key in context_of(user, way, "us-east-2", "123456789012", "agent", 0)
    } | {*FIXED_KEYS, *tag_context((("KEY", ""),), {"KEY": ""})[0]}


@pytest.mark.parametrize(
    "operation", [*OPERATIONS.values(), *OWN_OPERATIONS.values()], ids=lambda row: row.name
)
def test_each_sqs_operation_is_in_the_reference(operation: Operation) -> None:
    assert operation.name in NAMED
    assert operation.iam_action in NAMED or f"{operation.iam_action} on" in REFERENCE


@pytest.mark.parametrize("name", [name for service in SERVICES.values() for name in service.operations])
def test_each_control_operation_is_in_the_reference(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_each_setting_is_in_the_reference(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", [*SETTABLE, *COMPUTED])
def test_each_queue_attribute_is_in_the_reference(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
def test_each_metric_is_in_the_reference(family: Family) -> None:
    assert family.name in NAMED
    assert {f"{family.name}_sum", f"{family.name}_count"} <= NAMED or family.kind is not Kind.SUMMARY


def test_each_condition_key_is_in_the_reference() -> None:
    assert context_keys() - {name.lower() for name in NAMED} == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_finding_in_policies_is_in_the_reference(code: str) -> None:
    assert code in NAMED


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_architecture_stays_within_two_pages() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 110
