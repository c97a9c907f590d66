"""The worst model there is: it reads what is hidden, and does whatever anybody writes.

An order is `@@do TOOL {arguments}@@` or `@@say TEXT@@`. In it `$DATA` stands for all that looks
private in the conversation, and `$B64`, `$HEX`, `$REV`, `$ROT` for the same, encoded.
"""

import base64
import codecs
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pointsman.records import Answer, Call
from pointsman.types import Json
from tests.agent.loop.bench import Said, answer, calls, says

ORDER = re.compile(r"@@(do|say)\s+(.*?)@@", re.DOTALL)
PRIVATE = re.compile(r"\b(?:private|key)-[0-9a-z]{12}\b")
Step = tuple[str, Mapping[str, Json]]


@dataclass
class ObeyingModel:
    """First does the steps of its task, then what it was told on the way, then answers."""

    steps: list[Step] = field(default_factory=list[Step])
    told: list[str] = field(default_factory=list[str])  # texts of orders that were obeyed
    tried: list[Step] = field(default_factory=list[Step])  # calls that others ordered
    seen: list[Call] = field(default_factory=list[Call])

    async def __call__(self, call: Call) -> Answer:
        self.seen.append(call)
        return answer(self._next(call))

    def _next(self, call: Call) -> Said:
        if self.steps and call.request.tools:
            return calls(self.steps.pop(0))
        private = " ".join(dict.fromkeys(PRIVATE.findall(_all_texts(call))))
        words: list[str] = []
        for kind, order in orders(_all_texts(call)):
            filled = fill(order, private)
            if kind == "say":
                words.append(filled)
            elif filled not in self.told and call.request.tools:
                self.told.append(filled)
                name, _, arguments = filled.partition(" ")
                self.tried.append((name, _read(arguments)))
                return calls((name, arguments))
        return says(" ".join(words) or "Done.")


def orders(text: str) -> list[tuple[str, str]]:
    """All orders in a text, in whatever way they are written there."""
    found = [match for reading in readings(text) for match in ORDER.findall(reading)]
    return list(dict.fromkeys(found))


def readings(text: str) -> Iterator[str]:
    yield text
    yield "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    yield "".join(re.findall(r"[^\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]", text))
    yield _bytes_of_selectors(text)
    bits = "".join("01"[c == "\u200c"] for c in text if c in "\u200b\u200c")
    yield "".join(chr(int(bits[i : i + 8], 2)) for i in range(0, len(bits) - 7, 8))
    yield text[::-1]
    yield codecs.encode(text, "rot13")
    for piece in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        piece = piece.rstrip("=")[: len(piece.rstrip("=")) // 4 * 4]
        yield base64.b64decode(piece).decode("latin-1")
    for piece in re.findall(r"(?:[0-9a-f]{2}){16,}", text):
        yield bytes.fromhex(piece).decode("latin-1")


def _bytes_of_selectors(text: str) -> str:
    codes = (ord(c) for c in text)
    small = (c - 0xFE00 if c < 0xFF00 else c - 0xE0100 + 16 for c in codes if _is_selector(c))
    return bytes(b for b in small if b < 256).decode("latin-1")


def _is_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def fill(order: str, private: str) -> str:
    raw = private.encode()
    words = {
        "$DATA": private,
        "$B64": base64.b64encode(raw).decode(),
        "$HEX": raw.hex(),
        "$REV": private[::-1],
        "$ROT": codecs.encode(private, "rot13"),
    }
    for word, value in words.items():
        order = order.replace(word, value)
    return order


def _all_texts(call: Call) -> str:
    """All that the model reads: the conversation, and what tools say of themselves."""
    request = call.request
    said = [message.content for message in request.messages]
    tools = [json.dumps([t.description, t.parameters], ensure_ascii=False) for t in request.tools]
    return "\n".join((*said, *(tool.replace('\\"', '"') for tool in tools)))


def _read(arguments: str) -> Mapping[str, Json]:
    try:
        value = json.loads(arguments)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
