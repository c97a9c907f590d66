"""The final answer, so that showing it sends nothing to anybody."""

import html
import re
from functools import partial

from agent.untrusted.addresses import address, addresses
from agent.untrusted.cleaning import visible
from agent.untrusted.taint import TaintState
from pointsman.types import Json

_TEXT = r"\[(?P<text>(?:\\.|[^\[\]\\]|\[[^\[\]]{0,200}\]){0,1000})\]"
_URL = r"<?(?P<url>[^\s()<>]{0,4096}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,2048})?)>?"
_TO = rf"\(\s{{0,20}}{_URL}(?:\s[^()\n]{{0,300}})?\)"
# What is not recognised is broken where it begins: no reader may take it for more than we do.
_IMAGE = re.compile(rf"!{_TEXT}\s{{0,3}}(?:{_TO}|\[[^\[\]]{{0,200}}\])?|!\[")
_LINK = re.compile(rf"(?<!\\){_TEXT}{_TO}|\]\(")
_DEFINITION = re.compile(
    r"^(?P<lead>[ >*+\t0-9.)-]{0,20})\[(?P<text>(?:\\.|[^\[\]\\]){1,1000})\]:\s{0,20}"
    r"<?(?P<url>[^\s<>]{1,4096})>?",
    re.MULTILINE,
)
_BARE = re.compile(
    r"<?\b(?:https?|ftp):[/\\]{2}[^\s<>\"'`]{1,4096}>?|\bwww\.[^\s<>\"'`]{1,4096}", re.I
)
# An element with an attribute may load something; a style or a script does by itself.
_ELEMENT = re.compile(
    r"<(?!(?:https?|ftp|mailto):)(?=[a-z][a-z0-9:-]{0,40}[\s/][^<>]{0,4096}=|/?(?:style|script|svg|math)\b)",
    re.I,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|colon|sol|period);?", re.I)
_LONGEST_SHOWN = 300  # characters of an address that is shown as text


def safe_answer(text: str, state: TaintState) -> str:
    """The answer as it may be shown, by whatever shows Markdown or HTML.

    Images stay only where the person named their host: a reader's program fetches them unasked,
    and an address can carry away what it likes. HTML that could load something becomes text. Once
    untrusted text was read, a link whose address the model made becomes text too, `hxxps://...`,
    which nobody clicks by mistake and no preview fetches; one that the person named, or that was
    read as it stands, stays.
    """
    text = _still(text, state)
    if not state.sources:
        return text
    text = _DEFINITION.sub(partial(_definition, state), text)
    text = _LINK.sub(partial(_link, state), text)
    return _BARE.sub(lambda url: _address(state, url.group()), text)


def safe_values(value: Json, state: TaintState) -> Json:
    """A structured answer whose texts load nothing where they are shown.

    Addresses stay: they may be what was asked for, and a program reads them, not a person.
    """
    if isinstance(value, str):
        return _still(value, state)
    if isinstance(value, list):
        return [safe_values(item, state) for item in value]
    if isinstance(value, dict):
        return {_still(name, state): safe_values(item, state) for name, item in value.items()}
    return value


def _still(text: str, state: TaintState) -> str:
    """Without images that would be fetched, and without HTML that could load something."""
    text = _ENTITY.sub(_spelt_out, visible(text))
    return _ELEMENT.sub("&lt;", _IMAGE.sub(partial(_image, state), text))


def _spelt_out(entity: re.Match[str]) -> str:
    """The letter that an entity stands for, where an address could be made of it."""
    letter = html.unescape(entity.group())
    return letter if letter.isalnum() or letter in ":/." else entity.group()


def _image(state: TaintState, image: re.Match[str]) -> str:
    if image["text"] is None:
        return "!\\["
    url = image["url"]
    if url and (_is_local(url) or _may_load(state, url)):
        return image.group()
    shown = f"image not shown: {_plain(url)}" if url else "image not shown"
    return f"{image['text'] or 'image'} ({shown})"


def _definition(state: TaintState, line: re.Match[str]) -> str:
    if _is_local(line["url"]) or _may_link(state, line["url"]):
        return line.group()
    return f"{line['lead']}{line['text']}: {_plain(line['url'])}"


def _link(state: TaintState, link: re.Match[str]) -> str:
    if link["text"] is None:
        return "] ("
    if _is_local(link["url"]) or _may_link(state, link["url"]):
        return link.group()
    return f"{link['text']} ({_plain(link['url'])})"


def _address(state: TaintState, url: str) -> str:
    return url if _may_link(state, url.strip("<>")) else _plain(url.strip("<>"))


def _may_load(state: TaintState, url: str) -> bool:
    one = address(url)
    return (
        one is not None and state.names(one.host) and (not state.sources or _is_known(state, url))
    )


def _may_link(state: TaintState, url: str) -> bool:
    return _is_known(state, url if "://" in url else f"https://{url}")


def _is_known(state: TaintState, url: str) -> bool:
    found = addresses(url)
    return bool(found) and state.knows(found[0]) not in ("query", "made")


def _is_local(url: str) -> bool:
    """Whether it is a path, or a place in this text: nobody is asked for it."""
    plain = url.replace("\\", "/")
    return not plain.startswith("//") and not any(sign in plain for sign in ":&")


def _plain(url: str) -> str:
    """The address as text that no program takes for one."""
    text = re.sub(r"(?i)\bhttp(?=s?:)", "hxxp", url).replace("www.", "www[.]")
    text = re.sub(r"(?i)^(?!hxxp)(\w{2,20}):", r"\1[:]", text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
