"""Finding tools by words: BM25 over their names, descriptions and parameters."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pointsman.types import ToolSpec

K1 = 1.2
B = 0.75
NAME_WEIGHT = 3  # a word of the name counts as often
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORD = re.compile(r"[^\W_]+")


def best(tools: Sequence[ToolSpec], query: str, count: int) -> Sequence[ToolSpec]:
    """Up to `count` tools that share a word with `query`, the best first; the same every time."""
    texts = [Counter(_words(tool)) for tool in tools]
    lengths = [sum(words.values()) for words in texts]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    weights = {word: _weight(word, texts) for word in sorted(set(_split(query)))}
    scored = [
        (_score(weights, words, length / mean if mean else 1.0), tool)
        for words, length, tool in zip(texts, lengths, tools, strict=True)
    ]
    found = sorted((-score, tool.name) for score, tool in scored if score > 0)[:count]
    by_name = {tool.name: tool for tool in tools}
    return [by_name[name] for _, name in found]


def size_tokens(tool: ToolSpec) -> int:
    """What its definition takes of a model's context, roughly: a token is four characters."""
    schema = json.dumps(dict(tool.parameters), ensure_ascii=False, separators=(",", ":"))
    return (len(tool.name) + len(tool.description) + len(schema)) // 4 + 1


def _words(tool: ToolSpec) -> Sequence[str]:
    parts = [*[tool.name] * NAME_WEIGHT, tool.description]
    properties = tool.parameters.get("properties")
    if isinstance(properties, dict):
        for name, schema in properties.items():
            parts.append(name)
            if isinstance(schema, dict):
                parts.append(str(schema.get("description", "")))
    return [word for part in parts for word in _split(part)]


def _split(text: str) -> Sequence[str]:
    return [_stem(word) for word in WORD.findall(CAMEL.sub(" ", text).lower())]


def _stem(word: str) -> str:
    """Without the commonest English endings, so that `files` finds `file`."""
    for ending in ("ies", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending) + ("y" if ending == "ies" else "")
    return word.removesuffix("e") if len(word) > 4 else word


def _weight(word: str, texts: Sequence[Mapping[str, int]]) -> float:
    seen = sum(word in words for words in texts)
    return math.log(1 + (len(texts) - seen + 0.5) / (seen + 0.5))


def _score(weights: Mapping[str, float], words: Mapping[str, int], length: float) -> float:
    score = 0.0
    for word, weight in weights.items():
        often = words.get(word, 0)
        score += weight * often * (K1 + 1) / (often + K1 * (1 - B + B * length))
    return score
