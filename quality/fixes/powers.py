"""What a model's fix must not be able to do that the code could not do before."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from quality.fixes.errors import Refused
from quality.fixes.imports import Import
from quality.python.names import Names
from quality.python.walking import walk

# By full name, the beginning of it. What is in none of these is not asked about.
_POWERS = {
    "runs programs": "subprocess. os.system os.popen os.exec os.spawn os.posix_spawn os.fork pty. "
    "asyncio.create_subprocess asyncio.subprocess. commands. os.startfile os.kill",
    "runs text as code": "builtins.eval builtins.exec builtins.compile builtins.__import__ "
    "importlib. runpy. code. codeop. types.FunctionType types.CodeType builtins.breakpoint",
    "reaches the network": "socket. socketserver. urllib.request. urllib3. http.client. requests. "
    "httpx. aiohttp. smtplib. ftplib. telnetlib. poplib. imaplib. paramiko. websocket. "
    "websockets. xmlrpc. asyncio.open_connection asyncio.start_server http.server. webbrowser. "
    "boto3. grpc. zmq. pika. kafka.",
    "writes or deletes files": "os.remove os.unlink os.rmdir os.removedirs os.rename os.replace "
    "os.chmod os.chown os.link os.symlink os.truncate os.mkfifo os.mknod os.open os.write shutil.",
    "reads the environment": "os.environ os.getenv os.getenvb os.environb dotenv.",
    "unpacks objects": "pickle. cPickle. marshal. shelve. dill. cloudpickle. joblib. jsonpickle. "
    "yaml.load yaml.unsafe_load yaml.full_load torch.load numpy.load pandas.read_pickle",
    "loads native code": "ctypes. cffi. mmap.",
    "reaches into the interpreter": "builtins.setattr builtins.delattr builtins.globals "
    "builtins.locals builtins.vars sys.modules sys.path sys.settrace sys.setprofile sys.meta_path "
    "sys._getframe gc. builtins.input atexit. signal. site.",
    "starts threads": "threading. multiprocessing. concurrent. _thread.",
    "unpacks hidden text": "base64. binascii. codecs. zlib. gzip. bz2. lzma. builtins.chr "
    "builtins.bytes.fromhex builtins.bytearray.fromhex",
    "ends the process": "os._exit os.abort sys.exit builtins.exit builtins.quit",
}
_HARMLESS = (
    "__future__ abc ast collections contextlib dataclasses datetime decimal defusedxml enum "
    "fractions functools hashlib heapq hmac html ipaddress itertools json logging markupsafe math "
    "numbers operator pathlib posixpath re secrets shlex statistics string tempfile textwrap time "
    "typing unicodedata uuid bleach nh3 bcrypt argon2"
)
# What a fix of these CWEs may import or do besides.
_SECRETS, _PATHS, _MODES = (259, 321, 522, 547, 798), (22, 23, 36, 73), (276, 377, 378, 379, 732)
_ALLOWED: dict[int, tuple[str, ...]] = {
    **dict.fromkeys(_SECRETS, ("os", "reads the environment")),
    **dict.fromkeys(_PATHS, ("os", "os.path", "werkzeug.utils")),
    **dict.fromkeys(_MODES, ("os", "os.open", "os.chmod")),
    **dict.fromkeys((77, 78, 88), ("subprocess",)),
    **dict.fromkeys((327, 328, 330, 338, 916), ("werkzeug.security", "cryptography")),
    295: ("ssl",),
    918: ("socket", "socket.getaddrinfo", "socket.gethostbyname"),
}
_FILE_METHODS = frozenset({"write_text", "write_bytes", "unlink", "rmdir", "touch", "symlink_to"})
_INNARDS = re.compile(r"__(?!init__|name__|file__|doc__|enter__|exit__|all__|main__)\w+__")
_NO_POWER = re.compile(r"[A-Z_0-9]+|\w+(?:Error|Exception|Expired|Timeout|Process)")
_OPENS_TO_WRITE = re.compile(r"[wax+]")


def check_powers(
    old: ast.Module, new: ast.Module, parts: tuple[ast.AST, ast.AST], cwe: tuple[int, ...]
) -> None:
    """
    `parts` is what differs of the modules `old` and `new`, beside their imports.

    Raises:
        Refused: the code can do what it could not do before.
    """
    allowed = {word for number in cwe for word in _ALLOWED.get(number, ())}
    _check_imports(old, new, allowed)
    had = Counter(_powers(parts[0], Names(old), allowed))
    for power, count in Counter(_powers(parts[1], Names(new), allowed)).items():
        if count > had[power] and power not in allowed:
            raise Refused(f"it {power}, which the code did not")


def _check_imports(old: ast.Module, new: ast.Module, allowed: set[str]) -> None:
    had = set(_imported(old))
    known = {name.partition(".")[0] for name in had if not _grants(f"{name}.")}
    for name in sorted(set(_imported(new)) - had):
        top = name.partition(".")[0]
        fits = top in _HARMLESS.split() or top in known - {"os", "sys", "urllib", "http", "asyncio"}
        ways = {name, top, name.rpartition(".")[0]}
        if not fits and not ways & (allowed | {"urllib.parse", "html", "os.path"}):
            raise Refused(f"it imports {name}, which mending this does not need")


def check_hidden(old: ast.Module, new: ast.Module) -> None:
    """No import takes a name that means something else.

    Raises:
        Refused: one does.
    """
    before, taken = _bindings(old), _defined(old)
    for name, full in _bindings(new).items():
        if before.get(name, full) != full or (name not in before and name in taken):
            raise Refused(f"it imports {full} under a name that is taken: {name}")


def _bindings(tree: ast.Module) -> dict[str, str]:
    """By the name that it gets, what is imported."""
    return {
        alias.asname or alias.name.partition(".")[0]: f"{source}{alias.name}"
        for node in walk(tree)
        if isinstance(node, Import)
        for source in [f"{node.module}." if isinstance(node, ast.ImportFrom) else ""]
        for alias in node.names
    }


def _defined(tree: ast.Module) -> set[str]:
    defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in walk(tree) if isinstance(node, defined)} | {
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (
                f"{'.' * node.level}{node.module or ''}.{alias.name}".removeprefix("..")
                for alias in node.names
            )
        elif isinstance(node, Import):
            yield from (alias.name for alias in node.names)


def _powers(tree: ast.AST, names: Names, allowed: set[str]) -> Iterator[str]:
    """One for every place that has one of them."""
    inner = {id(node.value) for node in walk(tree) if isinstance(node, ast.Attribute)}
    for node in walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner:
            full = names.full(node)
            if full and not _permitted(full, allowed) and (power := _grants(full)):
                yield power
        if _touches_innards(node):
            yield "reaches into the interpreter"
        if isinstance(node, ast.Call) and _writes(node, names):
            yield "writes or deletes files"


def _grants(full: str) -> str | None:
    if _NO_POWER.fullmatch(full.rpartition(".")[2]):  # a constant, an exception, a result
        return None
    for power, prefixes in _POWERS.items():
        if full.startswith(tuple(prefixes.split())):
            return power
    return None


def _permitted(full: str, allowed: set[str]) -> bool:
    return any("." in word and full.startswith(word) for word in allowed)


def _touches_innards(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return bool(_INNARDS.fullmatch(name))
        case ast.Call(func=ast.Name(id="getattr"), args=[_, asked, *_]):
            return not isinstance(asked, ast.Constant) or str(asked.value).startswith("__")
    return False


def _writes(node: ast.Call, names: Names) -> bool:
    if isinstance(node.func, ast.Attribute) and node.func.attr in _FILE_METHODS:
        return True
    if names.full(node.func) not in {"builtins.open", "io.open"}:
        return False
    mode = [k.value for k in node.keywords if k.arg == "mode"] or node.args[1:2]
    match mode:
        case [ast.Constant(value=str(text))]:
            return bool(_OPENS_TO_WRITE.search(text))
    return bool(mode)
