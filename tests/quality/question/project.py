"""What was measured of a small shop."""

from pointsman.quality_settings import Letter
from quality.finding import FileMeasures, Finding, Kind, Place, Severity, ToolFix
from quality.question.facts import Facts
from quality.rating.gate import Condition, Gate
from quality.rating.measures import Measures, Ratings
from quality.report import EngineRun


def found(
    id_: str,
    path: str,
    kind: Kind,
    severity: Severity,
    *cwe: int,
    engine: str = "flow",
    new: bool = False,
    minutes: int = 5,
    model: bool = False,
) -> Finding:
    return Finding(
        rule=f"rule-{id_}",
        engine=engine,
        kind=kind,
        severity=severity,
        place=Place(path, 7, 7),
        message=f"Message {id_}.",
        cwe=cwe,
        remediation=f"Mend {id_}.",
        effort_min=minutes,
        fix=ToolFix((), safe=True) if engine == "ruff" else None,
        engines=(engine,),
        id=id_,
        new=new,
        model_says=model,
    )


FINDINGS = (
    found("sql1", "routing/db.py", "vulnerability", "blocker", 89, minutes=30),
    found("xss1", "web/page.py", "vulnerability", "critical", 79, new=True),
    found("rnd1", "routing/token.py", "hotspot", "major", 330, engine="bandit"),
    found("bug1", "routing/db.py", "bug", "major", 476, engine="ruff", new=True, minutes=2),
    found("bug2", "shop/cart.py", "bug", "minor", engine="ruff", minutes=1),
    found("smell1", "shop/cart.py", "smell", "major", engine="metrics", minutes=60),
    found("smell2", "shop/cart.py", "smell", "info", 561, engine="dead_code"),
    found("opinion", "web/page.py", "hotspot", "blocker", 862, engine="model", model=True),
)
FILES = {
    "routing/db.py": FileMeasures(ncloc=120, complexity=30, cognitive=10, functions=9),
    "routing/token.py": FileMeasures(ncloc=40, complexity=4, cognitive=2, functions=3),
    "shop/cart.py": FileMeasures(
        ncloc=300, complexity=25, cognitive=44, functions=20, duplicated=((1, 10), (5, 20))
    ),
    "web/page.py": FileMeasures(ncloc=10, complexity=1, cognitive=0, functions=1),
}


def letters(security: Letter = "E") -> Ratings:
    return Ratings(reliability="C", security=security, maintainability="A", security_review="E")


def facts() -> Facts:
    return Facts(
        findings=FINDINGS,
        files=FILES,
        engines=(
            EngineRun(name="flow", state="ok", version="1", files=4),
            EngineRun(name="ruff", state="ok", version="2", files=4, unread={"web/x.py": "no"}),
            EngineRun(name="types", state="missing", why="Install it."),
        ),
        ratings=letters(),
        measures=Measures(
            files=4,
            ncloc=470,
            functions=33,
            complexity=60,
            cognitive_complexity=56,
            duplicated_lines=20,
            duplication_pct=4.26,
            coverage_pct=None,
            line_coverage_pct=None,
            branch_coverage_pct=None,
            debt_min=65,
            debt_ratio_pct=0.46,
            reliability_effort_min=3,
            security_effort_min=35,
            hotspots_reviewed_pct=0.0,
            by_kind={"bug": 2, "vulnerability": 2, "hotspot": 1, "smell": 2},
        ),
        gate=Gate(
            status="failed",
            conditions=(
                Condition(metric="security", on="all", operator="<=", threshold="A", actual="E",
                          status="failed", blocks=True),
                Condition(metric="reliability", on="all", operator="<=", threshold="C",
                          actual="C", status="ok"),
                Condition(metric="issues", on="new", operator="<=", threshold=0, actual=2,
                          status="failed", blocks=True),
                Condition(metric="coverage_pct", on="all", operator=">=", threshold=80.0,
                          actual=None, status="not_measured", note="no report"),
            ),
        ),
        skipped={"binary": 3, "vendored": 0},
    )  # fmt: skip
