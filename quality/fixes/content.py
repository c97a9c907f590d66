"""A file's bytes as text that can be edited and put back byte for byte."""

import codecs
import io
import tokenize
from dataclasses import dataclass

from quality.fixes.errors import Refused


@dataclass(frozen=True, slots=True)
class Content:
    """`text` has "\\n" between its lines wherever `newline` was between all of them."""

    text: str
    encoding: str = "utf-8"
    bom: bytes = b""
    newline: str = "\n"

    def whole(self, text: str) -> str:
        """`text` with the file's own line ends."""
        return text.replace("\n", self.newline)

    def encode(self, text: str) -> bytes:
        """`text` in the place of this one, in the same encoding and with the same line ends.

        Raises:
            Refused: the encoding lacks one of its characters.
        """
        try:
            return self.bom + self.whole(text).encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Refused(f"the file is {self.encoding}, which lacks a character of it") from error


def content(raw: bytes, language: str = "python") -> Content:
    """The text of a file.

    Raises:
        Refused: it cannot be read and written back without loss.
    """
    bom = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    body = raw[len(bom) :]
    try:
        encoding = _declared(body) if language == "python" and not bom else "utf-8"
        text = body.decode(encoding)
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        raise Refused("the file's encoding is not clear") from error
    breaks, windows = text.count("\n"), text.count("\r\n")
    if text.count("\r") > windows:
        raise Refused("the file's line ends are mixed")
    whole = windows == breaks and windows > 0
    read = Content(
        text.replace("\r\n", "\n") if whole else text, encoding, bom, "\r\n" if whole else "\n"
    )
    if read.encode(read.text) != raw:
        raise Refused("the file's encoding is not clear")
    return read


def lines(text: str) -> list[str]:
    """The lines of `text` with their ends; only "\\n" ends one, as tools count."""
    pieces = text.split("\n")
    return [*(f"{piece}\n" for piece in pieces[:-1]), *([pieces[-1]] if pieces[-1] else [])]


def _declared(body: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(body).readline)[0]
