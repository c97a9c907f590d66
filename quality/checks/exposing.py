"""What an answer tells that is nobody's business."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, last_name
from quality.checks.web import answers, is_web
from quality.checks.words import is_password

_SENDERS = frozenset(
    {"send", "sendall", "write", "send_error", "HTTPException", "abort", "jsonify"}
)
_SENDERS |= frozenset({"JSONResponse", "HttpResponse", "JsonResponse", "Response", "send_text"})
_SENDERS |= frozenset({"make_response", "HttpResponseServerError", "HttpResponseBadRequest"})
_LOGGED = re.compile(r"(?i)^(debug|info|warning|error|exception|critical|log|print)$")
_INSIDE = frozenset(
    {"os.environ", "sys.version", "platform.platform", "platform.uname", "os.uname"}
)
_INSIDE |= {"platform.node", "platform.version", "platform.python_version", "sys.path"}
_INSIDE |= {"flask.current_app.config", "sys.modules", "os.getcwd"}
_UNKNOWN_USER = re.compile(r"(?i)(no|no such|unknown|invalid|not a) (user|account|email)"
                           r"|(user|account|email)\w* (does ?n.t exist|not found|does not exist"
                           r"|unknown|not registered|is not known)")  # fmt: skip
_LOGS_IN = re.compile(r"(?i)login|sign_?in|authenticate")
_WRONG_PASSWORD = re.compile(
    r"(?i)(wrong|invalid|incorrect|bad) (password|passphrase)"
    r"|password (is )?(wrong|invalid|incorrect|does not match)"
)


def _error_told(node: ast.ExceptHandler, code: Code) -> Iterator[ast.AST]:
    """`except Exception as error: return str(error)` in what answers requests."""
    function = code.function(node)
    if function is None or _is_our_own(node):
        return
    public = answers(function, code) or _is_error_handler(function)
    for statement in node.body:
        for each in [statement, *code.own(statement)]:
            if isinstance(each, ast.Return):
                if public and each.value and _tells(each.value, node.name, code):
                    yield each
            elif isinstance(each, ast.Call) and _answers_with(each, node.name, code, public=public):
                yield each


def _answers_with(call: ast.Call, name: str | None, code: Code, *, public: bool) -> bool:
    """Whether it sends the error; what is returned is looked at as a whole."""
    sends = last_name(call.func) in _SENDERS and (public or _sends(call)) and is_web(code)
    return sends and not isinstance(code.parent(call), ast.Return) and _told_by(call, name, code)


def _sends(call: ast.Call) -> bool:
    return "wfile" in ast.dump(call.func) or last_name(call.func) in (
        "sendall",
        "send",
        "HTTPException",
    )


def _is_error_handler(function: Function) -> bool:
    return any("errorhandler" in ast.dump(mark) for mark in function.decorator_list)


def _is_our_own(node: ast.ExceptHandler) -> bool:
    """Errors of the application's own, or that speak of what the client sent."""
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = [last_name(kind) for kind in kinds if kind is not None]
    told = ("ValidationError", "HTTPException", "BadRequest", "NotFound", "ValueError", "KeyError")
    return bool(names) and all(name in told or "Validation" in name for name in names)


def _told_by(call: ast.Call, name: str | None, code: Code) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(_tells(each, name, code) for each in given)


def _tells(node: ast.expr, name: str | None, code: Code) -> bool:
    for each in code.inside(node):
        match each:
            case ast.Name(id=used) if used == name and _whole(each, code):
                return True
            case ast.Call(func=func):
                full = code.full(func)
                if full in ("traceback.format_exc", "sys.exc_info", "traceback.format_exception"):
                    return True
            case ast.Name() if _holds_trace(each, code):
                return True
    return False


def _whole(node: ast.Name, code: Code) -> bool:
    """The error itself is told, not a field of it, its class, or a code looked up by it."""
    parent = code.parent(node)
    match parent:
        case ast.Attribute(attr=attr):
            return attr in ("args", "message", "strerror", "stderr", "output", "pgerror", "diag")
        case ast.Call(func=func):
            return last_name(func) not in ("type", "isinstance", "public_message") and not (
                _LOGGED.match(last_name(func))
            )
    return True


def _holds_trace(node: ast.Name, code: Code) -> bool:
    made = code.origin(node)
    return isinstance(made, ast.Call) and code.full(made.func) == "traceback.format_exc"


def _inside_told(node: ast.Return, code: Code) -> Iterator[ast.AST]:
    """The environment, the configuration, versions, in an answer."""
    function = code.function(node)
    if node.value is None or function is None or not answers(function, code):
        return
    for each in code.inside(node.value):
        if not isinstance(each, ast.Attribute):
            continue
        parent = code.parent(each)
        part = isinstance(parent, ast.Subscript | ast.Attribute) and "environ" in each.attr
        if (code.full(each) in _INSIDE or _is_config(each)) and not part:
            yield node
            return


def _is_config(node: ast.Attribute) -> bool:
    return node.attr == "config" and last_name(node.value) in ("app", "current_app")


def _whole_record(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`jsonify(user.__dict__)`, `jsonify(password=user.password)`."""
    for each in [*node.args, *(keyword.value for keyword in node.keywords)]:
        for inner in code.inside(each):
            match inner:
                case ast.Attribute(attr="__dict__"):
                    yield node
                    return
                case ast.Call(func=ast.Name(id="vars"), args=[_]):
                    yield node
                    return
                case ast.Dict(keys=keys, values=values):
                    pairs = zip(keys, values, strict=True)
                    if any(_tells_password(key, value) for key, value in pairs) and not code.test:
                        yield node
                        return


def _record_returned(node: ast.Return, code: Code) -> Iterator[ast.AST]:
    if not isinstance(node.value, ast.Attribute | ast.Dict):
        return
    function = code.function(node)
    if function is None or not answers(function, code):
        return
    match node.value:
        case ast.Attribute(attr="__dict__"):
            yield node
        case ast.Dict(keys=keys, values=values):
            if any(_tells_password(k, v) for k, v in zip(keys, values, strict=True)):
                yield node


def _tells_password(key: ast.expr | None, value: ast.expr) -> bool:
    named = isinstance(key, ast.Constant) and is_password(str(key.value))
    return named and isinstance(value, ast.Attribute | ast.Subscript)


def _tells_who_exists(node: Function, code: Code) -> Iterator[ast.AST]:
    """A login that says whether the user or the password is wrong."""
    if not _LOGS_IN.search(node.name):
        return
    texts = [
        e for e in code.inside(node) if isinstance(e, ast.Constant) and isinstance(e.value, str)
    ]
    unknown = [each for each in texts if _UNKNOWN_USER.search(str(each.value))]
    if unknown and any(_WRONG_PASSWORD.search(str(each.value)) for each in texts):
        yield unknown[0]


def _listed(node: ast.Return, code: Code) -> Iterator[ast.AST]:
    """A folder's content in an answer."""
    if node.value is None or not code.speaks_of("listdir", "walk", "glob"):
        return
    function = code.function(node)
    if function is None or not answers(function, code):
        return
    for call, full in code.calls(node.value):
        if full in ("os.listdir", "os.walk", "glob.glob"):
            yield call


CHECKS = (
    on("error-told", _error_told, ast.ExceptHandler, tests=False),
    on("inside-told", _inside_told, ast.Return, tests=False),
    on_call("whole-record-told", _whole_record, "flask.jsonify", "django.http.JsonResponse"),
    on("whole-record-told", _record_returned, ast.Return, tests=False),
    on("tells-who-exists", _tells_who_exists, *FUNCTIONS, tests=False),
    on("folder-listed", _listed, ast.Return, tests=False),
)
