"""How much of this process's own time something takes, whatever else the machine does meanwhile."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time


@contextmanager
def cpu_time_below(bound_s: float) -> Iterator[None]:
    """The garbage collector rests: it would look through all that the tests before this one have left."""
    gc.disable()
    try:
        began_s = process_time()
        yield
        used_s = process_time() - began_s
    finally:
        gc.enable()
    assert used_s < bound_s
