"""ARNs of resources that parse and that nothing can have.

Invariant: a field with a wildcard or a policy variable is not judged.
"""

import re
from typing import Final

from qanat.core.names import ACCOUNT_ID, REGION, Arn
from qanat.core.policy.errors import shown
from qanat.core.policy.lint.view import Item, Report

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_WILDCARD: Final = re.compile(r"[*?]")
_QUEUE: Final = re.compile(r"[A-Za-z0-9_*?-]{0,80}(?:\.fifo|\.\*|\*)?\Z")
# What ARNs of IAM's own policies have for an account.
_AWS: Final = "aws"
# Names of S3's buckets are everybody's; its access points and jobs are somewhere.
_BUCKET: Final = re.compile(r"(?!(?:accesspoint|access-grants|job|storage-lens)/)[a-z0-9.*?-]+(?:/|\Z)")


def check_arn(item: Item, report: Report) -> None:
    """What Access Analyzer finds in an ARN, as far as it is clear without a list of all of AWS's services."""
    arn = Arn.parse(_VARIABLE.sub("*", item.text))
    if arn is None:
        return
    if arn.service != arn.service.lower():
        report.find("INVALID_ARN_SERVICE_CASE", item.path, service=shown(arn.service))
    if _fixed(arn.account) and not ACCOUNT_ID.match(arn.account) and arn.account not in (_AWS, arn.service):
        report.find("INVALID_ARN_ACCOUNT", item.path, account=shown(arn.account))
    if _fixed(arn.region):
        if arn.service == "iam" or (arn.service == "s3" and _BUCKET.match(arn.resource)):
            report.find("ARN_REGION_NOT_ALLOWED", item.path, service=arn.service)
        elif not REGION.match(arn.region):
            report.find("INVALID_ARN_REGION", item.path, region=shown(arn.region))
    if arn.service == "s3" and _fixed(arn.account) and not arn.region and _BUCKET.match(arn.resource):
        report.find("ARN_ACCOUNT_NOT_ALLOWED", item.path, service=arn.service)
    if arn.service == "sqs":
        _check_queue(item, arn, report)


def _check_queue(item: Item, arn: Arn, report: Report) -> None:
    if not arn.region:
        report.find("MISSING_ARN_REGION", item.path, service="sqs")
    elif not arn.account:
        report.find("ARN_OF_NO_QUEUE", item.path, resource=shown(item.text), field="account")
    if not arn.resource or not _QUEUE.match(arn.resource):
        name = re.split("[/:]", item.text)[-1]
        head = item.text.rsplit(":", item.text.count(":") - 4)[0]
        hint = f" Did you mean {shown(f'{head}:{name}')}?" if name and _QUEUE.match(name) else ""
        report.find("INVALID_ARN_RESOURCE", item.path, hint=hint)


def _fixed(field: str) -> bool:
    return bool(field) and not _WILDCARD.search(field)
