"""`pointsman doctor`: what works here, and the fix for what does not."""

import argparse

from server.commands.command import DONE, FAILED, Command, Context

MARKS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "broken": ("FIX ", "red")}


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.doctor import examine

    findings = [f async for f in examine(context.settings, context.home, context.environ)]
    if context.arguments.json:
        rows = [
            {"check": f.check, "state": f.state, "detail": f.detail, "fix": f.fix} for f in findings
        ]
        context.say_json({"checks": rows})
    else:
        for finding in findings:
            mark, style = MARKS[finding.state]
            fix = f"  -> {finding.fix}" if finding.fix else ""
            context.say(f"{context.paint(mark, style)} {finding.check}: {finding.detail}{fix}")
    backends = any(f.check.startswith("provider") and f.state == "ok" for f in findings)
    broken = [f for f in findings if f.state == "broken" and not f.check.startswith("local")]
    local = not any(f.check.startswith("local") and f.state == "broken" for f in findings)
    return DONE if not broken and (backends or local) else FAILED


COMMAND = Command("show what works here, and how to fix what does not", _declare, _run)
