"""Full dotted names of expressions."""

import ast

import pytest

from quality.python.names import Names


def full(text: str, module: str = "shop.views", package: bool = False) -> str | None:
    """The full name of the last expression statement in `text`."""
    tree = ast.parse(text)
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    return Names(tree, module, package).full(max(asked, key=lambda node: node.lineno).value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\nos.system", "os.system"),
        ("import os.path\nos.path.join", "os.path.join"),
        ("import os.path as p\np.join", "os.path.join"),
        ("from flask import request as r\nr.args", "flask.request.args"),
        ("from . import models\nmodels.User", "shop.models.User"),
        ("from .models import User\nUser", "shop.models.User"),
        ("from ..other import x\nx", ".other.x"),
        ("from .subprocess import run\nrun", "shop.subprocess.run"),
        ("open", "builtins.open"),
        ("raw_input", "builtins.raw_input"),
        ("nowhere", None),
        ("from os import *\nsystem", "os.system"),
        ("from os import *\nfrom sys import *\nsystem", None),
        ("def f(): pass\nf", "shop.views.f"),
        ("class A:\n  def b(self): pass\nA.b", "shop.views.A.b"),
        ("app = Flask()\napp.route", "shop.views.app.route"),
        ("def f(open):\n  open", None),
        ("def f():\n  open = g()\n  open", None),
        ("def open(): pass\nopen", "shop.views.open"),
        ("import os\ndef f():\n  os.system", "os.system"),
        ("def f():\n  import os as o\n  o.system", "os.system"),
        ("import os\ndef f(os):\n  os.system", None),
        ("import os\nclass A:\n  os = 1\n  def f(self):\n    os.system", "os.system"),
        ("try:\n  import a\nexcept E:\n  a = None\na.b", "a.b"),
        ("try:\n  import cPickle as p\nexcept E:\n  import pickle as p\np.load", "cPickle.load"),
        ("import pickle\nload = pickle.load\nload", "pickle.load"),
        ("import pickle\ndef f():\n  load = pickle.load\n  load", "pickle.load"),
        ("a = b\nb = a\na", "shop.views.a"),
        ("g = None\ndef f():\n  global g\n  g = 1\n  g", "shop.views.g"),
        ("def f():\n  global os\n  import os\n  os.sep", "os.sep"),
        ("[os for os in x]\nos", None),
        ("import os\n[os.sep for x in y]\nlambda os: os\nos.sep", "os.sep"),
        ("__import__('os').system", "os.system"),
        ("import importlib as i\ni.import_module('os').system", "os.system"),
        ("f().x", None),
        ("match x:\n  case {'a': open, **rest}: pass\nopen", "shop.views.open"),
        ("def f():\n  try: pass\n  except E as open: open", None),
        ("def f():\n  with x as open: open", None),
        ("def f():\n  (open := 1)\n  open", None),
    ],
)
def test_a_name_is_followed_to_where_it_comes_from(text: str, expected: str | None) -> None:
    assert full(text) == expected


def test_a_package_is_its_own_first_dot() -> None:
    assert full("from . import models\nmodels", "shop", package=True) == "shop.models"


def test_dots_that_lead_out_of_what_is_known_stay() -> None:
    assert full("from .subprocess import run\nrun", "__main__") == ".subprocess.run"
