"""`pointsman experiment`: compare two models on real calls."""

import argparse
from typing import Any, get_args

from pointsman.errors import InvalidInput
from pointsman.records import Category
from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=["create", "list", "report", "stop"], nargs="?", default="list"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="its name, or its id")
    parser.add_argument("--control", metavar="M", help="create: the model in use")
    parser.add_argument("--variant", metavar="M", help="create: the model to try against it")
    parser.add_argument("--traffic", type=float, metavar="0.1", help="share of people in it")
    parser.add_argument("--split", type=float, metavar="0.5", help="share of those with variant")
    parser.add_argument("--category", choices=get_args(Category), help="only calls of this kind")
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    action = context.arguments.action
    result = await use_tool(context, f"experiment_{action}", _arguments(context.arguments))
    told = {"list": _listed, "report": _reported}.get(action, _line)
    context.tell(result, told(context, result))
    return DONE


def _arguments(given: argparse.Namespace) -> dict[str, Any]:
    if given.action == "list":
        return {}
    if given.name is None:
        raise InvalidInput(f"Say which: pointsman experiment {given.action} NAME.")
    if given.action != "create":
        return {"experiment": given.name}
    if given.control is None or given.variant is None:
        raise InvalidInput("Give --control and --variant: the two models to compare.")
    names = ("name", "control", "variant", "traffic", "split", "category")
    values = {name: getattr(given, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _listed(context: Context, result: dict[str, Any]) -> str:
    lines = [_line(context, experiment) for experiment in result["experiments"]]
    return "\n".join(lines) or "There is no experiment: pointsman experiment create NAME ..."


def _line(context: Context, e: dict[str, Any]) -> str:
    state = context.paint("running", "green") if e["stopped_at"] is None else "stopped"
    return (
        f"{context.paint(e['name'], 'bold')}  {e['control']} against {e['variant']}, "
        f"{e['traffic']:.0%} of people, split {e['split']:g}, {e['category'] or 'all'} calls  "
        f"{state}  {context.paint(e['id'], 'dim')}"
    )


def _reported(context: Context, r: dict[str, Any]) -> str:
    """Both arms and their difference as a table, the verdict, and what speaks against it."""
    control, variant = r["arms"]["control"], r["arms"]["variant"]
    rows = [
        ("", "control", "variant", "variant - control"),
        ("model", control["model"], variant["model"], ""),
        ("people", str(control["people"]), str(variant["people"]), ""),
        ("calls", str(control["calls"]), str(variant["calls"]), ""),
    ]
    for measure in dict.fromkeys((*control["measures"], *variant["measures"])):
        columns = (control["measures"], variant["measures"], r["differences"])
        rows.append((measure, *(_interval(column.get(measure)) for column in columns)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.append(f"Verdict: {context.paint(r['verdict'], 'bold')}.")
    warnings = [context.paint(warning, "yellow") for warning in r["warnings"]]
    return "\n".join([_line(context, r["experiment"]), *lines, *warnings])


def _interval(i: dict[str, Any] | None) -> str:
    if i is None:
        return "-"
    low, high = ("?" if i[end] is None else f"{i[end]:.4g}" for end in ("low", "high"))
    return f"{i['value']:.4g} [{low}, {high}]"


COMMAND = Command("compare two models on real calls: create, list, report, stop", _declare, _run)
