"""A host that says its worker's process id, then waits to be killed: RUNTIME MODEL."""

import sys

import anyio

from providers.local.process import open_worker


async def main(runtime: str, model: str) -> None:
    load = {"context": 512, "threads": 1, "slots": 1}
    async with open_worker({"runtime": runtime, "model": model, **load}) as worker:
        await worker.started()
        sys.stdout.write(f"{worker.pid}\n")
        sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
