"""Policies that AWS manages, of those that people attach for what is served here.

They live in this table and not in the log; their ids and dates are AWS's own, their documents those of March 2026,
each with its default version alone. Of ReadOnlyAccess, which lists some 2,700 actions, those of EC2, IAM, SQS and STS
are kept; the others are whole (AWS Managed Policy Reference Guide).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from qanat.core.identity.model import ManagedPolicy, PolicyVersion

AWS: Final = "aws"
"""What stands in their ARNs for an account."""

_DESCRIPTIONS: Final = {
    "AdministratorAccess": "Provides full access to AWS services and resources.",
    "PowerUserAccess": (
        "Provides full access to AWS services and resources, but does not allow management of Users and groups."
    ),
    "ReadOnlyAccess": "Provides read-only access to AWS services and resources.",
    "AmazonSQSFullAccess": "Provides full access to Amazon SQS via the AWS Management Console.",
    "AmazonSQSReadOnlyAccess": "Provides read only access to Amazon SQS via the AWS Management Console.",
    "IAMFullAccess": "Provides full access to IAM via the AWS Management Console.",
    "IAMReadOnlyAccess": "Provides read only access to IAM via the AWS Management Console.",
    "AmazonVPCFullAccess": "Provides full access to Amazon VPC via the AWS Management Console.",
    "AmazonVPCReadOnlyAccess": "Provides read only access to Amazon VPC via the AWS Management Console.",
}

_VPC_FULL: Final = """
AcceptVpcPeeringConnection AcceptVpcEndpointConnections AllocateAddress AssignIpv6Addresses
AssignPrivateIpAddresses AssociateAddress AssociateDhcpOptions AssociateRouteTable AssociateSecurityGroupVpc
AssociateSubnetCidrBlock AssociateVpcCidrBlock AttachClassicLinkVpc AttachInternetGateway
AttachNetworkInterface AttachVpnGateway AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
CreateCarrierGateway CreateCustomerGateway CreateDefaultSubnet CreateDefaultVpc CreateDhcpOptions
CreateEgressOnlyInternetGateway CreateFlowLogs CreateInternetGateway
CreateLocalGatewayRouteTableVpcAssociation CreateNatGateway CreateNetworkAcl CreateNetworkAclEntry
CreateNetworkInterface CreateNetworkInterfacePermission CreateRoute CreateRouteTable CreateSecurityGroup
CreateSubnet CreateTags CreateVpc CreateVpcEndpoint CreateVpcEndpointConnectionNotification
CreateVpcEndpointServiceConfiguration CreateVpcPeeringConnection CreateVpnConnection
CreateVpnConnectionRoute CreateVpnGateway DeleteCarrierGateway DeleteCustomerGateway DeleteDhcpOptions
DeleteEgressOnlyInternetGateway DeleteFlowLogs DeleteInternetGateway
DeleteLocalGatewayRouteTableVpcAssociation DeleteNatGateway DeleteNetworkAcl DeleteNetworkAclEntry
DeleteNetworkInterface DeleteNetworkInterfacePermission DeleteRoute DeleteRouteTable DeleteSecurityGroup
DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints DeleteVpcEndpointConnectionNotifications
DeleteVpcEndpointServiceConfigurations DeleteVpcPeeringConnection DeleteVpnConnection
DeleteVpnConnectionRoute DeleteVpnGateway DescribeAccountAttributes DescribeAddresses
DescribeAvailabilityZones DescribeCarrierGateways DescribeClassicLinkInstances DescribeCustomerGateways
DescribeDhcpOptions DescribeEgressOnlyInternetGateways DescribeFlowLogs DescribeInstances
DescribeInternetGateways DescribeIpv6Pools DescribeLocalGatewayRouteTables
DescribeLocalGatewayRouteTableVpcAssociations DescribeKeyPairs DescribeMovingAddresses DescribeNatGateways
DescribeNetworkAcls DescribeNetworkInterfaceAttribute DescribeNetworkInterfacePermissions
DescribeNetworkInterfaces DescribePrefixLists DescribeRouteTables DescribeSecurityGroupReferences
DescribeSecurityGroupRules DescribeSecurityGroups DescribeSecurityGroupVpcAssociations
DescribeStaleSecurityGroups DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcClassicLink
DescribeVpcClassicLinkDnsSupport DescribeVpcEndpointConnectionNotifications DescribeVpcEndpointConnections
DescribeVpcEndpoints DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions
DescribeVpcEndpointServices DescribeVpcPeeringConnections DescribeVpcs DescribeVpnConnections
DescribeVpnGateways DetachClassicLinkVpc DetachInternetGateway DetachNetworkInterface DetachVpnGateway
DisableVgwRoutePropagation DisableVpcClassicLink DisableVpcClassicLinkDnsSupport DisassociateAddress
DisassociateRouteTable DisassociateSecurityGroupVpc DisassociateSubnetCidrBlock DisassociateVpcCidrBlock
EnableVgwRoutePropagation EnableVpcClassicLink EnableVpcClassicLinkDnsSupport GetSecurityGroupsForVpc
ModifyNetworkInterfaceAttribute ModifySecurityGroupRules ModifySubnetAttribute ModifyVpcAttribute
ModifyVpcEndpoint ModifyVpcEndpointConnectionNotification ModifyVpcEndpointServiceConfiguration
ModifyVpcEndpointServicePermissions ModifyVpcPeeringConnectionOptions ModifyVpcTenancy MoveAddressToVpc
RejectVpcEndpointConnections RejectVpcPeeringConnection ReleaseAddress ReplaceNetworkAclAssociation
ReplaceNetworkAclEntry ReplaceRoute ReplaceRouteTableAssociation ResetNetworkInterfaceAttribute
RestoreAddressToClassic RevokeSecurityGroupEgress RevokeSecurityGroupIngress UnassignIpv6Addresses
UnassignPrivateIpAddresses UpdateSecurityGroupRuleDescriptionsEgress
UpdateSecurityGroupRuleDescriptionsIngress
"""

_VPC_READ_ONLY: Final = """
DescribeAccountAttributes DescribeAddresses DescribeCarrierGateways DescribeClassicLinkInstances
DescribeCustomerGateways DescribeDhcpOptions DescribeEgressOnlyInternetGateways DescribeFlowLogs
DescribeInternetGateways DescribeLocalGatewayRouteTables DescribeLocalGatewayRouteTableVpcAssociations
DescribeMovingAddresses DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaceAttribute
DescribeNetworkInterfacePermissions DescribeNetworkInterfaces DescribePrefixLists DescribeRouteTables
DescribeSecurityGroupReferences DescribeSecurityGroupRules DescribeSecurityGroups
DescribeSecurityGroupVpcAssociations DescribeStaleSecurityGroups DescribeSubnets DescribeTags
DescribeVpcAttribute DescribeVpcClassicLink DescribeVpcClassicLinkDnsSupport DescribeVpcEndpoints
DescribeVpcEndpointConnectionNotifications DescribeVpcEndpointConnections
DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions DescribeVpcEndpointServices
DescribeVpcPeeringConnections DescribeVpcs DescribeVpnConnections DescribeVpnGateways
GetSecurityGroupsForVpc
"""


def _ec2(names: str) -> list[str]:
    return [f"ec2:{name}" for name in names.split()]


def _allow(actions: list[str], sid: str | None = None, element: str = "Action") -> dict[str, object]:
    head = {} if sid is None else {"Sid": sid}
    return {**head, "Effect": "Allow", element: actions, "Resource": "*"}


def _managed(
    name: str, policy_id: str, created: str, edited: str, version: str, *statements: dict[str, object]
) -> ManagedPolicy:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    edited_at_ms = _ms(edited)
    return ManagedPolicy(
        account=AWS,
        name=name,
        policy_id=policy_id,
        path="/",
        created_at_ms=_ms(created),
        updated_at_ms=edited_at_ms,
        versions=(PolicyVersion(version, document, edited_at_ms),),
        default_version_id=version,
        next_version=int(version[1:]) + 1,
        description=_DESCRIPTIONS[name],
    )


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


_POLICIES: Final = (
    _managed(
        "AdministratorAccess",
        "ANPAIWMBCKSKIEE64ZLYK",
        "2015-02-06T18:39:46Z",
        "2015-02-06T18:39:46Z",
        "v1",
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
    ),
    _managed(
        "PowerUserAccess",
        "ANPAJYRXTHIB4FOVS3ZXS",
        "2015-02-06T18:39:47Z",
        "2026-02-12T17:59:14Z",
        "v12",
        _allow(["iam:*", "organizations:*", "account:*"], element="NotAction"),
        _allow(
            [
                "account:GetAccountInformation",
                "account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization",
            ]
        ),
    ),
    _managed(
        "ReadOnlyAccess",
        "ANPAILL3HVNFSB6DCOWYQ",
        "2015-02-06T18:39:48Z",
        "2026-02-12T18:01:33Z",
        "v178",
        _allow(
            [
                "ec2:Describe*",
                "ec2:DescribeInstanceImageMetadata",
                "ec2:Get*",
                "ec2:ListImagesInRecycleBin",
                "ec2:ListSnapshotsInRecycleBin",
                "ec2:SearchLocalGatewayRoutes",
                "ec2:SearchTransitGatewayRoutes",
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "iam:Simulate*",
            ],
            "ReadOnlyActionsGroup1",
        ),
        _allow(
            [
                "sqs:Get*",
                "sqs:List*",
                "sqs:Receive*",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken",
            ],
            "ReadOnlyActionsGroup2",
        ),
    ),
    _managed(
        "AmazonSQSFullAccess",
        "ANPAI65L554VRJ33ECQS6",
        "2015-02-06T18:41:07Z",
        "2015-02-06T18:41:07Z",
        "v1",
        _allow(["sqs:*"]),
    ),
    _managed(
        "AmazonSQSReadOnlyAccess",
        "ANPAIUGSSQY362XGCM6KW",
        "2015-02-06T18:41:08Z",
        "2024-05-24T18:16:44Z",
        "v4",
        _allow(
            [
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ListDeadLetterSourceQueues",
                "sqs:ListQueues",
                "sqs:ListMessageMoveTasks",
                "sqs:ListQueueTags",
            ],
            "AmazonSQSReadOnlyAccess",
        ),
    ),
    _managed(
        "IAMFullAccess",
        "ANPAI7XKCFMBPM3QQRRVQ",
        "2015-02-06T18:40:38Z",
        "2019-06-21T19:40:00Z",
        "v2",
        _allow(
            [
                "iam:*",
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:DescribePolicy",
                "organizations:ListChildren",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:ListRoots",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy",
            ]
        ),
    ),
    _managed(
        "IAMReadOnlyAccess",
        "ANPAJKSO7NDY4T57MWDSQ",
        "2015-02-06T18:40:39Z",
        "2018-01-25T19:11:27Z",
        "v4",
        _allow(
            [
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy",
            ]
        ),
    ),
    _managed(
        "AmazonVPCFullAccess",
        "ANPAJBWPGNOVKZD3JI2P2",
        "2015-02-06T18:41:16Z",
        "2026-02-12T18:00:44Z",
        "v13",
        _allow(_ec2(_VPC_FULL), "AmazonVPCFullAccess"),
    ),
    _managed(
        "AmazonVPCReadOnlyAccess",
        "ANPAIICZJNOJN36GTG6CM",
        "2015-02-06T18:41:17Z",
        "2026-02-12T17:58:19Z",
        "v12",
        _allow(_ec2(_VPC_READ_ONLY), "AmazonVPCReadOnlyAccess"),
    ),
)

AWS_MANAGED: Final[Mapping[str, ManagedPolicy]] = {policy.arn: policy for policy in _POLICIES}
"""By ARN."""
