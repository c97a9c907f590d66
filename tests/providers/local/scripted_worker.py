"""A worker without a model: it does what a call's last message or the file's name says."""

import json
import os
import sys
import time
from typing import Any

ANSWER = ("Grüße", ", ", "Welt!")


def say(event: str, **data: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **data}) + "\n")
    sys.stdout.flush()


def start(model: str) -> None:
    if "never" in model:
        time.sleep(3600)
    if "dies" in model:
        os.abort()
    if "refused" in model:
        say("failed", reason="unknown model architecture: 'none'")
        raise SystemExit
    say("ready", runtime="scripted")


def complete(message: dict[str, Any]) -> None:
    call = message["id"]
    match message["ask"]["messages"][-1]["content"]:
        case "hang":
            hanging.add(call)
        case "wait":
            waiting.add(call)
            say("piece", id=call, text="wait")
        case "die":
            say("piece", id=call, text="half an ans")
            os.abort()
        case "junk":
            sys.stdout.write("llama.cpp says hello\n")
            sys.stdout.flush()
        case _:
            for text in ANSWER if message["stream"] else ():
                say("piece", id=call, text=text)
            counts = {"input_tokens": 5, "cached_tokens": 2, "output_tokens": 3}
            say("done", id=call, text="".join(ANSWER), finish="stop", **counts)


hanging: set[int] = set()  # not even a cancel ends these
waiting: set[int] = set()
for line in sys.stdin:
    message = json.loads(line)
    if message["op"] == "start":
        start(message["model"])
    elif message["op"] == "complete":
        complete(message)
    elif message["id"] in waiting:
        waiting.remove(message["id"])
        say("cancelled", id=message["id"])
