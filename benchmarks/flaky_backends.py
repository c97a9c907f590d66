"""Three backends that each fail 30 % of their calls at random: how many of 5,000 calls still fail.

    python benchmarks/flaky_backends.py [SEEDS]

In virtual time, 20 ms between two calls; scripted backends, the real dispatcher, breakers and
retry budgets (AT-413 asks for fewer than 50).
"""

import random
import sys
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.errors import NoBackend  # noqa: E402
from pointsman.types import ChatRequest, Outcome  # noqa: E402
from tests.fakes import FakeProvider, refusing, saying  # noqa: E402
from tests.routing.test_dispatch import ask, bench  # noqa: E402

CALLS, SHARE, GAP_S = 5_000, 0.3, 0.02


async def failures(seed: int) -> int:
    dice = random.Random(seed)
    fails, answers = refusing(Outcome.FAILURE), saying("ok")

    async def flaky(request: ChatRequest) -> str:
        return await (fails if dice.random() < SHARE else answers)(request)

    failed = 0
    async with bench([FakeProvider(name, flaky) for name in "abc"]) as b:
        for n in range(CALLS):
            b.clock.advance(GAP_S)
            try:
                await b.dispatcher.complete(ask(f"question {n}", cache="off"))
            except NoBackend:
                failed += 1
    return failed


def main(seeds: int) -> None:
    counts = [anyio.run(failures, seed) for seed in range(seeds)]
    print(f"failed of {CALLS:,}, by seed: {' '.join(map(str, counts))}")
    print(f"least {min(counts)}, most {max(counts)} ({max(counts) / CALLS:.2%})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
