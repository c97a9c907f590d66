"""What is not the project's own work: installed, built or written by a program."""

import re

VENDORED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        "CVS",
        "node_modules",
        "bower_components",
        "jspm_packages",
        ".yarn",
        ".pnpm-store",
        ".venv",
        "venv",
        ".virtualenv",
        "site-packages",
        "dist-packages",
        ".tox",
        ".nox",
        ".eggs",
        "__pycache__",
        "__pypackages__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".ipynb_checkpoints",
        "vendor",
        "vendored",
        "_vendor",
        "third_party",
        "third-party",
        "thirdparty",
        "Pods",
        "Carthage",
        ".gradle",
        ".terraform",
        ".next",
        ".nuxt",
        ".svelte-kit",
        ".angular",
        ".cache",
        "build",
        "dist",
        "target",
        "htmlcov",
    }
)
# `target` and `build` are sources in some projects; only beside what makes them are they output.
OUTPUT_BESIDE = {
    "target": ("Cargo.toml", "pom.xml", "build.sbt"),
    "build": (
        "setup.py",
        "pyproject.toml",
        "build.gradle",
        "build.gradle.kts",
        "package.json",
        "CMakeLists.txt",
        "Makefile",
    ),
    "dist": ("setup.py", "pyproject.toml", "package.json", "gulpfile.js", "Makefile"),
}

_GENERATED_NAME = re.compile(
    r".*_pb2(_grpc)?\.pyi?|.*\.pb\.(go|cc|h)|.*\.min\.(js|css|mjs)|.*[.-]bundle\.(js|css)"
    r"|.*\.(js|css|ts)\.map|.*\.g\.(dart|cs)|.*\.designer\.(cs|vb)|.*\.snap"
    r"|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|cargo\.lock|composer\.lock|gemfile\.lock|go\.sum"
    r"|flake\.lock|podfile\.lock|mix\.lock|pubspec\.lock|packages\.lock\.json",
    re.IGNORECASE,
)
_HEAD = 2_000  # characters that may say that a program wrote the file
_GENERATED = re.compile(
    r"(?im)(?:"
    r"^\W*@generated\b"
    r"|\bgenerated\b[^\n]*\n?[^\n]*\bdo not (?:edit|modify|change)\b"
    r"|\bdo not (?:edit|modify|change)\b[^\n]*\n?[^\n]*\bgenerated\b"
    r"|^\W*(?:(?:this|the) (?:file|code|module) (?:is|was|has been) )?"
    r"(?:auto-?|automatically )generated (?:by|from|with|using)\b"
    r")"
)
_LONG = 5_000  # characters; a shorter file is no minified one
_LONG_MEAN = 400  # characters a line


def is_vendored(folder: str, beside: frozenset[str] | set[str]) -> bool:
    """Whether `folder`, which stands among the names `beside`, holds other people's work."""
    if folder in OUTPUT_BESIDE:
        return any(name in beside for name in OUTPUT_BESIDE[folder])
    return folder in VENDORED or folder.endswith((".egg-info", ".dist-info", ".egg"))


def is_generated_name(name: str) -> bool:
    return _GENERATED_NAME.fullmatch(name) is not None


def is_generated_text(text: str) -> bool:
    """Whether `text` says so itself, or no person would write such lines of code."""
    head = text[:_HEAD]
    return "generated" in head.lower() and _GENERATED.search(head) is not None


def is_minified(text: str) -> bool:
    return len(text) > _LONG and len(text) / (text.count("\n") + 1) > _LONG_MEAN
