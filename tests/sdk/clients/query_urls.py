"""For the last boto3 of the Query protocol: a presigned URL for each call on standard input. Prints one JSON line.

Input: a JSON list of [operation, parameters, method, seconds].
"""

import json
import sys

import botocore.session
from botocore import xform_name


def presign(endpoint_url: str, calls: list[list[object]]) -> list[str]:
    client = botocore.session.get_session().create_client("sqs", endpoint_url=endpoint_url)
    return [
        client.generate_presigned_url(xform_name(operation), parameters, seconds, method)
        for operation, parameters, method, seconds in calls
    ]


if __name__ == "__main__":
    print(json.dumps(presign(sys.argv[1], json.load(sys.stdin))))
