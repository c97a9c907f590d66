"""Which language a file is in, by its name or its first line, and whether it holds tests."""

import re
from pathlib import PurePosixPath

LOCK = "lock"  # exact versions of dependencies: written by tools, read by the `dependencies` engine
TEXT = "text"  # none that we know

_ENDINGS = {
    "python": "py pyi pyw",
    "javascript": "js jsx mjs cjs",
    "typescript": "ts tsx mts cts",
    "vue": "vue",
    "svelte": "svelte",
    "go": "go",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc",
    "groovy": "groovy gradle",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hh hpp hxx ipp",
    "objective-c": "m mm",
    "csharp": "cs",
    "swift": "swift",
    "rust": "rs",
    "zig": "zig",
    "ruby": "rb rake gemspec",
    "php": "php phtml",
    "perl": "pl pm",
    "lua": "lua",
    "erlang": "erl hrl",
    "elixir": "ex exs",
    "dart": "dart",
    "r": "r",
    "julia": "jl",
    "fortran": "f f90 f95 f03",
    "solidity": "sol",
    "sql": "sql plsql pks pkb",
    "shell": "sh bash zsh ksh",
    "powershell": "ps1 psm1",
    "terraform": "tf tfvars",
    "html": "html htm xhtml jinja j2",
    "css": "css scss sass less",
    "xml": "xml xsd xsl xslt svg plist",
    "json": "json jsonc json5 webmanifest",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini cfg conf properties env",
    "markdown": "md markdown rst",
}
_BY_ENDING = {e: language for language, endings in _ENDINGS.items() for e in endings.split()}
_BY_NAME = {
    "dockerfile": "docker",
    "containerfile": "docker",
    "makefile": "make",
    "gnumakefile": "make",
    "jenkinsfile": "groovy",
    "rakefile": "ruby",
    "gemfile": "ruby",
    "vagrantfile": "ruby",
    "sconstruct": "python",
    "sconscript": "python",
    "wscript": "python",
    "pipfile": "toml",
    ".env": "ini",
    ".npmrc": "ini",
    ".pypirc": "ini",
    ".bashrc": "shell",
    ".profile": "shell",
    "poetry.lock": LOCK,
    "uv.lock": LOCK,
    "pdm.lock": LOCK,
    "pipfile.lock": LOCK,
    "package-lock.json": LOCK,
    "npm-shrinkwrap.json": LOCK,
}
_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*)?([\w.+-]+)")
_BY_INTERPRETER = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "ts-node": "typescript",
    "ruby": "ruby",
    "perl": "perl",
    "php": "php",
    "lua": "lua",
    "rscript": "r",
    "sh": "shell",
    "bash": "shell",
    "zsh": "shell",
    "ksh": "shell",
    "dash": "shell",
    "pwsh": "powershell",
}
_ENDING_OF = {language: endings.split()[0] for language, endings in _ENDINGS.items()}

_TEST_FOLDERS = {"test", "tests", "__tests__", "e2e"}
_TEST_NAME = re.compile(
    r"test_.*\.pyi?|.*_test\.(py|go|rb|dart|exs|cc|cpp)|conftest\.py"
    r"|.*[.-](test|spec|cy|e2e)\.[cm]?[jt]sx?|.*_spec\.rb"
    r"|.*[a-z0-9](Test|Tests|IT)\.(java|kt|cs|swift|scala|php)"
)


def language_of(path: str, first_line: str = "") -> str:
    """The language of the file at `path`; `first_line` tells where the name does not."""
    name = PurePosixPath(path).name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, dot, ending = name.rpartition(".")
    if dot and ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if stem.startswith((".env", "dockerfile")) or name.startswith((".env.", "dockerfile.")):
        return "ini" if name.startswith(".env") else "docker"
    if match := _SHEBANG.match(first_line):
        interpreter = match[1].lower()
        return _BY_INTERPRETER.get(
            interpreter, _BY_INTERPRETER.get(interpreter.rstrip("0123456789."), TEXT)
        )
    return TEXT


def ending_of(language: str) -> str:
    """The usual ending of a file in `language`, with its dot."""
    return "." + _ENDING_OF.get(language, "txt")


def holds_tests(path: str) -> bool:
    """Whether the file at `path` is of a test suite, by its name and its folders."""
    parts = PurePosixPath(path).parts
    folders = {part.lower() for part in parts[:-1]}
    return bool(folders & _TEST_FOLDERS) or bool(_TEST_NAME.fullmatch(parts[-1]))
