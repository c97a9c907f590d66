"""What is no longer to be used, and what was left in by mistake."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import every, on, on_call
from quality.checks.code import Code, argument, is_false, is_true, last_name, written

_GONE = frozenset({"imp", "asyncore", "asynchat", "smtpd", "cgi", "cgitb", "crypt", "telnetlib"})
_GONE |= frozenset(
    {"distutils", "md5", "sha", "popen2", "nntplib", "pipes", "uu", "xdrlib", "urllib2"}
)
_GONE |= frozenset({"sets", "thread", "commands", "spwd", "nis", "audioop", "imghdr", "sndhdr"})
_CALLS = (
    "os.popen2",
    "os.popen3",
    "os.popen4",
    "os.tmpnam",
    "os.tempnam",
    "os.getcwdu",
    "time.clock",
    "platform.linux_distribution",
    "platform.dist",
    "inspect.getargspec",
    "ssl.wrap_socket",
    "ssl.match_hostname",
    "ssl.RAND_pseudo_bytes",
    "cgi.escape",
    "base64.encodestring",
    "base64.decodestring",
    "collections.Mapping",
    "collections.Callable",
    "collections.Iterable",
    "datetime.datetime.utcnow",
    "datetime.datetime.utcfromtimestamp",
    "xml.etree.cElementTree.parse",
    "string.maketrans",
    "string.join",
    "locale.format",
    "asyncio.coroutine",
    "asyncio.async",
    "threading.currentThread",
    "threading.activeCount",
    "random.jumpahead",
    "gettext.lgettext",
    "unittest.makeSuite",
    "importlib.find_loader",
    "pkgutil.find_loader",
    "array.array.tostring",
    "plistlib.readPlist",
    "plistlib.writePlist",
    "os.errno",
    "sys.setcheckinterval",
    "builtins.execfile",
    "builtins.apply",
    "builtins.reduce",
    "flask.Markup",
    "flask.escape",
    "numpy.product",
    "numpy.asscalar",
    "werkzeug.security.safe_str_cmp",
)
_METHODS = (".has_key", ".isAlive", ".getchildren", ".assertEquals", ".assertItemsEqual", ".warn")
_SHARED_FOLDER = re.compile(r"(\.\.?|\./.*|(/var)?/tmp.*|)$")
_SHARED_ENTRY = re.compile(r"(^|:)(\.|/tmp[^:]*)?(:|$)")
_BELOW = re.compile(r"^[\w-]+/")
_PIPED = re.compile(r"\b(curl|wget)\b[^|;&]*\|\s*(sudo\s+)?(ba|z|da)?sh\b")
# pointsman: allow unread-download -- the pattern of what is looked for
_INDEX = re.compile(r"--(extra-)?index-url[ =]http://|--trusted-host")
_TODO = re.compile(r"#.*\b(FIXME|HACK|XXX|BUG)\b")
_SECRET_COMMENT = re.compile(
    r"#.*\b(?:password|passwd|pwd|secret|api[_ ]?key|login)\s*(?:is|=|:)\s*['\"]?(?=\S*\d)\S{6,}",
    re.I,
)


def _gone_import(node: ast.Import | ast.ImportFrom, code: Code) -> Iterator[ast.AST]:
    if isinstance(node, ast.ImportFrom):
        names = [node.module or ""] if not node.level else []
    else:
        names = [alias.name for alias in node.names]
    if any(name.split(".")[0] in _GONE for name in names):
        # `try: import new` / `except ImportError: import old` is how old Pythons are served
        serving = ast.Try | ast.ExceptHandler | ast.If
        if not any(isinstance(each, serving) for each in code.above(node)):
            yield node


def _old_method(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    logs = last_name(node.func) != "warn" or "log" in written(node.func).lower()
    if logs and code.full(node.func) != "warnings.warn":
        yield node


def _comments(_: ast.Module, code: Code) -> Iterator[ast.AST]:
    for number, line in enumerate(code.lines, 1):
        if "#" in line and _TODO.search(line):
            yield ast.Pass(lineno=number, end_lineno=number)


def _secret_comments(_: ast.Module, code: Code) -> Iterator[ast.AST]:
    for number, line in enumerate(code.lines, 1):
        if "#" in line and _SECRET_COMMENT.search(line):
            yield ast.Pass(lineno=number, end_lineno=number)


def _search_path(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`sys.path.insert(0, "/tmp/plugins")`: whoever writes there runs code here."""
    given = node.args[-1] if node.args else None
    value = code.text(given)
    called = code.full(given.func) if isinstance(given, ast.Call) else ""
    shared = value is not None and _SHARED_FOLDER.match(value)
    if shared or called == "os.getcwd":
        yield node


def _path_variable(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    target = node.targets[0]
    if not isinstance(target, ast.Subscript) or code.full(target.value) != "os.environ":
        return
    if last_name(target) in ("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH"):
        for each in code.inside(node.value):
            text = each.value if isinstance(each, ast.Constant) else ":"
            if text != ":" and _SHARED_ENTRY.search(str(text)):
                yield node
                return


def _relative_library(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    given = code.text(node.args[0]) if node.args else None
    if given and (given.startswith(("./", "../", "/tmp/")) or _BELOW.match(given)):  # noqa: S108
        yield node


def _trusted_index(node: ast.Constant, _: Code) -> Iterator[ast.AST]:
    """A shell that runs what the network says, unread."""
    value = node.value
    if not isinstance(value, str) or len(value) >= 2_000:
        return
    piped = "|" in value and _PIPED.search(value)
    if piped or (("-index-url" in value or "trusted-host" in value) and _INDEX.search(value)):
        yield node


def _no_frame_guard(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """X-Frame-Options that lets everybody put the page into theirs."""
    target = node.targets[0]
    named = isinstance(target, ast.Subscript) and last_name(target).lower() == "x-frame-options"
    if named and (code.text(node.value) or "DENY").upper() in ("ALLOWALL", "*"):
        yield node


def _policy_off(node: ast.Call, _: Code) -> Iterator[ast.AST]:
    for name in ("content_security_policy", "frame_options", "force_https"):
        value = argument(node, name)
        if is_false(value) or (isinstance(value, ast.Constant) and value.value is None):
            yield node
            return


def _logging_off(node: ast.Call | ast.Assign, code: Code) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        level = code.full(node.args[0]) if node.args else "logging.CRITICAL"
        if level in ("logging.CRITICAL", "logging.FATAL", "logging.ERROR"):
            yield node
    elif last_name(node.targets[0]) == "disabled" and is_true(node.value):
        yield from [node] if "log" in written(node.targets[0]).lower() else ()


CHECKS = (
    on("obsolete", _gone_import, ast.Import, ast.ImportFrom),
    on_call("obsolete", every, *_CALLS),
    on_call("obsolete-method", _old_method, *_METHODS),
    on("unfinished", _comments, ast.Module),
    on("secret-in-comment", _secret_comments, ast.Module, tests=False),
    on_call("shared-search-path", _search_path, "sys.path.insert", "sys.path.append", tests=False),
    on("shared-search-path", _path_variable, ast.Assign),
    on_call("relative-library", _relative_library, "ctypes.CDLL", "ctypes.cdll.LoadLibrary"),
    on("unread-download", _trusted_index, ast.Constant, tests=False),
    on("framing-allowed", _no_frame_guard, ast.Assign),
    on_call("protection-off", _policy_off, "flask_talisman.Talisman"),
    on_call("logging-off", _logging_off, "logging.disable", tests=False),
    on("logging-off", _logging_off, ast.Assign, tests=False),
)
