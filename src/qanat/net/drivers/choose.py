"""Which driver serves: the one asked for, else network namespaces where the system allows them, else loopback."""

from qanat.net.drivers.base import Driver
from qanat.net.drivers.loopback import LoopbackDriver
from qanat.net.drivers.netns import NetnsDriver
from qanat.net.errors import NetworkUnavailable


async def open_driver(asked: str | None, loopback_port: int) -> tuple[Driver, str]:
    """An open driver, and one line that says which it is and why.

    `asked` is `netns`, `loopback` or None for the best one.
    Raises NetworkUnavailable if the one asked for cannot be had.
    """
    if asked == "loopback":
        return await _opened(LoopbackDriver(loopback_port)), "loopback, as asked: VPCs are not isolated"
    if asked not in (None, "netns"):
        raise NetworkUnavailable(f"there is no network driver {asked!r}: use netns or loopback")
    try:
        return await _opened(NetnsDriver()), "netns: each VPC is a network namespace with no way out"
    except NetworkUnavailable as error:
        if asked is not None:
            raise
        return await _opened(LoopbackDriver(loopback_port)), f"loopback, VPCs are not isolated: {error}"


async def _opened(driver: Driver) -> Driver:
    await driver.open()
    return driver
