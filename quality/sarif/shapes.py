"""What of a SARIF log is read; all else in it is passed over."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from quality.sarif.levels import Level


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=False)


def _no_null(value: object) -> object:
    """Some tools write null for what they leave out."""
    return {} if value is None else value


def _list(value: object) -> object:
    return [] if value is None else value


Number = Annotated[int, Field(ge=0, le=2**31)]
Bag = Annotated[dict[str, Any], BeforeValidator(_no_null)]


class Message(_Shape):
    text: str | None = None
    id: str | None = None
    arguments: Annotated[list[str], BeforeValidator(_list)] = []


class ArtifactLocation(_Shape):
    uri: str | None = None
    uriBaseId: str | None = None  # noqa: N815  # the standard's own name, as all below
    index: int = -1


class Region(_Shape):
    startLine: Number | None = None  # noqa: N815
    startColumn: Number = 1  # noqa: N815
    endLine: Number | None = None  # noqa: N815
    endColumn: Number | None = None  # noqa: N815
    charOffset: int = -1  # noqa: N815


class PhysicalLocation(_Shape):
    artifactLocation: ArtifactLocation = ArtifactLocation()  # noqa: N815
    region: Region = Region()


class Location(_Shape):
    physicalLocation: PhysicalLocation | None = None  # noqa: N815
    message: Message = Message()


class ThreadStep(_Shape):
    location: Location = Location()


class ThreadFlow(_Shape):
    locations: list[ThreadStep] = []


class CodeFlow(_Shape):
    threadFlows: list[ThreadFlow] = []  # noqa: N815


class Component(_Shape):
    name: str | None = None
    index: int = -1


class Reference(_Shape):
    """To a rule or a weakness."""

    id: str | None = None
    index: int = -1
    toolComponent: Component = Component()  # noqa: N815


class Relationship(_Shape):
    target: Reference = Reference()


class Configuration(_Shape):
    level: Level = "warning"


class Rule(_Shape):
    id: str = ""
    name: str | None = None
    shortDescription: Message = Message()  # noqa: N815
    help: Message = Message()
    messageStrings: Annotated[dict[str, Message], BeforeValidator(_no_null)] = {}  # noqa: N815
    defaultConfiguration: Configuration = Configuration()  # noqa: N815
    relationships: Annotated[list[Relationship], BeforeValidator(_list)] = []
    properties: Bag = {}


class Driver(_Shape):
    name: str
    rules: Annotated[list[Rule], BeforeValidator(_list)] = []


class Tool(_Shape):
    driver: Driver
    extensions: Annotated[list[Driver], BeforeValidator(_list)] = []


class Artifact(_Shape):
    location: ArtifactLocation = ArtifactLocation()


class Suppression(_Shape):
    status: Literal["accepted", "underReview", "rejected"] = "accepted"


class Run(_Shape):
    tool: Tool
    columnKind: Literal["utf16CodeUnits", "unicodeCodePoints"] = "utf16CodeUnits"  # noqa: N815
    originalUriBaseIds: Bag = {}  # noqa: N815
    artifacts: Annotated[list[Artifact], BeforeValidator(_list)] = []
    results: Annotated[list[Any], BeforeValidator(_list)] = []  # each is judged by itself


class Log(_Shape):
    version: Literal["2.1.0"]
    runs: list[Run]


class Result(_Shape):
    ruleId: str | None = None  # noqa: N815
    ruleIndex: int = -1  # noqa: N815
    rule: Reference = Reference()
    kind: str = "fail"
    level: Level | None = None
    message: Message = Message()
    locations: Annotated[list[Location], BeforeValidator(_list)] = []
    codeFlows: Annotated[list[CodeFlow], BeforeValidator(_list)] = []  # noqa: N815
    suppressions: Annotated[list[Suppression], BeforeValidator(_list)] = []
    baselineState: str | None = None  # noqa: N815
    taxa: Annotated[list[Reference], BeforeValidator(_list)] = []
    properties: Bag = {}
