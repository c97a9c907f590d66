"""A worker without a model that says the turns it was started with: text, or calls of tools.

Where it must write calls and its turn is text, it writes none; the text comes when it is asked for.
A call "hang" waits for its cancel.
"""

import json
import sys
from typing import Any

turns: list[Any] = json.loads(sys.argv[1])
waiting: set[int] = set()


def say(event: str, **data: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **data}) + "\n")
    sys.stdout.flush()


def complete(message: dict[str, Any]) -> None:
    call, ask = message["id"], message["ask"]
    turn = turns[0]
    if turn == "hang":
        turns.pop(0)
        waiting.add(call)
        say("piece", id=call, text="wait")
        return
    writes_calls = "calls" in (ask["schema"] or {}).get("properties", {})
    if writes_calls and isinstance(turn, str):
        text = turn if turn.startswith("{") and ask["temperature"] == 0 else '{"calls": []}'
    elif writes_calls:
        turns.pop(0)
        text = json.dumps({"calls": [{"name": name, "arguments": a} for name, a in turn]})
    else:
        text = turns.pop(0)
        if message["stream"]:
            say("piece", id=call, text=text)
    counts = {"input_tokens": 5, "cached_tokens": 2, "output_tokens": 3}
    say("done", id=call, text=text, finish="stop", **counts)


for line in sys.stdin:
    message = json.loads(line)
    if message["op"] == "start":
        say("ready", runtime="scripted")
    elif message["op"] == "complete":
        complete(message)
    elif message["id"] in waiting:
        waiting.remove(message["id"])
        say("cancelled", id=message["id"])
