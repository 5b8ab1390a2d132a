"""The rows of the policy simulator, and of the condition keys that one must give it."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from qanat.core.identity.errors import InvalidInput
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.simulation_commands import ContextEntry, Exclusion, GetContextKeys, Simulate
from qanat.core.identity.simulation_context import CONTEXT_KEY_TYPES
from qanat.core.identity.simulations import ActionSimulated
from qanat.core.page import Page
from qanat.core.policy.simulator import Matched, Simulated, Verdict, severest
from qanat.core.policy.spans import Position
from qanat.wire.iam.common import Document, IamInput, Marker, MaxItems, PolicyName, one_of, page_fields
from qanat.wire.service import Call, Operation, Output, table
from qanat.wire.xml import Entries

EntityArn = Annotated[str, Meta(min_length=20, max_length=2_048)]
ResourceName = Annotated[str, Meta(min_length=1, max_length=2_048)]
ActionName = Annotated[str, Meta(min_length=3, max_length=128)]
ContextKeyName = Annotated[str, Meta(min_length=5, max_length=256)]
ResourceHandlingOption = Annotated[str, Meta(min_length=1, max_length=64)]
# With wildcards, which the service model's pattern for it forgets and its text allows.
AttachmentName = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"[\w+=,.@?*-]+")]

_EXCLUDABLE: Final = ("inline", "aws-managed", "user-managed", "permission-boundary", "scp", "rcp")
_EXCLUSIONS_MAX: Final = 256
_LEVELS_MAX: Final = 7


class _Member(Struct, frozen=True, rename="pascal"):
    pass


class ContextEntryInput(_Member, frozen=True):
    context_key_name: ContextKeyName
    context_key_values: tuple[str, ...] = ()
    context_key_type: str = "string"


class OrganizationLevelInput(_Member, frozen=True):
    service_control_policy_input_list: tuple[Document, ...] = ()


class InlinePolicyInput(_Member, frozen=True):
    policy_name: PolicyName
    attachment_type: str
    attachment_name: AttachmentName


class ExclusionInput(_Member, frozen=True):
    policy_type: str | None = None
    policy_arn: EntityArn | None = None
    inline_policy_identifier: InlinePolicyInput | None = None


class SimulateCustomPolicyInput(IamInput, frozen=True):
    policy_input_list: tuple[Document, ...]
    action_names: tuple[ActionName, ...]
    permissions_boundary_policy_input_list: tuple[Document, ...] = ()
    ordered_organization_policy_input_list: tuple[OrganizationLevelInput, ...] = ()
    resource_arns: tuple[ResourceName, ...] = ()
    resource_policy: Document | None = None
    resource_owner: ResourceName | None = None
    caller_arn: ResourceName | None = None
    context_entries: tuple[ContextEntryInput, ...] = ()
    # Which kinds of resources EC2's RunInstances must be given: taken, and nothing is demanded.
    resource_handling_option: ResourceHandlingOption | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class SimulatePrincipalPolicyInput(IamInput, frozen=True):
    policy_source_arn: EntityArn
    action_names: tuple[ActionName, ...]
    policy_input_list: tuple[Document, ...] = ()
    permissions_boundary_policy_input_list: tuple[Document, ...] = ()
    policy_exclusion_list: tuple[ExclusionInput, ...] = ()
    resource_arns: tuple[ResourceName, ...] = ()
    resource_policy: Document | None = None
    resource_owner: ResourceName | None = None
    caller_arn: ResourceName | None = None
    context_entries: tuple[ContextEntryInput, ...] = ()
    resource_handling_option: ResourceHandlingOption | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class GetContextKeysForCustomPolicyInput(IamInput, frozen=True):
    policy_input_list: tuple[Document, ...]


class GetContextKeysForPrincipalPolicyInput(IamInput, frozen=True):
    policy_source_arn: EntityArn
    policy_input_list: tuple[Document, ...] = ()


def _custom(given: SimulateCustomPolicyInput, call: Call) -> object:
    levels = given.ordered_organization_policy_input_list
    if len(levels) > _LEVELS_MAX:
        raise InvalidInput(f"OrderedOrganizationPolicyInputList has {_LEVELS_MAX} levels at most.")
    return Simulate(
        account=call.account,
        actions=given.action_names,
        resources=given.resource_arns or ("*",),
        policies=given.policy_input_list,
        boundaries=given.permissions_boundary_policy_input_list,
        service_control=tuple(level.service_control_policy_input_list for level in levels),
        resource_policy=given.resource_policy,
        resource_owner=given.resource_owner,
        caller=given.caller_arn,
        context=_read_entries(given.context_entries),
        marker=given.marker,
        max_items=given.max_items,
    )


def _principal(given: SimulatePrincipalPolicyInput, call: Call) -> object:
    return Simulate(
        account=call.account,
        actions=given.action_names,
        resources=given.resource_arns or ("*",),
        policy_source=given.policy_source_arn,
        policies=given.policy_input_list,
        exclusions=_read_exclusions(given.policy_exclusion_list),
        boundaries=given.permissions_boundary_policy_input_list,
        resource_policy=given.resource_policy,
        resource_owner=given.resource_owner,
        caller=given.caller_arn,
        context=_read_entries(given.context_entries),
        marker=given.marker,
        max_items=given.max_items,
    )


def _read_entries(given: tuple[ContextEntryInput, ...]) -> tuple[ContextEntry, ...]:
    return tuple(
        ContextEntry(
            entry.context_key_name,
            entry.context_key_values,
            one_of(
                entry.context_key_type, f"contextEntries.{number}.member.contextKeyType", CONTEXT_KEY_TYPES
            ),
        )
        for number, entry in enumerate(given, start=1)
    )


def _read_exclusions(given: tuple[ExclusionInput, ...]) -> tuple[Exclusion, ...]:
    if len(given) > _EXCLUSIONS_MAX:
        raise InvalidInput(f"PolicyExclusionList has {_EXCLUSIONS_MAX} policy identifiers at most.")
    return tuple(_read_exclusion(one, number) for number, one in enumerate(given, start=1))


def _read_exclusion(given: ExclusionInput, number: int) -> Exclusion:
    at = f"policyExclusionList.{number}.member"
    inline = given.inline_policy_identifier
    if sum(one is not None for one in (given.policy_type, given.policy_arn, inline)) != 1:
        raise InvalidInput(
            "Invalid policy identifier: exactly one of PolicyType, PolicyArn and InlinePolicyIdentifier is given."
        )
    if given.policy_type is not None:
        return Exclusion(kind=one_of(given.policy_type, f"{at}.policyType", _EXCLUDABLE))
    if inline is None:
        return Exclusion(arn=given.policy_arn)
    kind = one_of(inline.attachment_type, f"{at}.inlinePolicyIdentifier.attachmentType", tuple(HolderKind))
    return Exclusion(inline=(inline.policy_name, HolderKind(kind), inline.attachment_name))


def _simulated(found: Page[ActionSimulated], given: object, call: Call) -> Output:
    return {"EvaluationResults": [_shown(one) for one in found.items], **page_fields(found)}


def _shown(one: ActionSimulated) -> dict[str, object]:
    resources = one.resources
    several = len(resources) > 1
    details = _severest_details(resources)
    return {
        "EvalActionName": one.action,
        # AWS writes a template of the ARNs of the action's kind of resource where several are asked about, or `*`
        # where it knows none. Here none is known.
        "EvalResourceName": "*" if several else resources[0].resource,
        "EvalDecision": one.verdict.value,
        "MatchedStatements": [_shown_statement(matched) for matched in one.matched],
        "MissingContextValues": list(one.missing),
        "OrganizationsDecisionDetail": _shown_organization(one),
        "PermissionsBoundaryDecisionDetail": _shown_boundary(resources),
        "EvalDecisionDetails": None if one.on_everything and not details else Entries(details),
        "ResourceSpecificResults": (
            None if one.on_everything else [_shown_resource(found, one.missing) for found in resources]
        ),
    }


def _shown_resource(found: Simulated, missing: tuple[str, ...]) -> dict[str, object]:
    return {
        "EvalResourceName": found.resource,
        "EvalResourceDecision": found.verdict.value,
        "MatchedStatements": [_shown_statement(matched) for matched in found.matched],
        "MissingContextValues": list(missing),
        "EvalDecisionDetails": None if found.details is None else Entries(_values(found.details)),
        "PermissionsBoundaryDecisionDetail": _shown_boundary((found,)),
    }


def _shown_boundary(resources: tuple[Simulated, ...]) -> dict[str, object] | None:
    verdicts = [one.boundary for one in resources if one.boundary is not None]
    if not verdicts:
        return None
    return {"AllowedByPermissionsBoundary": all(one is Verdict.ALLOWED for one in verdicts)}


def _shown_organization(found: ActionSimulated) -> dict[str, object] | None:
    verdicts = [one.organization for one in found.resources if one.organization is not None]
    return {"AllowedByOrganizations": all(one is Verdict.ALLOWED for one in verdicts)} if verdicts else None


def _severest_details(resources: tuple[Simulated, ...]) -> dict[str, str]:
    found: dict[str, Verdict] = {}
    for one in resources:
        for kind, verdict in (one.details or {}).items():
            found[kind] = severest((verdict, found.get(kind, verdict)))
    return _values(found)


def _values(details: dict[str, Verdict]) -> dict[str, str]:
    return {kind: verdict.value for kind, verdict in details.items()}


def _shown_statement(matched: Matched) -> dict[str, object]:
    return {
        "SourcePolicyId": matched.policy,
        # The service model lists other words; these are what AWS answers.
        "SourcePolicyType": matched.type.value,
        "StartPosition": _shown_position(matched.start),
        "EndPosition": _shown_position(matched.end),
    }


def _shown_position(position: Position) -> dict[str, object]:
    return {"Line": position.line, "Column": position.column}


def _shown_keys(keys: tuple[str, ...], given: object, call: Call) -> Output:
    return {"ContextKeyNames": list(keys)}


SIMULATION_OPERATIONS = table(
    Operation(
        "SimulateCustomPolicy",
        SimulateCustomPolicyInput,
        "iam:SimulateCustomPolicy",
        lambda given, call: "*",
        _custom,
        _simulated,
    ),
    Operation(
        "SimulatePrincipalPolicy",
        SimulatePrincipalPolicyInput,
        "iam:SimulatePrincipalPolicy",
        lambda given, call: given.policy_source_arn,
        _principal,
        _simulated,
    ),
    Operation(
        "GetContextKeysForCustomPolicy",
        GetContextKeysForCustomPolicyInput,
        "iam:GetContextKeysForCustomPolicy",
        lambda given, call: "*",
        lambda given, call: GetContextKeys(call.account, None, given.policy_input_list),
        _shown_keys,
    ),
    Operation(
        "GetContextKeysForPrincipalPolicy",
        GetContextKeysForPrincipalPolicyInput,
        "iam:GetContextKeysForPrincipalPolicy",
        lambda given, call: given.policy_source_arn,
        lambda given, call: GetContextKeys(call.account, given.policy_source_arn, given.policy_input_list),
        _shown_keys,
    ),
)
