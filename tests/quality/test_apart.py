"""Work in a process of its own."""

import gc
import os
from functools import partial

import pytest

from quality.apart import apart
from quality.errors import EngineCrashed


async def test_the_collector_rests_while_it_works() -> None:
    assert gc.isenabled()
    assert await apart("flow", gc.isenabled) is False
    assert gc.isenabled()


async def test_a_process_that_dies_is_the_engines_failure() -> None:
    with pytest.raises(EngineCrashed, match="flow broke off"):
        await apart("flow", partial(os._exit, 3))
    assert await apart("flow", os.getpid) != os.getpid()  # the next one has a process again
