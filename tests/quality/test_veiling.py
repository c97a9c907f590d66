"""No report quotes a secret, whichever engine would."""

from dataclasses import asdict

from quality.finding import Edit, Finding, Place, Step, ToolFix
from quality.veiling import veiled
from tests.quality.engines.trees import tree

VALUE = "Tr0ub4dor3xq"
FILES = tree({"a.py": f'password: int = "{VALUE}"\n'})
LITERAL = Place("a.py", 1, 1, 17, 31)


def finding(engine: str, place: Place, message: str, *cwe: int) -> Finding:
    return Finding(
        rule="x",
        engine=engine,
        kind="bug",
        severity="major",
        place=place,
        message=message,
        cwe=cwe,
    )


def test_what_another_engine_quotes_is_hidden() -> None:
    spotted = finding("secrets", Place("a.py", 1, 1, 18, 30), "It is written here.", 259)
    quoting = Finding(
        rule="invalid-assignment",
        engine="types",
        kind="bug",
        severity="major",
        place=LITERAL,
        message=f'`Literal["{VALUE}"]` is no int',
        remediation=f"Do not give {VALUE}",
        flow=(Step(LITERAL, f"is {VALUE}"),),
        fix=ToolFix(edits=(Edit(LITERAL, f"int('{VALUE}')"),), safe=True),
    )
    told = veiled([quoting, spotted], FILES)
    assert VALUE not in repr([asdict(one) for one in told])
    assert told[0].message == '`Literal["***"]` is no int'
    assert told[1] == spotted


def test_a_literal_that_another_engine_calls_a_secret_is_hidden_too() -> None:
    told = veiled([finding("checks", LITERAL, f"It is {VALUE}.", 798)], FILES)
    assert told[0].message == "It is ***."


def test_words_that_are_no_secret_stay() -> None:
    whole = Place("a.py", 1, 1, 1, 31)  # holds the name too
    said = [
        finding("checks", whole, "The value of password", 798),
        finding("ruff", LITERAL, f"{VALUE} is a literal", 704),
        finding("secrets", Place("gone.py", 1, 1), "gone.py", 259),
    ]
    assert veiled(said, FILES) == said
