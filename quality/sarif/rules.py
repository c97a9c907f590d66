"""The rules and weaknesses that a log's results refer to."""

from collections.abc import Iterable, Mapping
from typing import Any

from quality.finding import SEVERITIES, Finding
from quality.sarif.levels import LEVEL, SCORE

_CWE = "CWE"
_SECURITY = ("vulnerability", "hotspot")


def rule_id(finding: Finding) -> str:
    """As the settings name a rule: two engines may use one name for two things."""
    return f"{finding.engine}:{finding.rule}"


class Catalogue:
    """The rules and weaknesses of some findings, each with its place in the log's lists."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        of_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            of_rule.setdefault(rule_id(finding), []).append(finding)
        weaknesses = {cwe for found in of_rule.values() for one in found for cwe in one.cwe}
        self._weakness = {cwe: index for index, cwe in enumerate(sorted(weaknesses))}
        self.index = {name: index for index, name in enumerate(sorted(of_rule))}
        self.rules = [self._rule(name, of_rule[name]) for name in sorted(of_rule)]

    def taxa(self, cwes: Iterable[int]) -> list[dict[str, Any]]:
        """References to weaknesses."""
        component = {"name": _CWE, "index": 0}
        return [
            {"id": str(cwe), "index": self._weakness[cwe], "toolComponent": component}
            for cwe in cwes
        ]

    def taxonomy(self) -> Mapping[str, Any]:
        return {
            "name": _CWE,
            "organization": "MITRE",
            "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
            "informationUri": "https://cwe.mitre.org/",
            "isComprehensive": False,
            "taxa": [{"id": str(cwe), "helpUri": _page(cwe)} for cwe in self._weakness],
        }

    def _rule(self, name: str, found: list[Finding]) -> dict[str, Any]:
        worst = max((one.severity for one in found), key=SEVERITIES.index)
        cwes = sorted({cwe for one in found for cwe in one.cwe})
        first = found[0]
        tags = [first.kind, *(f"external/cwe/cwe-{cwe:03}" for cwe in cwes)]
        properties: dict[str, Any] = {"engine": first.engine, "tags": tags}
        if any(one.kind in _SECURITY for one in found):
            tags.append("security")
            properties["security-severity"] = SCORE[worst]
        rule: dict[str, Any] = {
            "id": name,
            "name": first.rule,
            "shortDescription": {"text": f"{first.rule} ({first.engine})"},
            "help": {"text": first.remediation or first.message},
            "defaultConfiguration": {"level": LEVEL[worst]},
            "properties": properties,
        }
        if cwes:
            rule["helpUri"] = _page(cwes[0])
            rule["relationships"] = [
                {"target": target, "kinds": ["relevant"]} for target in self.taxa(cwes)
            ]
        return rule


def _page(cwe: int) -> str:
    return f"https://cwe.mitre.org/data/definitions/{cwe}.html"
