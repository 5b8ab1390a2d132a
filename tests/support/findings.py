"""One small policy for each finding of `qanat policy validate`: what it is, its code, and where it is found."""

import json

from qanat.core.policy.sizes import PolicyKind

AS_PRINTED = """{
   "Statement": [{
      "Action": ["sqs:SendMessage"],
      "Effect": "Allow",
      "Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue",
      "Principal": {
        "AWS": "arn:aws:iam:123456789012:user/MyUser"
      }
   }]
}"""
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:us-east-2:{ACCOUNT}:t"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:MyQueue"
USER = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/MyUser"}
IDENTITY, RESOURCE, ENDPOINT, TRUST, SCP = (
    PolicyKind.IDENTITY,
    PolicyKind.RESOURCE,
    PolicyKind.ENDPOINT,
    PolicyKind.TRUST,
    PolicyKind.SERVICE_CONTROL,
)
STATEMENT = {"Effect": "Allow", "Principal": USER, "Action": "sqs:SendMessage", "Resource": QUEUE}


def text(*statements: object, **elements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **elements})


def statement(*without: str, **elements: object) -> dict[str, object]:
    return {key: value for key, value in {**STATEMENT, **elements}.items() if key not in without}


def queue(*without: str, **elements: object) -> tuple[str, PolicyKind]:
    return text(statement(*without, **elements)), RESOURCE


def user(*without: str, **elements: object) -> tuple[str, PolicyKind]:
    return text(statement("Principal", *without, **elements)), IDENTITY


def trust(*without: str, **elements: object) -> tuple[str, PolicyKind]:
    return text(statement("Resource", *without, **{"Action": "sts:AssumeRole", **elements})), TRUST


def endpoint(**elements: object) -> tuple[str, PolicyKind]:
    return text(statement(**elements)), ENDPOINT


def when(operator: str, key: str, value: object, **elements: object) -> tuple[str, PolicyKind]:
    return queue(Condition={operator: {key: value}}, **elements)


S = "Statement[0]"
A_ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
REGION_VALUE = f"{S}.Condition.StringEquals.aws:RequestedRegion[0]"
CASES: list[tuple[tuple[str, PolicyKind], str, str]] = [
    (("{", RESOURCE), "JSON_SYNTAX_ERROR", ""),
    (("[]", RESOURCE), "DATA_TYPE_MISMATCH", ""),
    (("{}", RESOURCE), "MISSING_STATEMENT", "Statement"),
    ((text(), RESOURCE), "MISSING_STATEMENT", "Statement"),
    ((text(5), RESOURCE), "DATA_TYPE_MISMATCH", S),
    ((json.dumps({"Statement": STATEMENT}), RESOURCE), "MISSING_VERSION", ""),
    ((text(STATEMENT, Version="2012-10-18"), RESOURCE), "INVALID_VERSION", "Version"),
    ((text(STATEMENT, statements=1), RESOURCE), "INVALID_POLICY_ELEMENT", "statements"),
    ((text(STATEMENT, Id=1), RESOURCE), "DATA_TYPE_MISMATCH", "Id"),
    ((text(statement("Principal"), Id="x"), IDENTITY), "INVALID_POLICY_ELEMENT", "Id"),
    (queue(action="sqs:*"), "INVALID_POLICY_ELEMENT", f"{S}.action"),
    (queue("Effect"), "MISSING_EFFECT", S),
    (queue(Effect="allow"), "INVALID_EFFECT", f"{S}.Effect"),
    (queue(Sid=""), "EMPTY_SID_VALUE", f"{S}.Sid"),
    (queue(Sid=1), "DATA_TYPE_MISMATCH", f"{S}.Sid"),
    (user(Sid="a-b"), "UNSUPPORTED_SID", f"{S}.Sid"),
    (
        (text(statement("Principal", Sid="A"), statement("Principal", Sid="A", Action="sqs:Get*")), IDENTITY),
        "UNIQUE_SIDS_REQUIRED",
        "Statement[1].Sid",
    ),
    (
        (text(statement(Sid="A"), statement(Sid="A", Action="sqs:Get*")), RESOURCE),
        "UNIQUE_SIDS_RECOMMENDED",
        "Statement[1].Sid",
    ),
    # Principals.
    (queue("Principal"), "MISSING_PRINCIPAL", S),
    ((text(STATEMENT), IDENTITY), "UNSUPPORTED_PRINCIPAL", f"{S}.Principal"),
    ((text(STATEMENT), SCP), "SCP_SYNTAX_ERROR_PRINCIPAL", f"{S}.Principal"),
    (queue(NotPrincipal="*"), "UNSUPPORTED_ELEMENT_COMBINATION", f"{S}.NotPrincipal"),
    (queue(Principal=ACCOUNT), "INVALID_PRINCIPAL_FORMAT", f"{S}.Principal"),
    (queue(Principal={"aws": ACCOUNT}), "INVALID_PRINCIPAL_KEY", f"{S}.Principal.aws"),
    (queue(Principal={"AWS": []}), "EMPTY_ARRAY_PRINCIPAL", f"{S}.Principal"),
    (queue(Principal={"AWS": [5]}), "DATA_TYPE_MISMATCH", f"{S}.Principal.AWS[0]"),
    (queue(Principal={"AWS": ["1234-5678-9012"]}), "INVALID_PRINCIPAL", f"{S}.Principal.AWS[0]"),
    (
        queue(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}),
        "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        f"{S}.Principal.AWS[0]",
    ),
    ((AS_PRINTED, ENDPOINT), "PRINCIPAL_ARN_REPAIRED", f"{S}.Principal.AWS[0]"),
    (queue("Principal", NotPrincipal=USER), "ALLOW_WITH_NOT_PRINCIPAL", f"{S}.NotPrincipal"),
    (
        queue("Principal", NotPrincipal=USER, Effect="Deny"),
        "NOT_PRINCIPAL_WITHOUT_ACCOUNT",
        f"{S}.NotPrincipal.AWS[0]",
    ),
    (
        queue(Principal={"Service": "sns.amazonaws.com"}),
        "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        f"{S}.Principal.Service[0]",
    ),
    (
        queue(Principal={"AWS": "999999999999"}, Action=["sqs:SendMessage", "sqs:DeleteQueue"]),
        "ACTION_NOT_GRANTED_ACROSS_ACCOUNTS",
        f"{S}.Action[1]",
    ),
    (queue(Principal="*"), "PUBLIC_QUEUE", f"{S}.Principal"),
    # Actions and resources.
    (queue("Action"), "MISSING_ACTION", S),
    (queue(Action=[]), "EMPTY_ARRAY_ACTION", f"{S}.Action"),
    (queue(Action=[1]), "DATA_TYPE_MISMATCH", f"{S}.Action[0]"),
    (queue(Action="SendMessage"), "INVALID_ACTION", f"{S}.Action[0]"),
    (user(Action=["sqs:*", "sqs:RecieveMessage"]), "INVALID_ACTION", f"{S}.Action[1]"),
    (endpoint(Action="sqs:SendMessageBatch"), "INVALID_ACTION", f"{S}.Action[0]"),
    (queue(Action="s3:GetObject"), "UNSUPPORTED_ACTION_IN_POLICY", f"{S}.Action[0]"),
    (queue(Action="sqs:${aws:username}"), "VARIABLE_UNSUPPORTED_IN_ELEMENT", f"{S}.Action[0]"),
    (user("Action", NotAction="sqs:SendMessage"), "ALLOW_WITH_NOT_ACTION", f"{S}.NotAction"),
    (user(Action="s?s:SendMessage"), "WILDCARD_IN_SERVICE_NAME", f"{S}.Action[0]"),
    (user(Action=["sqs:Send*", "sqs:SendMessage", "sqs:*"]), "REDUNDANT_ACTION", f"{S}.Action[0]"),
    (user(Action=["sqs:sendmessage", "sqs:SendMessage"]), "REDUNDANT_ACTION", f"{S}.Action[1]"),
    (queue("Resource"), "MISSING_RESOURCE", S),
    (queue(Resource=[]), "EMPTY_ARRAY_RESOURCE", f"{S}.Resource"),
    (queue(Resource="MyQueue"), "INVALID_ARN_PREFIX", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:MyQueue"), "MISSING_ARN_FIELD", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:*"), "ARN_WITH_FEWER_FIELDS", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:us-east-2::q"), "ARN_OF_NO_QUEUE", f"{S}.Resource[0]"),
    (queue(Resource=QUEUE.replace("aws", "azure")), "INVALID_PARTITION", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:s3:::b"), "UNSUPPORTED_RESOURCE_ARN_IN_POLICY", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:${aws:x}:1:q"), "POLICY_REFUSED", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{aws:x"), "MISSING_BRACE_IN_VARIABLE", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{}}"), "EMPTY_VARIABLE", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{aws:username, x}}"), "MISSING_QUOTE_IN_VARIABLE", f"{S}.Resource[0]"),
    (
        (text(statement(Resource=f"{QUEUE}${{aws:username}}"), Version="2008-10-17"), RESOURCE),
        "VARIABLE_UNSUPPORTED_IN_VERSION",
        f"{S}.Resource[0]",
    ),
    (user("Resource", NotResource=QUEUE), "ALLOW_WITH_NOT_RESOURCE", f"{S}.NotResource"),
    (user(Resource=[QUEUE, "arn:aws:sqs:us-east-2:*"]), "REDUNDANT_RESOURCE", f"{S}.Resource[0]"),
    (user(Action=["sqs:ListQueues"]), "ACTION_NEEDS_ALL_RESOURCES", f"{S}.Action[0]"),
    (
        (text(statement("Resource", "Action", Action="sts:AssumeRole", NotResource="*")), TRUST),
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        f"{S}.NotResource",
    ),
    ((text(STATEMENT, {"Sid": "x", **STATEMENT}), RESOURCE), "REDUNDANT_STATEMENT", "Statement[1]"),
    # Conditions.
    (queue(Condition={}), "EMPTY_OBJECT_CONDITION", f"{S}.Condition"),
    (queue(Condition=[]), "DATA_TYPE_MISMATCH", f"{S}.Condition"),
    (queue(Condition={"Bool": 1}), "DATA_TYPE_MISMATCH", f"{S}.Condition.Bool"),
    (
        when("StringEqual", "aws:userid", "x"),
        "INVALID_CONDITION_OPERATOR",
        f"{S}.Condition.StringEqual",
    ),
    (when("NullIfExists", "aws:userid", "x"), "NULL_WITH_IF_EXISTS", f"{S}.Condition.NullIfExists"),
    (
        when("ForAllValues:Null", "aws:TagKeys", "true"),
        "NULL_WITH_QUALIFIER",
        f"{S}.Condition.ForAllValues:Null",
    ),
    (
        when("StringEquals", "username", "x"),
        "INVALID_CONDITION_KEY_FORMAT",
        f"{S}.Condition.StringEquals.username",
    ),
    (
        when("StringEquals", "aws:SourceVpcEndpoint", "vpce-1a2b3c4d"),
        "INVALID_GLOBAL_CONDITION_KEY",
        f"{S}.Condition.StringEquals.aws:SourceVpcEndpoint",
    ),
    (
        when("StringEquals", "sqs:SourceVpce", "vpce-1a2b3c4d"),
        "INVALID_SERVICE_CONDITION_KEY",
        f"{S}.Condition.StringEquals.sqs:SourceVpce",
    ),
    (
        when("ArnEquals", "aws:ARN", QUEUE),
        "UNSUPPORTED_GLOBAL_CONDITION_KEY",
        f"{S}.Condition.ArnEquals.aws:ARN",
    ),
    (
        when("StringEquals", "aws:ResourceTag/", "x"),
        "MISSING_TAG_KEY_IN_CONDITION",
        f"{S}.Condition.StringEquals.aws:ResourceTag/",
    ),
    (
        queue(Condition={"StringEquals": {"aws:userid": "x", "AWS:UserId": "y"}}),
        "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        f"{S}.Condition.StringEquals.AWS:UserId",
    ),
    (
        when("StringEquals", "aws:userid", []),
        "EMPTY_ARRAY_CONDITION",
        f"{S}.Condition.StringEquals.aws:userid",
    ),
    (
        when("StringEquals", "aws:userid", [None]),
        "DATA_TYPE_MISMATCH",
        f"{S}.Condition.StringEquals.aws:userid[0]",
    ),
    (
        when("IpAddress", "aws:SourceVpce", "10.0.0.0/8"),
        "TYPE_MISMATCH",
        f"{S}.Condition.IpAddress.aws:SourceVpce",
    ),
    (
        when("StringEquals", "aws:CalledVia", "sqs.amazonaws.com"),
        "MISSING_QUALIFIER",
        f"{S}.Condition.StringEquals.aws:CalledVia",
    ),
    (
        when("ForAllValues:StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d"),
        "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        f"{S}.Condition.ForAllValues:StringEquals.aws:SourceVpce",
    ),
    (
        when("ForAllValues:StringEquals", "aws:TagKeys", "team"),
        "FORALLVALUES_WITHOUT_NULL_CHECK",
        f"{S}.Condition.ForAllValues:StringEquals.aws:TagKeys",
    ),
    (
        when("Null", "aws:TagKeys", ["true", False]),
        "INVALID_CONDITION_MULTIPLE_BOOLEAN",
        f"{S}.Condition.Null.aws:TagKeys",
    ),
    (
        when("StringEquals", "aws:userid", "AIDA*"),
        "WILDCARD_WITHOUT_LIKE_OPERATOR",
        f"{S}.Condition.StringEquals.aws:userid[0]",
    ),
    (
        when("StringEquals", "aws:SourceVpc", "vpce-1a2b3c4d"),
        "INVALID_VPC_FORMAT",
        f"{S}.Condition.StringEquals.aws:SourceVpc[0]",
    ),
    (
        when(
            "StringNotEquals", "aws:SourceVpce", f"arn:aws:ec2:us-east-2:{ACCOUNT}:vpc-endpoint/vpce-1a2b3c4d"
        ),
        "INVALID_VPCE_FORMAT",
        f"{S}.Condition.StringNotEquals.aws:SourceVpce[0]",
    ),
    (
        when("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00"),
        "TYPE_MISMATCH_DATE",
        f"{S}.Condition.DateLessThan.aws:CurrentTime[0]",
    ),
    (
        when("NumericLessThan", "aws:MultiFactorAuthAge", "1h"),
        "TYPE_MISMATCH_NUMBER",
        f"{S}.Condition.NumericLessThan.aws:MultiFactorAuthAge[0]",
    ),
    (
        when("Bool", "aws:SecureTransport", "yes"),
        "TYPE_MISMATCH_BOOLEAN",
        f"{S}.Condition.Bool.aws:SecureTransport[0]",
    ),
    (
        when("BinaryEquals", "aws:userid", "?"),
        "TYPE_MISMATCH_STRING",
        f"{S}.Condition.BinaryEquals.aws:userid[0]",
    ),
    (
        when("IpAddress", "aws:SourceIp", ["2001:db8::/32", "2001:db8::1/32"]),
        "TYPE_MISMATCH_IP_RANGE",
        f"{S}.Condition.IpAddress.aws:SourceIp[1]",
    ),
    (
        when("IpAddress", "aws:SourceIp", "203.0.113.7/24"),
        "IMPROVE_IP_RANGE",
        f"{S}.Condition.IpAddress.aws:SourceIp[0]",
    ),
    (
        when("NumericLessThan", "aws:MultiFactorAuthAge", [1, 2]),
        "REDUNDANT_CONDITION_VALUE_NUM",
        f"{S}.Condition.NumericLessThan.aws:MultiFactorAuthAge",
    ),
    (
        when("DateLessThan", "aws:CurrentTime", "${aws:TokenIssueTime}"),
        "INVALID_VARIABLE_FOR_OPERATOR",
        f"{S}.Condition.DateLessThan.aws:CurrentTime[0]",
    ),
    (
        when("ArnEquals", "aws:PrincipalArn", "MyUser"),
        "INVALID_ARN_OPERAND",
        f"{S}.Condition.ArnEquals.aws:PrincipalArn[0]",
    ),
    (
        queue(
            Condition={
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
            }
        ),
        "CONTRADICTORY_CONDITION_KEYS",
        f"{S}.Condition.IpAddress.aws:SourceIp",
    ),
    (
        queue(
            Condition={
                "Null": {"aws:SourceVpc": "true"},
                "StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
            }
        ),
        "CONTRADICTORY_CONDITION_KEYS",
        f"{S}.Condition.Null.aws:SourceVpc",
    ),
    (
        endpoint(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        "CONDITION_KEY_NEVER_PRESENT",
        f"{S}.Condition.IpAddress.aws:SourceIp",
    ),
    (
        when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", Effect="Deny"),
        "DENY_HITS_ENDPOINTS",
        f"{S}.Condition.NotIpAddress.aws:SourceIp",
    ),
    # The whole.
    (queue(Principal="*", Effect="Deny", Action="sqs:*"), "LOCKS_OUT_EVERYONE", f"{S}.Action[0]"),
    (
        when(
            "StringNotEquals",
            "aws:SourceVpce",
            "vpce-1a2b3c4d",
            Principal="*",
            Effect="Deny",
            Action=["sqs:SendMessage", "sqs:Set*"],
        ),
        "LOCKS_OUT_ADMINISTRATORS",
        f"{S}.Action[1]",
    ),
    (endpoint(Effect="Deny"), "NO_ALLOW", ""),
    (
        endpoint(Condition={"StringLike": {"aws:SourceVpc": "vpc-12345*"}}),
        "ENDPOINT_WILDCARD",
        f"{S}.Condition.StringLike.aws:SourceVpc[0]",
    ),
    ((text(STATEMENT).ljust(8_193), RESOURCE), "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", ""),
    ((text(STATEMENT).ljust(7_400), RESOURCE), "POLICY_SIZE_NEAR_QUOTA", ""),
    ((text(STATEMENT).ljust(20_481), ENDPOINT), "POLICY_OVER_QUOTA", ""),
    ((text(*[STATEMENT] * 21), RESOURCE), "POLICY_OVER_QUOTA", "Statement"),
    (user(Sid="x" * 6_200), "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", ""),
    # Access Analyzer's checks of ARNs, principals and regions.
    (queue(Resource="arn:aws:sqs:us-east-2:12345678901:q"), "INVALID_ARN_ACCOUNT", f"{S}.Resource[0]"),
    (queue(Resource=f"arn:aws:sqs:us-east2:{ACCOUNT}:q"), "INVALID_ARN_REGION", f"{S}.Resource[0]"),
    (queue(Resource=f"arn:aws:SQS:us-east-2:{ACCOUNT}:q"), "INVALID_ARN_SERVICE_CASE", f"{S}.Resource[0]"),
    (queue(Resource=f"arn:aws:sqs::{ACCOUNT}:q"), "MISSING_ARN_REGION", f"{S}.Resource[0]"),
    (queue(Resource=f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue/q"), "INVALID_ARN_RESOURCE", f"{S}.Resource[0]"),
    (queue(Resource=f"arn:aws:sqs:us-east-2:{ACCOUNT}:"), "INVALID_ARN_RESOURCE", f"{S}.Resource[0]"),
    (
        user(Action="iam:GetUser", Resource=f"arn:aws:iam:us-east-2:{ACCOUNT}:user/Ann"),
        "ARN_REGION_NOT_ALLOWED",
        f"{S}.Resource[0]",
    ),
    (
        user("Resource", Action="s3:GetObject", NotResource=f"arn:aws:s3::{ACCOUNT}:bucket/*"),
        "ARN_ACCOUNT_NOT_ALLOWED",
        f"{S}.NotResource[0]",
    ),
    (when("StringEquals", "aws:RequestedRegion", "useast2"), "INVALID_REGION", REGION_VALUE),
    (
        queue(Principal={"Service": "sns"}),
        "INVALID_SERVICE_PRINCIPAL_FORMAT",
        f"{S}.Principal.Service[0]",
    ),
    (
        when("StringEquals", "aws:PrincipalOrgID", "o-1", Principal={"Service": "sns.amazonaws.com"}),
        "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        f"{S}.Condition.StringEquals.aws:PrincipalOrgID",
    ),
    (queue(Principal={}), "EMPTY_OBJECT_PRINCIPAL", f"{S}.Principal"),
    (user(Resource=f"{QUEUE}-${{ aws:username }}"), "UNSUPPORTED_SPACE_IN_VARIABLE", f"{S}.Resource[0]"),
    (
        when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "10.1.0.0/16"]),
        "PRIVATE_IP_ADDRESS",
        f"{S}.Condition.IpAddress.aws:SourceIp[1]",
    ),
    (
        trust("Principal", NotPrincipal=USER),
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        f"{S}.NotPrincipal",
    ),
    (trust(Principal={"AWS": "*"}), "ROLE_TRUSTS_EVERYONE", f"{S}.Principal"),
    # What hands on more than it says.
    *(
        (policy, f"{prefix}_WITH_{how}", f"{S}.{where}")
        for prefix, action in (("PASS_ROLE", "iam:PassRole"), ("CREATE_SLR", "iam:CreateServiceLinkedRole"))
        for policy, how, where in (
            (user(Action=action, Resource="*"), "STAR_IN_RESOURCE", "Resource"),
            (user(Action="iam:*", Resource="*"), "STAR_IN_ACTION_AND_RESOURCE", "Resource"),
            (
                user("Action", NotAction="sqs:*", Resource="*"),
                "STAR_IN_RESOURCE_AND_NOTACTION",
                "Resource",
            ),
            (user("Resource", Action=action, NotResource=A_ROLE), "NOTRESOURCE", "NotResource"),
            (
                user("Resource", Action="*", NotResource=A_ROLE),
                "STAR_IN_ACTION_AND_NOTRESOURCE",
                "NotResource",
            ),
            (
                user("Action", "Resource", NotAction="sqs:*", NotResource=A_ROLE),
                "NOTACTION_AND_NOTRESOURCE",
                "NotResource",
            ),
        )
    ),
]
