"""llama-cpp-python with a real model. Not collected by itself: `make test-llama-cpp` names it.

Its wheel is built from source, in an environment of its own.
"""

from typing import ClassVar, Literal

import pytest

from tests.contract.runtime import RuntimeContract

pytestmark = pytest.mark.timeout(600)


class TestLlamaCppPython(RuntimeContract):
    runtime: ClassVar[Literal["xllamacpp", "llama-cpp-python"]] = "llama-cpp-python"
