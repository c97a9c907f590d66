"""How what one model said is shown to another: cut to size, and marked as no instruction."""

CUT = "\n[...]\n"
CHARS_PER_TOKEN = 2  # low, so that no script passes the room that it is given
LEAST_ROOM = 200  # characters


def clipped(text: str, room: int) -> str:
    """`text`, or its beginning and end, in at most `room` characters or so."""
    if len(text) <= room:
        return text
    head = room * 2 // 3
    return f"{text[:head]}{CUT}{text[-(room - head) :]}"


def quoted(what: str, text: str) -> str:
    """`text` between marks that it cannot close."""
    return f"<<<{what}\n{text.replace('<<<', '< < <').replace('>>>', '> > >')}\n>>>"


def room_for(context: int, parts: int) -> int:
    """How many characters each of `parts` texts may have in half of a context of so many tokens."""
    return max(LEAST_ROOM, context * CHARS_PER_TOKEN // 2 // max(parts, 1))
