"""What the Web API sends, as far as we read it; what it adds later is passed over.

Fields are as https://docs.sonarsource.com describes them for SonarQube Server 9.9 to 2026 and for
Cloud: the older ones have `severity` and `type`, the newer ones `impacts` too.
"""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Sent(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, alias_generator=to_camel
    )


class Stretch(_Sent):
    start_line: int
    end_line: int
    start_offset: int = 0  # the first is 0
    end_offset: int = 0


class Paging(_Sent):
    page_index: int = 1
    page_size: int = 100
    total: int = 0


class Page(_Sent):
    paging: Paging = Paging()


class Component(_Sent):
    key: str
    name: str = ""
    qualifier: str = ""
    path: str | None = None


class Impact(_Sent):
    software_quality: str
    severity: str


class Location(_Sent):
    component: str = ""
    text_range: Stretch | None = None
    msg: str = ""


class Flow(_Sent):
    locations: tuple[Location, ...] = ()


class _Placed(_Sent):
    key: str
    component: str
    line: int | None = None
    text_range: Stretch | None = None
    message: str = ""
    status: str = ""
    flows: tuple[Flow, ...] = ()


class Issue(_Placed):
    rule: str
    severity: str | None = None
    type: str | None = None
    impacts: tuple[Impact, ...] = ()
    effort: str | None = None  # "1h 5min"
    debt: str | None = None


class Hotspot(_Placed):
    rule_key: str = ""
    security_category: str = ""
    vulnerability_probability: str = "MEDIUM"


class IssuePage(Page):
    issues: tuple[Issue, ...] = ()
    components: tuple[Component, ...] = ()


class HotspotPage(Page):
    hotspots: tuple[Hotspot, ...] = ()
    components: tuple[Component, ...] = ()


class ComponentPage(Page):
    components: tuple[Component, ...] = ()


class HotspotRule(_Sent):
    key: str = ""
    name: str = ""
    security_category: str = ""
    vulnerability_probability: str = "MEDIUM"
    fix_recommendations: str = ""


class HotspotDetail(_Sent):
    key: str
    component: Component
    rule: HotspotRule
    status: str = ""
    line: int | None = None
    text_range: Stretch | None = None
    message: str = ""


class Section(_Sent):
    key: str
    content: str = ""


class Rule(_Sent):
    key: str
    name: str = ""
    html_desc: str = ""
    description_sections: tuple[Section, ...] = ()
    security_standards: tuple[str, ...] = ()


class RuleAnswer(_Sent):
    rule: Rule


class Condition(_Sent):
    status: str = ""
    metric_key: str
    comparator: str = ""
    error_threshold: str | None = None
    actual_value: str | None = None


class ProjectStatus(_Sent):
    status: str
    conditions: tuple[Condition, ...] = ()


class StatusAnswer(_Sent):
    project_status: ProjectStatus


class Period(_Sent):
    value: str | None = None


class Measure(_Sent):
    metric: str
    value: str | None = None
    period: Period | None = None
    periods: tuple[Period, ...] = ()


class Measured(_Sent):
    key: str
    measures: tuple[Measure, ...] = Field(default=())


class MeasuresAnswer(_Sent):
    component: Measured
