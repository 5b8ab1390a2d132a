"""AWS RAM User Guide, working-with-az-ids."""

import pytest

from qanat.core.network.zones import zone_id_of, zones_of


@pytest.mark.parametrize(
    ("region", "first_id"),
    [
        ("us-east-2", "use2-az1"),
        ("eu-central-1", "euc1-az1"),
        ("ap-southeast-2", "apse2-az1"),
        ("us-gov-west-1", "usgw1-az1"),
        ("ca-central-1", "cac1-az1"),
    ],
)
def test_zone_ids(region: str, first_id: str) -> None:
    zones = zones_of(region)
    assert [zone.name for zone in zones] == [f"{region}{letter}" for letter in "abc"]
    assert zones[0].zone_id == first_id
    assert zone_id_of(zones[2].name) == zones[2].zone_id
