"""The default runtime with a real model: PV-02, PV-08."""

from typing import ClassVar, Literal

import pytest

from tests.contract.runtime import RuntimeContract

pytestmark = pytest.mark.timeout(600)  # the first run fetches 92 MB


class TestXllamaCpp(RuntimeContract):
    runtime: ClassVar[Literal["xllamacpp", "llama-cpp-python"]] = "xllamacpp"
