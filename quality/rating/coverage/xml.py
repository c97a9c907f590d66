"""Reading XML that may be hostile: no entities, nothing fetched, bounded depth."""

from collections.abc import Callable, Mapping
from xml.parsers import expat

from quality.rating.coverage.errors import BadReport

_DEEPEST = 64  # JaCoCo nests about 10 deep

Begin = Callable[[str, Mapping[str, str]], None]
End = Callable[[str, str], None]  # the name, and the text since the last tag


def read_xml(data: bytes, begin: Begin, end: End) -> None:
    """Call `begin` and `end` for each element of `data`, in its order.

    A document type is passed over, since Cobertura and JaCoCo name one; what it declares is not.

    Raises:
        BadReport: it is no XML, declares an entity, or nests too deep.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0
    texts: list[str] = []

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise BadReport(f"it nests deeper than {_DEEPEST} elements")
        texts.clear()
        begin(name, attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name, "".join(texts))
        texts.clear()

    def refused(*_: object) -> None:
        raise BadReport("it declares an entity")

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = texts.append
    parser.EntityDeclHandler = refused
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadReport(f"it is no XML: {error}") from error
    except (LookupError, UnicodeError) as error:
        raise BadReport("its encoding is not known") from error
