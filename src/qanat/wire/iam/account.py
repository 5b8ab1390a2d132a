"""The rows that tell of an account as a whole."""

from collections.abc import Mapping

from qanat.core.identity import commands
from qanat.wire.iam.common import IamInput, Marker, MaxItems
from qanat.wire.service import Call, Operation, Output, table
from qanat.wire.xml import Entries


class GetAccountSummaryInput(IamInput, frozen=True):
    pass


class ListAccountAliasesInput(IamInput, frozen=True):
    marker: Marker | None = None
    max_items: MaxItems = 100


def _summary(counts: Mapping[str, int], given: object, call: Call) -> Output:
    return {"SummaryMap": Entries(counts)}


ACCOUNT_OPERATIONS = table(
    Operation(
        "GetAccountSummary",
        GetAccountSummaryInput,
        "iam:GetAccountSummary",
        lambda given, call: "*",
        lambda given, call: commands.GetAccountSummary(call.account),
        _summary,
    ),
    # An account has no alias here: there is no sign-in page that one would name.
    Operation(
        "ListAccountAliases",
        ListAccountAliasesInput,
        "iam:ListAccountAliases",
        lambda given, call: "*",
        lambda given, call: commands.GetUser(call.account, None),
        lambda reply, given, call: {"AccountAliases": [], "IsTruncated": False},
    ),
)
