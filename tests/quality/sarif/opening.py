"""A log as others take it: the schema, and a viewer."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from sarif import loader, sarif_file  # type: ignore[import-untyped]


def checked(log: dict[str, Any]) -> dict[str, Any]:
    """The log's only run, once the log is written, read again and found valid."""
    again = json.loads(json.dumps(log))
    errors = _validator().iter_errors(again)
    assert not [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors]
    (run,) = again["runs"]
    assert isinstance(run, dict)
    return run


def viewed(log: dict[str, Any], folder: Path) -> sarif_file.SarifFile:
    """The log, written into `folder` and opened by sarif-tools."""
    place = folder / "report.sarif"
    place.write_text(json.dumps(log))
    return loader.load_sarif_file(str(place))


@cache
def _validator() -> Draft7Validator:
    place = Path(__file__).with_name("sarif-schema-2.1.0.json.gz")
    schema = json.loads(gzip.decompress(place.read_bytes()))
    return Draft7Validator(schema, format_checker=FormatChecker())
