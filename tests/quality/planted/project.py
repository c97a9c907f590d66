"""Writes the planted project out."""

import re
from base64 import b64encode
from hashlib import sha512
from pathlib import Path

PLACES = {  # where each kind of defect is planted: path and line
    "reliability": [("shop/pricing.py", 4), ("shop/pricing.py", 6), ("shop/pricing.py", 8)],
    "security": [("shop/orders.py", 15), ("shop/orders.py", 23)],
    "secrets": [("shop/keys.py", 3), ("shop/keys.py", 4)],
    "complexity": [("shop/rules.py", 4)],
    "cognitive": [("shop/rules.py", 4)],
    "duplication": [("shop/north.py", 5), ("shop/south.py", 5)],
    "dead code": [("shop/left.py", 3), ("shop/left.py", 6)],
    "types": [("shop/typed.py", 8)],
    "size": [("shop/long.py", 4)],
    "javascript": [("web/cart.js", 2), ("web/cart.js", 5), ("web/cart.js", 6)],
}


def plant(root: Path) -> None:
    """Write every file of the project below `root`."""
    text = Path(__file__).with_name("project.txt").read_text(encoding="utf-8")
    for part in re.split(r"^==== ", text, flags=re.MULTILINE)[1:]:
        path, _, content = part.partition("\n")
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_filled(content), encoding="utf-8")


def _filled(text: str) -> str:
    """`text` with its repetitions, and with the secrets that must not stand in a repository."""
    text = re.sub(r"\{\{(\d+) times:(.*)\}\}", _repeated, text)
    digests = [b64encode(sha512(bytes([n])).digest()[:48]).decode() for n in range(12)]
    edge = "-" * 5
    lines = (f"{edge}BEGIN RSA PRIVATE KEY{edge}", *digests, f"{edge}END RSA PRIVATE KEY{edge}", "")
    access = "AKIA" + "Q3EGRZ7X" + "WDP5K2MN"
    return text.replace("{{access key}}", access).replace("{{private key}}", "\n".join(lines))


def _repeated(wanted: re.Match[str]) -> str:
    return "\n".join(wanted[2][1:].replace("#", str(n)) for n in range(int(wanted[1])))
