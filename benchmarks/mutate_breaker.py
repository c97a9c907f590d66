"""Break the breaker on purpose, one way at a time: do its tests notice?

Each mutant is run in a copy of its own, so the checkout is never touched. Ends with 1 if a mutant
lives that is not known to behave the same, or if one no longer applies.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("__init__.py", "routing/__init__.py", "routing/breaker_oracle.py")
UNDER_TEST = "routing/test_breaker_rules.py"
NO_SHRINKING = """from hypothesis import Phase, settings
settings.register_profile("first", phases=[Phase.generate])
settings.load_profile("first")
"""
BREAKER, WINDOW = "routing/backends/breaker.py", "routing/backends/window.py"


@dataclass(frozen=True)
class Mutant:
    what: str
    file: str
    old: str
    new: str
    same_because: str = ""  # why nobody could notice, if so


MUTANTS = (
    Mutant(
        "one failure too many in a row",
        BREAKER,
        "if row < self._settings.failure_threshold",
        "if row <= self._settings.failure_threshold",
    ),
    Mutant(
        "a success does not end the row",
        BREAKER,
        "self._in_a_row + 1 if kind == FAILURE else 0",
        "self._in_a_row + (kind == FAILURE)",
    ),
    Mutant(
        "a slow answer counts as a failure in the row",
        BREAKER,
        "self._in_a_row + 1 if kind == FAILURE else 0",
        "self._in_a_row + 1 if kind != SUCCESS else 0",
    ),
    Mutant("no row is bad luck", BREAKER, "** row < LUCK", "** row <= 1"),
    Mutant("every row is bad luck", BREAKER, "** row < LUCK", "** row < 0"),
    Mutant(
        "luck is judged on a call too few",
        BREAKER,
        "before < self._settings.minimum_calls",
        "before < self._settings.minimum_calls - 1",
    ),
    Mutant(
        "the row counts as what was before it",
        BREAKER,
        "max(failures - row, 0) / before",
        "failures / before",
    ),
    Mutant("no failure rate", BREAKER, ">= self._settings.failure_rate", "> 1"),
    Mutant(
        "failure rate exclusive",
        BREAKER,
        ">= self._settings.failure_rate",
        "> self._settings.failure_rate",
    ),
    Mutant(
        "slow rate exclusive", BREAKER, ">= self._settings.slow_rate", "> self._settings.slow_rate"
    ),
    Mutant(
        "the rate needs a call more",
        BREAKER,
        "calls >= self._settings.minimum_calls",
        "calls > self._settings.minimum_calls",
    ),
    Mutant("the open time does not double", BREAKER, "self._open_s = base * 2", "pass"),
    Mutant(
        "the open time has no cap",
        BREAKER,
        "min(self._open_s, self._settings.max_open_s)",
        "self._open_s",
    ),
    Mutant("no jitter", BREAKER, "(2 * self._random() - 1)", "0 * self._random()"),
    Mutant("jitter only lengthens", BREAKER, "(2 * self._random() - 1)", "self._random()"),
    Mutant("it probes too late", BREAKER, "and now >= self._until", "and now > self._until"),
    Mutant(
        "a probe too many",
        BREAKER,
        "len(self._probes) >= self._set",
        "len(self._probes) > self._set",
    ),
    Mutant(
        "probes are not counted", BREAKER, "            self._probes[permit] =", "            _ ="
    ),
    Mutant(
        "a probe keeps its place", BREAKER, "        self._probes.pop(permit, None)", "        pass"
    ),
    Mutant(
        "ignored outcomes keep the probe's place",
        BREAKER,
        """        self._probes.pop(permit, None)
        kind = _COUNTED.get(outcome)
""",
        """        kind = _COUNTED.get(outcome)
        if kind is not None:
            self._probes.pop(permit, None)
""",
    ),
    Mutant(
        "throttling counts as failure",
        BREAKER,
        "Outcome.SLOW: SLOW}",
        "Outcome.SLOW: SLOW, Outcome.THROTTLED: FAILURE}",
    ),
    Mutant(
        "cancelling counts as success",
        BREAKER,
        "Outcome.SLOW: SLOW}",
        "Outcome.SLOW: SLOW, Outcome.CANCELLED: SUCCESS}",
    ),
    Mutant("a second report counts", BREAKER, "permit.reported = True", "pass"),
    Mutant(
        "stale results count",
        BREAKER,
        "if permit.generation != self._generation:",
        "if permit.generation > self._generation:",
    ),
    Mutant("stale results are not told", BREAKER, "self.stale_results += 1", "pass"),
    Mutant("one success closes", BREAKER, ">= self._settings.success_threshold", ">= 1"),
    Mutant(
        "a success too many to close",
        BREAKER,
        ">= self._settings.success_threshold",
        "> self._settings.success_threshold",
    ),
    Mutant(
        "a slow probe is no news",
        BREAKER,
        "        if kind != SUCCESS:\n            self._failures += 1",
        "        if kind == SLOW:\n            return\n"
        "        if kind != SUCCESS:\n            self._failures += 1",
    ),
    Mutant(
        "successes outlive a re-opening",
        BREAKER,
        "        self._successes = 0\n        self._in",
        "        self._in",
    ),
    Mutant(
        "the row outlives a recovery",
        BREAKER,
        "        self._in_a_row = 0\n        self._on",
        "        self._on",
    ),
    Mutant(
        "the window outlives a recovery",
        BREAKER,
        "            self._window.clear()\n            self._closed_at = now",
        "            self._closed_at = now",
    ),
    Mutant("a lost probe is waited for for ever", BREAKER, "now >= lease_end:", "False:"),
    Mutant("a lease lasts too long", BREAKER, "now >= lease_end:", "now > lease_end:"),
    Mutant(
        "a lost probe re-opens only from when it is noticed",
        BREAKER,
        "self._open(lease_end)",
        "self._open(now)",
    ),
    Mutant(
        "the latest lease counts",
        BREAKER,
        "next(iter(self._probes.values()), math.inf)",
        "max(self._probes.values(), default=math.inf)",
    ),
    Mutant("calm is never reached", BREAKER, "self._closed_at >= CALM_S", "self._closed_at < 0"),
    Mutant("calm comes at once", BREAKER, "self._closed_at >= CALM_S", "self._closed_at >= 0"),
    Mutant("calm comes too late", BREAKER, "self._closed_at >= CALM_S", "self._closed_at > CALM_S"),
    Mutant(
        "a recovery does not start the calm",
        BREAKER,
        "            self._window.clear()\n            self._closed_at = now\n",
        "            self._window.clear()\n",
    ),
    Mutant("a transition starts no generation", BREAKER, "self._generation += 1", "pass"),
    Mutant("a transition keeps old probes", BREAKER, "        self._probes.clear()\n", ""),
    Mutant(
        "a forced probe's failure re-opens",
        BREAKER,
        "            if kind != SUCCESS:\n                return\n",
        "",
    ),
    Mutant(
        "a report does not look at the time",
        BREAKER,
        "        now = self._catch_up()\n        if permit",
        "        now = self._now()\n        if permit",
    ),
    Mutant(
        "a forced-open breaker listens", BREAKER, '("disabled", "forced_open")', '("disabled",)'
    ),
    Mutant("a disabled breaker counts", BREAKER, '("disabled", "forced_open")', '("forced_open",)'),
    Mutant("metrics_only opens", BREAKER, 'elif self._mode == "normal":', "else:"),
    Mutant(
        "set_mode does not look at the time",
        BREAKER,
        "self._closed_at = self._catch_up()",
        "self._closed_at = self._now()",
    ),
    Mutant(
        "set_mode keeps the open time",
        BREAKER,
        "        self._mode = mode\n        self._open_s = self._settings.open_s\n",
        "        self._mode = mode\n",
    ),
    Mutant(
        "an event has the wrong count", BREAKER, "totals(now)[FAILURE]\n", "totals(now)[SLOW]\n"
    ),
    Mutant(
        "the window is a bucket short",
        WINDOW,
        "epoch - self._buckets + 1",
        "epoch - self._buckets + 2",
    ),
    Mutant("the window forgets nothing", WINDOW, "self._totals[kind] -= count", "pass"),
    Mutant("a bucket is not emptied", WINDOW, "bucket[kind] = 0", "pass"),
    Mutant("the newest bucket is lost", WINDOW, "        self._epoch = epoch\n", ""),
    Mutant("clear keeps the buckets", WINDOW, "(self._totals, *self._ring)", "(self._totals,)"),
    Mutant("clear keeps the totals", WINDOW, "(self._totals, *self._ring)", "self._ring"),
    Mutant(
        "reading does not move the window",
        WINDOW,
        "            self._advance(epoch)\n        return",
        "            pass\n        return",
    ),
    Mutant(
        "buckets are emptied twice",
        WINDOW,
        "max(self._epoch + 1, epoch - self._buckets + 1)",
        "self._epoch + 1",
        same_because="an emptied bucket holds nothing more to take away; it is only slower",
    ),
)


def killed(mutant: Mutant | None) -> bool:
    """Whether the tests fail on the code with `mutant` in it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for folder in ("routing", "pointsman"):
            shutil.copytree(
                ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__")
            )
        for test in (*TESTS, UNDER_TEST):
            (copy / "tests" / test).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "tests" / test, copy / "tests" / test)
        (copy / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
        if mutant:
            path = copy / mutant.file
            text = path.read_text(encoding="utf-8")
            assert text.count(mutant.old) == 1, f"{mutant.what}: {mutant.old!r} is not there once"
            path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        (copy / "conftest.py").write_text(NO_SHRINKING, encoding="utf-8")
        options = ["-xq", "-p", "no:cacheprovider", "--timeout=120"]
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", *options, f"tests/{UNDER_TEST}"],
            cwd=copy,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    assert run.returncode in (0, 1), run.stdout.decode() + run.stderr.decode()
    return run.returncode == 1


def main() -> int:
    assert not killed(None), "the tests fail on the code as it is"
    survivors = 0
    for mutant in MUTANTS:
        dead = killed(mutant)
        verdict = "killed" if dead else "same" if mutant.same_because else "SURVIVED"
        survivors += verdict == "SURVIVED"
        print(f"{verdict:9} {mutant.file:20} {mutant.what}", flush=True)
    print(f"{len(MUTANTS)} mutants, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
