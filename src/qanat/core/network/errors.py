"""Refusals of EC2, with its own texts where recorded (EC2 API reference, errors-overview)."""

from typing import ClassVar

from qanat.core.errors import QanatError


class NotFound(QanatError):
    """A thing that does not exist, or belongs to another account or region; subclasses say which kind."""

    text: ClassVar[str]

    def __init__(self, thing_id: str) -> None:
        super().__init__(self.text.format(thing_id))


class VpcNotFound(NotFound):
    code = "InvalidVpcID.NotFound"
    text = "The vpc ID '{}' does not exist"


class SubnetNotFound(NotFound):
    code = "InvalidSubnetID.NotFound"
    text = "The subnet ID '{}' does not exist"


class SecurityGroupNotFound(NotFound):
    code = "InvalidGroup.NotFound"
    text = "The security group '{}' does not exist"


class RuleIdNotFound(NotFound):
    code = "InvalidSecurityGroupRuleId.NotFound"
    text = "The security group rule ID '{}' does not exist"


class VpcEndpointNotFound(NotFound):
    code = "InvalidVpcEndpointId.NotFound"
    text = "The Vpc Endpoint Id '{}' does not exist"


class VpcEndpointIdMalformed(NotFound):
    code = "InvalidVpcEndpointId.Malformed"
    text = "Invalid Id: '{}' (expecting 'vpce-...')"


class NetworkInterfaceNotFound(NotFound):
    code = "InvalidNetworkInterfaceID.NotFound"
    text = "The networkInterface ID '{}' does not exist"


class InvalidParameter(QanatError):
    """EC2's word for a parameter that is well formed and does not fit; not the same code as InvalidParameterValue."""

    code = "InvalidParameter"


class VpcRangeInvalid(QanatError):
    code = "InvalidVpc.Range"


class SubnetRangeInvalid(QanatError):
    code = "InvalidSubnet.Range"


class SubnetConflict(QanatError):
    code = "InvalidSubnet.Conflict"


class DependencyViolation(QanatError):
    code = "DependencyViolation"


class SecurityGroupDuplicate(QanatError):
    code = "InvalidGroup.Duplicate"


class CannotDelete(QanatError):
    code = "CannotDelete"


class RuleDuplicate(QanatError):
    code = "InvalidPermission.Duplicate"


class RuleNotFound(QanatError):
    code = "InvalidPermission.NotFound"
    default = "The specified rule does not exist in this security group."


class RulesExceeded(QanatError):
    code = "RulesPerSecurityGroupLimitExceeded"
    default = "The maximum number of rules per security group has been reached."


class InvalidServiceName(QanatError):
    code = "InvalidServiceName"

    def __init__(self, name: str) -> None:
        super().__init__(f"The Vpc Endpoint Service '{name}' does not exist")


class DuplicateSubnetsInSameZone(QanatError):
    code = "DuplicateSubnetsInSameZone"

    def __init__(self, subnet_id: str) -> None:
        super().__init__(
            f"Found another VPC endpoint subnet in the availability zone of {subnet_id}. VPC endpoint subnets "
            "should be in different availability zones supported by the VPC endpoint service."
        )


class InvalidPolicyDocument(QanatError):
    code = "InvalidPolicyDocument"


class VpcEndpointsExceeded(QanatError):
    code = "VpcEndpointLimitExceeded"
    default = "The maximum number of VPC endpoints has been reached."


class IdempotentParameterMismatch(QanatError):
    code = "IdempotentParameterMismatch"
    default = "The request uses the same client token as a previous, but non-identical request."


class NoFreeAddress(QanatError):
    code = "InsufficientFreeAddressesInSubnet"
    default = "The specified subnet does not have enough free addresses to satisfy the request."


class AddressInUse(QanatError):
    code = "InvalidIPAddress.InUse"

    def __init__(self, address: str) -> None:
        super().__init__(f"Address {address} is in use.")
