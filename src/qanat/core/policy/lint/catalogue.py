"""Every finding that there is: how grave, in which words, and where to read more.

Invariant: `{...}` in a text is filled in by the check; a text that IAM Access Analyzer has is its own, to the letter
(IAM User Guide, access-analyzer-reference-policy-checks). What `parse` refuses is an error even where Access Analyzer
only warns of it.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Severity(StrEnum):
    """From grave to slight, in Access Analyzer's own terms."""

    ERROR = "error"
    """A part of the policy does not work, or the whole is refused."""
    SECURITY_WARNING = "security-warning"
    """It allows too much, or shuts out those who look after it."""
    WARNING = "warning"
    """It probably does not do what was meant."""
    SUGGESTION = "suggestion"
    """It could be said better."""

    def reaches(self, other: "Severity") -> bool:
        """Whether this is as grave as `other` or graver."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


class Check(Struct, frozen=True):
    severity: Severity
    text: str
    learn_more: str


_CHECKS: Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
)
_IAM: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_SQS: Final = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
_PRIVATELINK: Final = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"
_EXAMPLES: Final = f"{_SQS}sqs-creating-custom-policies-access-policy-examples.html"


def _of(severity: Severity, kind: str, name: str, text: str) -> Check:
    anchor = f"access-analyzer-reference-policy-checks-{kind}-{name.lower().replace('_', '-')}"
    return Check(severity, text, f"{_CHECKS}#{anchor}")


def _rows(severity: Severity, kind: str, rows: dict[str, str]) -> dict[str, Check]:
    """Access Analyzer's checks of one of its kinds, at our severity."""
    return {name: _of(severity, kind, name, text) for name, text in rows.items()}


_ERRORS: Final = {
    "ARN_ACCOUNT_NOT_ALLOWED": "The service {service} does not support specifying an account ID in the resource ARN.",
    "ARN_REGION_NOT_ALLOWED": "The service {service} does not support specifying a Region in the resource ARN.",
    "DATA_TYPE_MISMATCH": "The text does not match the expected JSON data type {data_type}.",
    "DUPLICATE_KEYS_WITH_DIFFERENT_CASE": "The condition key {key} appears more than once with different "
    "capitalization in the same condition block. Remove the duplicate condition keys.",
    "EMPTY_VARIABLE": "Empty policy variable. Remove the ${{ }} variable structure or provide a variable within the "
    "structure.",
    "INVALID_ACTION": "The action {action} does not exist.{hint}",
    "INVALID_ARN_ACCOUNT": "The resource ARN account ID {account} is not valid. Provide a 12-digit account ID.",
    "INVALID_ARN_PREFIX": "Add the required prefix (arn) to the resource ARN.{hint}",
    "INVALID_ARN_REGION": "The Region {region} is not valid for this resource. Update the resource ARN to include a "
    "supported Region.",
    "INVALID_ARN_RESOURCE": "Resource ARN does not match the expected ARN format. Update the resource portion of the "
    "ARN.{hint}",
    "INVALID_ARN_SERVICE_CASE": "Update the service name {service} in the resource ARN to use all lowercase letters.",
    "INVALID_CONDITION_KEY_FORMAT": "The condition key format is not valid. Use the format service:keyname.",
    "INVALID_CONDITION_MULTIPLE_BOOLEAN": "The condition key does not support multiple Boolean values. Use a single "
    "Boolean value.",
    "INVALID_CONDITION_OPERATOR": "The condition operator {operator} is not valid. Use a valid condition "
    "operator.{hint}",
    "INVALID_EFFECT": "The effect {effect} is not valid. Use Allow or Deny.",
    "INVALID_GLOBAL_CONDITION_KEY": "The condition key {key} does not exist. Use a valid condition key.{hint}",
    "INVALID_PARTITION": "The resource ARN for the service {service} does not support the partition {partition}. Use "
    "the supported values: {partitions}",
    "INVALID_POLICY_ELEMENT": "The policy element {element} is not valid.{hint}",
    "INVALID_PRINCIPAL_FORMAT": "The Principal element contents are not valid. Specify a key-value pair in the "
    "Principal element.",
    "INVALID_PRINCIPAL_KEY": "The principal key {key} is not valid.{hint}",
    "INVALID_REGION": "The Region {region} is not valid. Update the condition value to a suported Region.",
    "INVALID_SERVICE_CONDITION_KEY": "The condition key {key} does not exist in the service {service}. Use a valid "
    "condition key.{hint}",
    "INVALID_SERVICE_PRINCIPAL_FORMAT": "The service principal does not match the expected format. Use the format "
    "service-name.amazonaws.com.",
    "INVALID_VARIABLE_FOR_OPERATOR": "Policy variables can only be used with String and ARN operators.",
    "INVALID_VERSION": "The version {version} is not valid. Use one of the following versions: {versions}",
    "INVALID_VPC_FORMAT": "The VPC identifier in the condition key value is not valid. Use the prefix 'vpc-' followed "
    "by 8 or 17 alphanumeric characters.",
    "INVALID_VPCE_FORMAT": "The VPCE identifier in the condition key value is not valid.  Use the prefix 'vpce-' "
    "followed by 8 or 17 alphanumeric characters.",
    "JSON_SYNTAX_ERROR": "Fix the JSON syntax error at index {index} line {line} column {column}. {detail}",
    "MISSING_ACTION": "Add an Action or NotAction element to the policy statement.",
    "MISSING_ARN_FIELD": "Resource ARNs must include at least {fields} fields in the following structure: "
    "arn:partition:service:region:account:resource",
    "MISSING_ARN_REGION": "Add a Region to the {service} resource ARN.",
    "MISSING_BRACE_IN_VARIABLE": "The policy variable is missing a closing curly brace. Add }} after the variable "
    "text.",
    "MISSING_EFFECT": "Add an Effect element to the policy statement with a value of Allow or Deny.",
    "MISSING_PRINCIPAL": "Add a Principal element to the policy statement.",
    "MISSING_QUALIFIER": "The request context key {key} has multiple values. Use the ForAllValues or ForAnyValue "
    "condition key qualifiers in your policy. Without one the condition never holds.",
    "MISSING_QUOTE_IN_VARIABLE": "The policy variable default value must begin and end with a single quote. Add the "
    "missing quote.",
    "MISSING_RESOURCE": "Add a Resource or NotResource element to the policy statement.",
    "MISSING_STATEMENT": "Add a statement to the policy",
    "MISSING_TAG_KEY_IN_CONDITION": "The condition key {key} must include a tag key to control access based on tags. "
    "Use the format {key}tag-key and specify a key name for tag-key.",
    "NULL_WITH_IF_EXISTS": "The Null condition operator cannot be used with the IfExists suffix. Update the operator "
    "or the suffix.",
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL": "Role trust policies do not support NotPrincipal. Update the policy "
    "to use a Principal element instead.",
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE": "Role trust policies apply to the role that they are attached to. You "
    "cannot specify a resource. Remove the Resource or NotResource element.",
    "SCP_SYNTAX_ERROR_PRINCIPAL": "SCPs do not support specifying principals. Remove the Principal or NotPrincipal "
    "element.",
    "UNIQUE_SIDS_REQUIRED": "Duplicate statement IDs are not supported for this policy type. Update the Sid value.",
    "UNSUPPORTED_ACTION_IN_POLICY": "The action {action} is not supported for the resource-based policy attached to "
    "the resource type AWS::SQS::Queue.",
    "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": "The following condition keys are not supported when used with "
    "the service principal: {keys}. The statement never applies.",
    "UNSUPPORTED_ELEMENT_COMBINATION": "The policy elements {element1} and {element2} can not be used in the same "
    "statement. Remove one of these elements.",
    "UNSUPPORTED_GLOBAL_CONDITION_KEY": "The condition key aws:ARN is not supported. Use aws:PrincipalArn or "
    "aws:SourceArn instead.",
    "UNSUPPORTED_PRINCIPAL": "The policy type {policy_type} does not support the Principal element. Remove the "
    "Principal element.",
    "UNSUPPORTED_RESOURCE_ARN_IN_POLICY": "The resource ARN is not supported for the resource-based policy attached to "
    "the resource type AWS::SQS::Queue.",
    "UNSUPPORTED_SID": "Update the characters in the Sid element to use one of the following character types: [a-z, "
    "A-Z, 0-9]",
    "UNSUPPORTED_SPACE_IN_VARIABLE": "A space is not supported within the policy variable text. Remove the space.",
    "UNSUPPORTED_WILDCARD_IN_PRINCIPAL": "Wildcards (*, ?) are not supported with the principal key {key}. Replace the "
    "wildcard with a valid principal value.{hint}",
    "VARIABLE_UNSUPPORTED_IN_ELEMENT": "Policy variables are supported in the Resource and Condition elements. Remove "
    "the policy variable {variable} from this element.",
}
# Access Analyzer warns of these or suggests; `parse` refuses them.
_REFUSED_WARNINGS: Final = {
    "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA": "The {size} characters in the resource policy exceed the {quota} "
    "character maximum for resource policies. We recommend that you use multiple granular policies.",
    "TYPE_MISMATCH_BOOLEAN": "Add a valid Boolean value (true or false) for the condition operator {operator}.",
    "TYPE_MISMATCH_DATE": "The date condition operator is used with an invalid value. Specify a valid date using "
    "YYYY-MM-DD or other ISO 8601 date/time format.{hint}",
    "TYPE_MISMATCH_IP_RANGE": "The condition operator {operator} is used with an invalid IP range value. Specify the "
    "IP range in standard CIDR format.{hint}",
    "TYPE_MISMATCH_NUMBER": "Add a valid numeric value for the condition operator {operator}.",
    "TYPE_MISMATCH_STRING": "Add a valid base64-encoded string value for the condition operator {operator}.",
}
_REFUSED_SUGGESTIONS: Final = {
    "EMPTY_ARRAY_ACTION": "This statement includes no actions and does not affect the policy. Specify actions.",
    "EMPTY_ARRAY_CONDITION": "There are no values for the condition key {key} and it does not affect the policy. "
    "Specify conditions.",
    "EMPTY_ARRAY_PRINCIPAL": "This statement includes no principals and does not affect the policy. Specify "
    "principals.",
    "EMPTY_OBJECT_PRINCIPAL": "This statement includes no principals and does not affect the policy. Specify "
    "principals.",
    "EMPTY_ARRAY_RESOURCE": "This statement includes no resources and does not affect the policy. Specify resources.",
}
_SECURITY_WARNINGS: Final = {
    "ALLOW_WITH_NOT_PRINCIPAL": "Using Allow with NotPrincipal can be overly permissive. We recommend that you use "
    "Principal instead.",
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY": "Using ForAllValues qualifier with the single-valued condition key {key} "
    "can be overly permissive. We recommend that you remove ForAllValues:.",
    "PASS_ROLE_WITH_NOTACTION_AND_NOTRESOURCE": "Using NotAction with NotResource can be overly permissive because it "
    "can allow iam:PassRole permissions on multiple resources.. We recommend that you specify resource ARNs instead.",
    "PASS_ROLE_WITH_NOTRESOURCE": "Using the iam:PassRole action with NotResource can be overly permissive because it "
    "can allow iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs instead.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOTRESOURCE": "Using an action with a wildcard (*) and NotResource can be "
    "overly permissive because it can allow iam:PassRole permissions on multiple resources. We recommend that you "
    "specify resource ARNs instead.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": "Using wildcards (*) in the action and the resource can be overly "
    "permissive because it allows iam:PassRole permissions on all resources. We recommend that you specify resource "
    "ARNs or add the iam:PassedToService condition key to your statement.",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE": "Using the iam:PassRole action with wildcards (*) in the resource can be overly "
    "permissive because it allows iam:PassRole permissions on multiple resources. We recommend that you specify "
    "resource ARNs or add the iam:PassedToService condition key to your statement.",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOTACTION": "Using a resource with wildcards (*) and NotAction can be overly "
    "permissive because it allows iam:PassRole permissions on all resources. We recommend that you specify resource "
    "ARNs or add the iam:PassedToService condition key to your statement.",
    "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL": "Granting access to a service principal without specifying a source is "
    "overly permissive. Use aws:SourceArn or aws:SourceAccount condition key and scope access to a specific source to "
    "grant fine-grained access.",
}
_WARNINGS: Final = {
    "CREATE_SLR_WITH_NOTACTION_AND_NOTRESOURCE": "Using NotAction with NotResource can allow creation of unintended "
    "service-linked roles because it allows iam:CreateServiceLinkedRole permissions on multiple resources. We "
    "recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_NOTRESOURCE": "Using the iam:CreateServiceLinkedRole action with NotResource can allow creation "
    "of unintended service-linked roles for multiple resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOTRESOURCE": "Using an action with a wildcard(*) and NotResource can allow "
    "creation of unintended service-linked roles because it can allow iam:CreateServiceLinkedRole permissions on "
    "multiple resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": "Using wildcards (*) in the action and the resource can allow "
    "creation of unintended service-linked roles because it allows iam:CreateServiceLinkedRole permissions on all "
    "resources. We recommend that you specify resource ARNs instead.",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE": "Using the iam:CreateServiceLinkedRole action with wildcards (*) in the "
    "resource can allow creation of unintended service-linked roles. We recommend that you specify resource ARNs "
    "instead.",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOTACTION": "Using a resource with wildcards (*) and NotAction can allow "
    "creation of unintended service-linked roles because it allows iam:CreateServiceLinkedRole permissions on all "
    "resources. We recommend that you specify resource ARNs instead.",
    "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA": "The {size} characters in the identity policy, excluding whitespace, "
    "exceed the {quota} character maximum for inline and managed policies. We recommend that you use multiple "
    "granular policies.",
    "MISSING_VERSION": "We recommend that you specify the Version element to help you with debugging permission "
    "issues. Without one it is 2008-10-17.",
    "TYPE_MISMATCH": "Use the operator type {allowed} instead of operator {operator} for the condition key {key}.",
    "UNIQUE_SIDS_RECOMMENDED": "We recommend that you use statement IDs that are unique to your policy. Update the Sid "
    "value.",
    "WILDCARD_WITHOUT_LIKE_OPERATOR": "Your condition value includes a * or ? character. If you meant to use a "
    "wildcard (*, ?), update the condition operator to include Like.",
}
_SUGGESTIONS: Final = {
    "EMPTY_OBJECT_CONDITION": "This condition block is empty and it does not affect the policy. Specify conditions.",
    "EMPTY_SID_VALUE": "Add a value to the empty string in the Sid element.",
    "IMPROVE_IP_RANGE": "The non-zero bits in the IP address after the masked bits are ignored. Replace address with "
    "{network}.",
    "NULL_WITH_QUALIFIER": "Avoid using the Null condition operator with the ForAllValues or ForAnyValue qualifiers "
    "because they always return a true or false respectively.",
    "REDUNDANT_ACTION": "The {count} action(s) are redundant because they provide similar permissions. Update the "
    "policy to remove the redundant action such as: {action}.",
    "REDUNDANT_CONDITION_VALUE_NUM": "Multiple values in {operator} are redundant. Replace with the {which} single "
    "value for {key}.",
    "REDUNDANT_RESOURCE": "The {count} resource ARN(s) are redundant because they reference the same resource. Review "
    "the use of wildcards (*)",
    "REDUNDANT_STATEMENT": "The statements are redundant because they provide identical permissions. Update the policy "
    "to remove the redundant statement. Statement {other} says as much.",
    "WILDCARD_IN_SERVICE_NAME": "Avoid using wildcards (*, ?) in the service name because it might grant unintended "
    "access to other AWS services with similar names.",
}
_OWN: Final = {
    "INVALID_PRINCIPAL": Check(
        Severity.ERROR, "{detail}{hint}", f"{_IAM}reference_policies_elements_principal.html"
    ),
    "POLICY_REFUSED": Check(Severity.ERROR, "{detail}", f"{_IAM}reference_policies_grammar.html"),
    "POLICY_OVER_QUOTA": Check(Severity.ERROR, "{detail}", f"{_SQS}quotas-policies.html"),
    "LOCKS_OUT_EVERYONE": Check(
        Severity.ERROR,
        "Your Deny locks out administrators: {refusal}. Only root of the account can mend the policy. "
        "Deny the actions on messages instead "
        "of {actions}, or except those who look after the queue.",
        _EXAMPLES,
    ),
    "LOCKS_OUT_ADMINISTRATORS": Check(
        Severity.SECURITY_WARNING,
        "Your Deny locks out administrators: {refusal}. The console, and whoever calls from elsewhere, "
        "cannot mend the policy. Deny the actions on messages "
        "instead of {actions}.",
        _EXAMPLES,
    ),
    "PUBLIC_QUEUE": Check(
        Severity.SECURITY_WARNING,
        "Everyone may {actions}: {who}. Name the principals, or add a condition such as aws:SourceVpce, aws:SourceArn "
        "or aws:PrincipalAccount.",
        f"{_SQS}sqs-security-best-practices.html",
    ),
    "FORALLVALUES_WITHOUT_NULL_CHECK": Check(
        Severity.SECURITY_WARNING,
        "ForAllValues also holds where the request has no {key} at all. Add a Null condition on {key} with the value "
        "false.",
        f"{_IAM}reference_policies_condition-single-vs-multi-valued-context-keys.html",
    ),
    "ROLE_TRUSTS_EVERYONE": Check(
        Severity.SECURITY_WARNING,
        "Everyone whose own policies allow it may assume the role, of whatever account. Name the principals, or add a "
        "condition such as aws:PrincipalOrgID.",
        f"{_CHECKS}#access-analyzer-reference-policy-checks-error-role-trust-policy-unsupported-wildcard-in-principal",
    ),
    "PRIVATE_IP_ADDRESS": Check(
        Severity.WARNING,
        "On AWS aws:SourceIp works only for public IP address ranges. The values for condition key aws:SourceIp "
        "include {what} private IP addresses and will not have the desired effect there. Through a VPC endpoint, use "
        "aws:VpcSourceIp.",
        f"{_CHECKS}#access-analyzer-reference-policy-checks-error-private-ip-address",
    ),
    "ALLOW_WITH_NOT_ACTION": Check(
        Severity.WARNING,
        "Allow with NotAction allows every action that is not named, and those that AWS adds later. Use Action "
        "instead.",
        f"{_IAM}reference_policies_elements_notaction.html",
    ),
    "ALLOW_WITH_NOT_RESOURCE": Check(
        Severity.WARNING,
        "Allow with NotResource allows every resource that is not named, and those made later. Use Resource instead.",
        f"{_IAM}reference_policies_elements_notresource.html",
    ),
    "ARN_WITH_FEWER_FIELDS": Check(
        Severity.WARNING,
        "{resource} has fewer than the six fields of an ARN (arn:partition:service:region:account:resource); "
        "stars stand for the rest.",
        f"{_IAM}reference_policies_elements_resource.html",
    ),
    "ARN_OF_NO_QUEUE": Check(
        Severity.WARNING,
        "{resource} has no {field}, and the ARN of every queue has one, so it matches none. Write it, or a star.",
        f"{_SQS}sqs-overview-of-managing-access.html",
    ),
    "INVALID_ARN_OPERAND": Check(
        Severity.WARNING,
        "{detail}. AWS takes it, and lets it take part in a Deny. Write an ARN of six parts, with wildcards where they "
        "are meant.",
        f"{_IAM}reference_policies_elements_condition_operators.html",
    ),
    "PRINCIPAL_ARN_REPAIRED": Check(
        Severity.WARNING,
        "{detail}. AWS refuses such a policy. Write the ARN with both colons.",
        f"{_SQS}sqs-internetwork-traffic-privacy.html",
    ),
    "VARIABLE_UNSUPPORTED_IN_VERSION": Check(
        Severity.WARNING,
        "To include variables in your policy, use the policy version 2012-10-17 or later. Here ${{...}} is literal "
        "text.",
        f"{_CHECKS}#access-analyzer-reference-policy-checks-error-variable-unsupported-in-version",
    ),
    "NOT_PRINCIPAL_WITHOUT_ACCOUNT": Check(
        Severity.WARNING,
        "Deny with NotPrincipal denies {principal} all the same, because {missing} is not named beside it. Name it "
        "too, or deny everyone with a condition on aws:PrincipalArn.",
        f"{_IAM}reference_policies_elements_notprincipal.html",
    ),
    "ACTION_NOT_GRANTED_ACROSS_ACCOUNTS": Check(
        Severity.WARNING,
        "{action} cannot be granted to another account; account {account} does not get it from this policy.",
        f"{_SQS}sqs-limitations-of-custom-policies.html",
    ),
    "ACTION_NEEDS_ALL_RESOURCES": Check(
        Severity.WARNING,
        'sqs:ListQueues names no queue, so it is allowed only by a statement whose Resource is "*".',
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html",
    ),
    "CONTRADICTORY_CONDITION_KEYS": Check(
        Severity.WARNING,
        "{key} and {other} are never in one request: {why}. The statement never applies.",
        f"{_IAM}reference_policies_condition-keys.html",
    ),
    "CONDITION_KEY_NEVER_PRESENT": Check(
        Severity.WARNING,
        "{key} is never in a request that came through a VPC endpoint, so this statement never applies. Use "
        "aws:VpcSourceIp.",
        f"{_IAM}reference_policies_condition-keys.html",
    ),
    "DENY_HITS_ENDPOINTS": Check(
        Severity.WARNING,
        "aws:SourceIp is absent from requests through a VPC endpoint, so this Deny hits every one of them. Add a "
        "condition such as Null aws:SourceVpce true where they are meant to pass.",
        f"{_IAM}reference_policies_condition-keys.html",
    ),
    "NO_ALLOW": Check(Severity.WARNING, "{detail}.", _PRIVATELINK),
    "ENDPOINT_WILDCARD": Check(Severity.WARNING, "{detail}.", _PRIVATELINK),
    "POLICY_SIZE_NEAR_QUOTA": Check(
        Severity.SUGGESTION,
        "The policy takes {size} of the {quota} {unit} that there are.",
        f"{_SQS}quotas-policies.html",
    ),
}

CATALOGUE: Final[dict[str, Check]] = {
    **_rows(Severity.ERROR, "error", _ERRORS),
    **_rows(Severity.ERROR, "general-warning", _REFUSED_WARNINGS),
    **_rows(Severity.ERROR, "suggestion", _REFUSED_SUGGESTIONS),
    **_rows(Severity.SECURITY_WARNING, "security-warning", _SECURITY_WARNINGS),
    **_rows(Severity.WARNING, "general-warning", _WARNINGS),
    **_rows(Severity.SUGGESTION, "suggestion", _SUGGESTIONS),
    **_OWN,
}
