"""The engine's door: what it is given, what it says, and that nothing makes it break off."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import anyio
import pytest

from pointsman.errors import ConfigError
from quality.finding import Place
from quality.flow.engine import FlowEngine
from tests.quality.flow.programs import ENGINE, analysed, found, tree_of

SHELL = """\
import os
from flask import Flask, request

app = Flask(__name__)

@app.route("/")
def list_folder():
    folder = request.args.get("folder")
    line = "ls " + folder
    os.system(line)
"""


async def test_a_finding_tells_the_way_of_the_data() -> None:
    (finding,) = await found(SHELL, "command-injection")
    assert (finding.engine, finding.kind, finding.severity) == ("flow", "vulnerability", "blocker")
    assert finding.cwe[0] == 78
    assert finding.confidence == "high"
    assert finding.place == Place("app.py", 10, 10, 5, 20)
    assert [step.place.line for step in finding.flow] == [8, 8, 9, 10]
    assert "folder" in finding.flow[1].says


async def test_columns_are_counted_in_characters() -> None:
    text = SHELL.replace('"ls " + folder', '"ls ñandú " + folder; os.system(line)')
    findings = await found(text, "command-injection")
    assert findings[0].place.column == 1 + text.splitlines()[8].index("os.system")


async def test_data_is_followed_into_other_modules_and_told_where_it_leaves() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/shell.py": "import os\n\ndef run(line):\n    os.system('ls ' + line)\n",
        "shop/views.py": SHELL.replace("import os", "from .shell import run as go").replace(
            "os.system(line)", "go(line)"
        ),
    }
    findings = await found(files, "command-injection")
    (finding,) = (each for each in findings if each.kind == "vulnerability")
    assert finding.place.path == "shop/views.py"
    assert finding.place.line == 10
    assert finding.flow[-1].place == Place("shop/shell.py", 4, 4, 5, 28)


async def test_a_constant_comes_from_another_module() -> None:
    files = {
        "names.py": "ALGORITHM = 'md5'\nBETTER = 'sha256'\n",
        "app.py": "import hashlib\nimport names\n\nhashlib.new(names.ALGORITHM)\n"
        "hashlib.new(names.BETTER)\n",
    }
    (finding,) = await found(files, "weak-hash")
    assert (finding.place.path, finding.place.line) == ("app.py", 4)


async def test_a_caller_that_nobody_sees_is_told_with_less_confidence() -> None:
    text = """\
        import sqlite3

        def by_name(name):
            rows = sqlite3.connect("shop.db").execute(%s)
            return rows.fetchall()
        """
    unsafe = dedent(text) % '"SELECT * FROM users WHERE name = \'" + name + "\'"'
    safe = dedent(text) % '"SELECT * FROM users WHERE name = ?", (name,)'
    assert [f.confidence for f in await found(unsafe, "sql-injection")] == ["medium"]
    assert await found(safe, "sql-injection") == []


async def test_a_function_that_the_tree_calls_is_given_what_it_gives() -> None:
    text = """\
        import os

        def run(line):
            os.system("ls " + line)

        def all_folders():
            run("/srv")
        """
    assert await found(dedent(text), "command-injection") == []


async def test_a_sink_without_a_proven_flow_is_a_hotspot() -> None:
    text = (
        'import os\n\ndef run(job):\n    os.system(f"ls {job.folder()}")\n\ndef go():\n    run(1)\n'
    )
    (finding,) = await found(text, "command-injection")
    assert (finding.kind, finding.severity) == ("hotspot", "minor")
    assert finding.flow == ()


async def test_what_cannot_be_read_does_not_hide_the_rest() -> None:
    text = SHELL + "\ndef broken(:\n    os.system(\n\n"
    assert await found(text, "command-injection")


async def test_a_newer_grammar_than_ours_is_read() -> None:
    """CQ-01: the language of the analysed project is its own."""
    text = SHELL.replace('"ls " + folder', 'f"ls {folder + f"{"x"}"}"')
    assert await found(text, "command-injection")


OWN_RULES = """
        [[source]]
        kind = "queue"
        says = "a message"
        calls = ["shopqueue.Client.receive"]

        [[returns]]
        call = "shopqueue.connect"
        type = "shopqueue.Client"

        [[flow]]
        id = "command-injection"
        sinks = [{ call = "shoptools.run_line", args = ["0|line"] }]
        sanitisers = [{ call = "shoptools.escape" }]

        [[pattern]]
        id = "shop-plain-password"
        call = "shopauth.store"
        when = { hashed = { missing = true } }
        message = "The password is stored as it is."
        """


@pytest.fixture
def own(tmp_path: Path) -> FlowEngine:
    rules = tmp_path / "shop.toml"
    rules.write_text(OWN_RULES)
    return FlowEngine([rules])


async def test_users_add_their_own_rules(own: FlowEngine) -> None:
    text = """\
        import shopauth, shopqueue, shoptools
        line = shopqueue.connect().receive()
        shoptools.run_line(shoptools.escape(line))
        shopauth.store("anna", hashed=True)
        shoptools.run_line(line=line)
        shopauth.store("anna")
        """
    analysis = await analysed({"app.py": dedent(text)}, own)
    assert [(f.place.line, f.rule) for f in analysis.findings] == [
        (5, "command-injection"),
        (6, "shop-plain-password"),
    ]
    assert await own.version() != await ENGINE.version()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[flow]\n", "TOML"),
        ("[[sink]]\n", "sink"),
        ('[[source]]\nkind = "http"\nread = ["a.b"]\n', "source 1 read"),
        ('[[pattern]]\nid = "a"\nmessage = "m"\nwhen = { 0 = { regex = "(" } }\n', "regex"),
        ('[[flow]]\nid = "new-one"\n', "new-one"),
        ('[[flow]]\nid = "sql-injection"\nsinks = [{ args = [0] }]\n', "sink"),
    ],
)
def test_a_wrong_rules_file_is_named_with_what_is_wrong(
    tmp_path: Path, text: str, told: str
) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text(text)
    with pytest.raises(ConfigError) as caught:
        FlowEngine([rules])
    assert told in str(caught.value)


def test_a_rules_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        FlowEngine([tmp_path / "none.toml"])
    assert "none.toml" in str(caught.value)


def keys(files: Mapping[str, str]) -> Mapping[str, str]:
    return ENGINE.keys(tree_of(files))


def test_a_result_holds_while_neither_the_file_nor_what_it_imports_changes() -> None:
    files = {"a.py": "import b\n", "b.py": "X = 1\n", "c.py": "Y = 1\n"}
    before = keys(files)
    after = keys(files | {"b.py": "X = 2\n"})
    changed = {path for path in files if before[path] != after[path]}
    assert changed == {"a.py", "b.py"}


def test_a_new_caller_elsewhere_makes_a_result_stale() -> None:
    files = {"a.py": "def run(line):\n    pass\n", "b.py": "X = 1\n"}
    before = keys(files)
    after = keys(files | {"b.py": "import a\n\ndef go():\n    a.run('ls')\n"})
    assert before["a.py"] != after["a.py"]


async def test_only_stale_files_are_told_of() -> None:
    tree = tree_of({"a.py": SHELL, "b.py": SHELL})
    analysis = await ENGINE.analyse(tree.files[1:], tree)
    assert {finding.place.path for finding in analysis.findings} == {"b.py"}


async def test_what_is_too_much_to_hold_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = "import sys\n\ndef word():\n    return sys.argv[1]\n"
    files = {"reads.py": reads} | {
        f"runs{n}.py": "import os\nfrom reads import word\nos.system(word())\n" for n in range(3)
    }
    whole = await analysed(files)
    assert len(whole.findings) == 3
    monkeypatch.setattr("quality.flow.analysing.MOST_AT_ONCE", 1)
    assert await analysed(files) == whole


async def test_many_files_go_to_other_processes_and_come_back_the_same() -> None:
    files = {f"shop/part{number}.py": SHELL + "# \n" * 3000 for number in range(6)}
    analysis = await analysed(files)
    assert [f.place.path for f in analysis.findings if f.rule == "command-injection"] == sorted(
        files
    )
    assert await analysed(files) == analysis


async def test_cancelled_it_ends_at_once() -> None:
    body = "\n".join(
        f"def f{n}(x):\n    import os\n    os.system('a' + x)\n" for n in range(20_000)
    )
    with anyio.fail_after(30):
        with anyio.move_on_after(0.5) as scope:
            await analysed({"big.py": body})
        assert scope.cancelled_caught


async def test_a_file_that_takes_too_much_work_is_named() -> None:
    text = "import os\nx = [" + "os.system(y), " * 9000 + "]\n"
    analysis = await analysed({"app.py": text})
    assert "app.py" in analysis.unread


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = " + "+".join(["'a'"] * 5000) + "\nos.system(x)\n",
        "import os\nos.system(" + "(" * 80 + "x" + ")" * 80 + ")\n",
        "import os\nx = a" + ".b" * 5000 + "\nos.system(x)\n",
        "import os\nx = " + "f(" * 90 + ")" * 90 + "\nos.system(x)\n",
        "import os\n"
        + "".join(f"{'    ' * n}if x:\n" for n in range(90))
        + "    " * 90
        + "eval(x)",
        "import os\nif x:\n    pass\n" + "elif y:\n    os.system(z)\n" * 3000,
        "import os\nx = [" + "[" * 60 + "]" * 60 + "]\nos.system(x)\n",
        "import os\ndef f(x):\n    return f(f(f(os.system(x))))\nf(f(f(1)))\n",
        "import os\nx = 'a' * 10**9\ny = 9**9**9\nz = 1 << 10**9\nos.system(x)\n",
        "import os\nx = {}\nx['a'] = x\nx['b'] = [x]\nos.system(x)\nprint(x)\n",
        "import os\nclass A(A):\n    a = A\nclass B(C): pass\nclass C(B): pass\nos.system(C().x)\n",
        "from app import *\nimport app\nfrom app import x\nos.system(app.app.app.x)\n",
        "import os\nos.system('%(a)s %' % {})\nos.system('{' .format())\nos.system('%' % 1)\n",
        "import os\nx, *y = *z, = os.system(1)\n[a, (b, *c)] = x\nfor a[0], b.c in d: pass\n",
        "import os\nmatch x:\n    case {'a': [b, *c], **d} | A(e, f=g): os.system(b)\n",
        "\0\0import os\nos.system(x)\0",
        "",
    ],
)
async def test_a_strange_program_has_a_result(text: str) -> None:
    await analysed({"app.py": text})


@pytest.mark.parametrize(
    ("unsafe", "safe"),
    [
        pytest.param(
            """            import argparse, os
            parser = argparse.ArgumentParser()
            parser.add_argument("folder")
            os.system("ls " + parser.parse_args().folder)
            """,
            """            import argparse, os
            parser = argparse.ArgumentParser()
            parser.add_argument("folder", choices=["a", "b"])
            os.system("ls " + parser.parse_args().folder)
            """,
            id="choices of a command line",
        ),
        pytest.param(
            """            import os
            from flask import Flask
            app = Flask(__name__)
            @app.route("/<name>")
            def show(name):
                os.system("ls %s" % name)
            """,
            """            import os
            from flask import Flask
            app = Flask(__name__)
            @app.route("/<int:name>")
            def show(name):
                os.system("ls %s" % name)
            """,
            id="a number in a route",
        ),
        pytest.param(
            """            import os
            from fastapi import FastAPI
            app = FastAPI()
            @app.get("/")
            async def show(name: str):
                os.system("ls " + name)
            """,
            """            import os
            from typing import Annotated
            from fastapi import FastAPI, Query
            app = FastAPI()
            @app.get("/")
            async def show(name: Annotated[int, Query()]):
                os.system("ls %s" % name)
            """,
            id="an annotation that is checked",
        ),
        pytest.param(
            """            import os
            from django.views import View
            class Show(View):
                def get(self, request):
                    os.system("ls " + request.GET["name"])
            """,
            """            import os
            from django.views import View
            class Show(View):
                def get(self, request):
                    os.system("ls " + self.name)
            """,
            id="a view's method",
        ),
        pytest.param(
            """            import os, functools
            from flask import Flask, request
            app = Flask(__name__)
            def named(view):
                @functools.wraps(view)
                def inner():
                    return view(request.args["name"])
                return inner
            @app.get("/")
            @named
            def show(name):
                os.system("ls " + name)
            """,
            """            import os, functools
            from flask import Flask, abort, request
            app = Flask(__name__)
            def named(view):
                @functools.wraps(view)
                def inner():
                    name = request.args["name"]
                    if not name.isalnum():
                        abort(400)
                    return view(name)
                return inner
            @app.get("/")
            @named
            def show(name):
                os.system("ls " + name)
            """,
            id="a decorator that checks",
        ),
        pytest.param(
            """            import os
            from flask import request
            for key in request.form.keys():
                if request.form.get(key) == "x":
                    os.system(key)
            """,
            """            import os
            from flask import request
            for key in request.form.keys():
                if key == "x":
                    os.system(key)
            """,
            id="the keys of a form, one tested by its value",
        ),
    ],
)
async def test_what_a_framework_gives_is_as_it_checks_it(unsafe: str, safe: str) -> None:
    assert await found(dedent(unsafe), "command-injection")
    assert await found(dedent(safe), "command-injection") == []


async def test_html_from_a_callers_text_is_told_unless_it_is_escaped() -> None:
    text = """        import html

        def card(name: str, age: int) -> str:
            return f"<p>{%s}, {age}</p>"
        """
    (finding,) = await found(dedent(text) % "name", "cross-site-scripting")
    assert finding.confidence == "medium"
    assert await found(dedent(text) % "html.escape(name)", "cross-site-scripting") == []


async def test_what_another_program_calls_is_no_matter() -> None:
    """Two programs in one folder that import nothing of each other, with a function of one name."""
    shell = "import os\n\ndef run_it(line):\n    os.system('ls ' + line)\n"
    caller = "def run_it(line):\n    print(line)\n\ndef go():\n    run_it('x')\n"
    alone = await analysed({"a/tool.py": shell})
    assert [finding.rule for finding in alone.findings] == ["command-injection"]
    assert await analysed({"a/tool.py": shell, "b/other.py": caller}) == alone
    joined = await analysed({"tool.py": shell, "other.py": "import tool\n" + caller})
    assert [f for f in joined.findings if f.kind == "vulnerability"] == []
