"""What the audit log says of calls through a VPC endpoint: which one it was, and the client's address in the VPC."""

import json
from typing import Any

from network.world import NEEDS_NAMESPACES
from support.policies import allow
from support.server import ACCOUNT, Server
from support.vpc import EVERYTHING, OWN, Cloud, eventually, private_url


def events(server: Server, name: str, endpoint_id: str) -> list[dict[str, Any]]:
    lines = (server.data / "audit" / "audit.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if (one["eventName"], one.get("vpcEndpointId")) == (name, endpoint_id)]


def test_an_event_names_the_endpoint_and_the_private_address(flat_cloud: Cloud) -> None:
    cloud, vpc_id = flat_cloud, flat_cloud.vpc()
    endpoint, user, queue = cloud.endpoint(vpc_id, cloud.subnet(vpc_id)), cloud.user(), cloud.queue()
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        assert inside.call(OWN, "ListQueueTags", QueueUrl=private_url(queue)).allowed
        cloud.set_policy(endpoint, allow("sqs:Get*", Principal="*"))
        assert not inside.call(OWN, "ListQueueTags", QueueUrl=private_url(queue)).allowed
    well, denied = eventually(
        lambda: events(cloud.server, "ListQueueTags", endpoint.endpoint_id), lambda found: len(found) == 2
    )
    assert well["vpcEndpointAccountId"] == denied["vpcEndpointAccountId"] == ACCOUNT
    assert well["userIdentity"]["userName"] == user.name
    assert well["sourceIPAddress"].startswith("127.")
    assert well["tlsDetails"]["tlsVersion"] == "TLSv1.3"
    assert denied["errorCode"] == "AccessDenied"
    assert "no VPC endpoint policy allows" in denied["errorMessage"]
    cloud.delete(endpoint)


@NEEDS_NAMESPACES
def test_it_is_the_address_in_the_vpc(cloud: Cloud) -> None:
    """In a namespace of its own, the instance has an address of the subnet and no other."""
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id), PolicyDocument=EVERYTHING)
    user = cloud.user()
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        assert inside.call(OWN, "ListQueues").allowed
    (found,) = eventually(
        lambda: events(cloud.server, "ListQueues", endpoint.endpoint_id), lambda found: len(found) == 1
    )
    assert found["sourceIPAddress"].startswith("10.0.1.")
    cloud.delete(endpoint)
