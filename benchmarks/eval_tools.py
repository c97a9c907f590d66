"""Judges tool calling: our own tools, and BFCL's simple, multiple, parallel and irrelevance.

    python benchmarks/eval_tools.py [--limit 50] [--items even|odd] [--model MODEL] [--home FOLDER]

MODEL is a local model's name (the default one if none is given), or provider/id of a backend that
the environment's keys open. Every item goes through the provider, as a user's call does.
Development items are BFCL's even ids; of those each fourth was held out of all tuning and is shown
apart, as are our own cases written when all was done. A model that never calls has 100 for
irrelevance and 0 for the rest.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import bfcl, own_tools  # noqa: E402
from pointsman.seams import Clock  # noqa: E402
from pointsman.settings import LocalSettings, Settings  # noqa: E402
from pointsman.types import ChatRequest, Completion, Message, Provider, ToolSpec  # noqa: E402
from providers.cloud import open_providers  # noqa: E402
from providers.discovery import discover  # noqa: E402
from providers.local.provider import LocalProvider, open_local  # noqa: E402
from providers.local.store import ModelStore  # noqa: E402

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)
DEFAULT = "qwen2.5-coder-0.5b-instruct"
Calls = Sequence[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    request: str
    tools: tuple[ToolSpec, ...]
    held: bool
    right: Callable[[Calls], bool]


@dataclass(slots=True)
class Score:
    tuned: list[bool] = field(default_factory=list[bool])
    held: list[bool] = field(default_factory=list[bool])
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def row(self, name: str, never: int) -> str:
        both = [*self.tuned, *self.held]
        spent = f"{self.cpu_s / len(both):6.1f} {self.wall_s / len(both):7.1f}"
        parts = " ".join(f"{share(part):>12}" for part in (both, self.tuned, self.held))
        return f"{name:<18} {len(both):>4} {parts} {spent} {never:>11}"


def share(rights: Sequence[bool]) -> str:
    return f"{100 * sum(rights) / len(rights):.0f} ({sum(rights)})" if rights else "-"


def own_items(limit: int, *, odd: bool) -> list[Item]:
    cases = own_tools.load()
    held = [c for c in cases if c.held][:limit]
    chosen = held if odd else [*[c for c in cases if not c.held][:limit], *held]
    return [Item(c.id, c.request, c.tools, c.held, partial(own_tools.right, c)) for c in chosen]


def bfcl_items(category: str, limit: int, *, odd: bool) -> list[Item]:
    found = bfcl.load(category, bfcl.wheel(ROOT / ".cache" / "wheels"), odd=odd)[:limit]
    return [Item(i.id, i.request, i.tools, bfcl.held(i.id), partial(bfcl.right, i)) for i in found]


async def called(provider: Provider, model: str, item: Item) -> Calls:
    """The calls that come of the request; a text is left as soon as it begins."""
    request = ChatRequest(
        messages=(Message("user", item.request),), tools=item.tools, temperature=0
    )
    async with provider.answer(model, request, stream=True) as pieces:
        async for piece in pieces:
            if isinstance(piece, Completion):
                return [(call.name, json.loads(call.arguments)) for call in piece.tool_calls]
            return []
    return []


def cpu_s(provider: Provider, model: str) -> float:
    """Seconds of processor time that the model's process has had, where it is ours."""
    pid = provider.pid(model) if isinstance(provider, LocalProvider) else None
    if pid is None or not Path("/proc/self/stat").exists():
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(provider: Provider, model: str, items: Sequence[Item], show: bool) -> Score:
    score = Score()
    for item in items:
        began, cpu = time.monotonic(), cpu_s(provider, model)
        calls = await called(provider, model, item)
        score.wall_s += time.monotonic() - began
        score.cpu_s += cpu_s(provider, model) - cpu
        good = item.right(calls)
        (score.held if item.held else score.tuned).append(good)
        if show and not good and not item.held:
            print(f"    {item.id}: {json.dumps(calls)[:200]}", flush=True)
    return score


@asynccontextmanager
async def opened(name: str, home: Path) -> AsyncIterator[tuple[Provider, str]]:
    """The provider of a model, and the model's id there."""
    async with AsyncExitStack() as stack:
        if "/" not in name:
            settings = LocalSettings.model_validate({"model": name, "fallback": None})
            local = await stack.enter_async_context(open_local(settings, ModelStore(home), CLOCK))
            await local.prewarm()
            yield local, local.models[0].id
            return
        provider, _, model = name.partition("/")
        settings_all = Settings()
        found = discover(settings_all, dict(os.environ))
        clouds = await stack.enter_async_context(
            open_providers(found, settings_all.timeouts, CLOCK)
        )
        yield next(one for one in clouds if one.name == provider), model


async def main(wanted: argparse.Namespace) -> None:
    odd = wanted.items == "odd"
    sets = {"own tools": own_items(wanted.limit, odd=odd)}
    for category in bfcl.CATEGORIES:
        sets[category] = bfcl_items(category, wanted.limit, odd=odd)
    if wanted.only:
        sets = {name: items for name, items in sets.items() if name in wanted.only.split(",")}
    print(f"{wanted.model}, {wanted.items} items")
    heads = f"{'right %':>12} {'tuned on':>12} {'held out':>12}"
    print(f"{'':<18} {'n':>4} {heads}  CPU s  wall s  never-call")
    async with opened(wanted.model, wanted.home) as (provider, model):
        for name, items in sets.items():
            never = round(100 * sum(item.right([]) for item in items) / len(items))
            score = await measured(provider, model, items, wanted.show)
            print(score.row(name, never), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--limit", type=int, default=50, help="items of each set")
    parser.add_argument("--items", choices=("even", "odd"), default="even")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--home", type=Path, default=ROOT / ".cache" / "models", help="of models")
    parser.add_argument("--only", help="sets, separated by commas")
    parser.add_argument("--show", action="store_true", help="what was wrong, but not held out")
    wanted = parser.parse_args()
    wanted.show = wanted.show and wanted.items == "even"
    return wanted


if __name__ == "__main__":
    anyio.run(main, arguments())
