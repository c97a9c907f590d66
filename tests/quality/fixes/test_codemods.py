"""Our own rewrites: each changes what it must, and not a character more."""

import ast
from dataclasses import dataclass

import pytest

from quality.finding import Finding, Place
from quality.fixes.codemods.rewriting import rewrites


@dataclass(frozen=True)
class Case:
    before: str  # the finding is on the last line that holds "#!", which is no part of it
    after: str | None  # None: nothing is offered
    cwe: int = 0
    rule: str = "rule"
    safe: bool = False


CASES = (
    Case("import yaml\nx = yaml.load(f, Loader=yaml.Loader)  # c #!\n", "yaml.safe_load(f)", 502),
    Case("from yaml import load\nx = load(f) #!\n", None, 502),
    Case("import requests as r\nr.get(u, headers=h) #!\n", "r.get(u, headers=h, timeout=10)", 400),
    Case("import requests\nrequests.get(u, timeout=None) #!\n", "(u, timeout=10)", 400),
    Case("import requests\nrequests.get(u, **k) #!\n", None, 400),
    Case("import requests\nrequests.get(u) #!\n", "requests.get(u, timeout=10)", rule="S113"),
    Case("s.post(u, verify=False, json=j) #!\n", "s.post(u, json=j)", 295),
    Case("s.post(verify=False, url=u) #!\n", "s.post(url=u)", 295),
    Case("import ssl\nc = ssl._create_unverified_context() #!\n", "create_default_context()", 295),
    Case(
        "import paramiko\nc.set(paramiko.AutoAddPolicy()) #!\n", "set(paramiko.RejectPolicy())", 295
    ),
    Case(
        'import subprocess\nsubprocess.run("ls -l /tmp", shell=True, check=True) #!\n',
        'subprocess.run(["ls", "-l", "/tmp"], check=True)',
        78,
    ),
    Case('import subprocess\nsubprocess.run("ls | wc", shell=True) #!\n', None, 78),
    Case("import subprocess\nsubprocess.run(cmd, shell=True) #!\n", None, 78),
    Case(
        'import os\n\n\ndef f():\n    os.system("make all") #!\n',
        'import subprocess\n\n\ndef f():\n    subprocess.run(["make", "all"], check=False)',
        78,
    ),
    Case('import os\nx = os.system("make all") #!\n', None, 78),
    Case(
        'import tempfile\n\n\ndef f():\n    path = tempfile.mktemp(".x") #!\n    return path\n',
        'path_handle, path = tempfile.mkstemp(".x")\n    os.close(path_handle)',
        377,
    ),
    Case(
        'r.set_cookie("a", b) #!\n',
        'r.set_cookie("a", b, secure=True, httponly=True, samesite="Lax")',
        614,
    ),
    Case(
        'r.set_cookie("a", b, secure=False, samesite="Strict") #!\n',
        'r.set_cookie("a", b, secure=True, samesite="Strict", httponly=True)',
        1004,
    ),
    Case(
        'import jwt\njwt.decode(t, key, algorithms=["HS256"], verify=False) #!\n',
        'jwt.decode(t, key, algorithms=["HS256"])',
        347,
    ),
    Case("import jwt\njwt.decode(t, verify=False) #!\n", None, 347),
    Case("app.run(debug=True, port=80) #!\n", "app.run(debug=False, port=80)", 489),
    Case("tar.extractall(path) #!\n", 'tar.extractall(path, filter="data")', 22),
    Case(
        "from lxml import etree\np = etree.XMLParser(resolve_entities=True) #!\n",
        "etree.XMLParser(resolve_entities=False)",
        611,
    ),
    Case("import jinja2\ne = jinja2.Environment() #!\n", "jinja2.Environment(autoescape=True)", 79),
    Case(
        "import hashlib\n\n\ndef cache_name(x):\n    return hashlib.md5(x).hexdigest() #!\n",
        "hashlib.md5(x, usedforsecurity=False).hexdigest()",
        327,
        safe=True,
    ),
    Case(
        "import hashlib\n\n\ndef sign_token(x):\n    return hashlib.sha1(x).hexdigest() #!\n",
        "hashlib.sha256(x).hexdigest()",
        327,
    ),
    Case("import hashlib\nstored_password = hashlib.md5(p) #!\n", None, 327),
    Case("import random\ntoken = random.choice(x) #!\n", "token = secrets.choice(x)", 330),
    Case(
        "import random\ntoken = random.randint(1, 9) #!\n",
        "token = secrets.SystemRandom().randint(1, 9)",
        338,
    ),
    Case("import random\nrandom.seed(1) #!\n", None, 330),
    Case("x = eval(y) #!\n", "import ast\nx = ast.literal_eval(y)", 95),
    Case("x = eval(y, {}) #!\n", None, 95),
    Case('import os\nos.chmod("é", 0o777) #!\n', 'os.chmod("é", 0o700)', 732),
    Case('s.bind(("0.0.0.0", 80)) #!\n', 's.bind(("127.0.0.1", 80))', 605),
    Case("ok = mac != given #!\n", "ok = not hmac.compare_digest(mac, given)", 208),
    Case("if x == None: #!\n    pass\n", "if x is None:", rule="E711"),
    Case("if x != None: #!\n    pass\n", "if x is not None:", rule="none-comparison"),
    Case(
        'def f(a, b: list[int] = []): #!\n    """Doc."""\n    return b\n',
        'def f(a, b: list[int] | None = None): #!\n    """Doc."""\n    if b is None:\n'
        "        b = []\n    return b\n",
        rule="B006",
    ),
    Case("db = connect(user=u, password='x') #!\n", 'password=os.environ["PASSWORD"])', 798),
    Case("def f(b=[]): return b #!\n", None, rule="B006"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.before.splitlines()[-1][:50])
def test_a_rewrite_changes_what_it_must(case: Case) -> None:
    row = next(n for n, line in enumerate(case.before.splitlines(), 1) if "#!" in line)
    finding = Finding(
        rule=case.rule,
        engine="toy",
        kind="vulnerability",
        severity="major",
        place=Place("a.py", row, row),
        message="",
        cwe=(case.cwe,) if case.cwe else (),
    )
    found = list(rewrites(finding, case.before, ast.parse(case.before)))
    if case.after is None:
        assert not found
        return
    (rewrite,) = found
    assert case.after in rewrite.text
    assert rewrite.safe is case.safe
    ast.parse(rewrite.text)
    kept = set(case.before.splitlines()) - {case.before.splitlines()[row - 1]}
    if case.rule != "B006":
        assert kept <= set(rewrite.text.splitlines()) | {"import random", "import os"}


def test_a_comment_among_the_arguments_is_kept() -> None:
    code = "s.get(\n    u,  # where to\n    verify=False,\n)\n"
    finding = Finding(
        rule="x",
        engine="toy",
        kind="vulnerability",
        severity="major",
        place=Place("a.py", 1, 1),
        message="",
        cwe=(295,),
    )
    assert not list(rewrites(finding, code, ast.parse(code)))
