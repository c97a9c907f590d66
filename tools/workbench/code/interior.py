"""What a confined interpreter sees of this machine: itself, and the libraries that it loads."""

import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ZONES = Path("/usr/share/zoneinfo")  # time zones, for `zoneinfo`
LOADERS = ("/lib", "/lib64")  # where a program says that its dynamic loader is
_LIBC = re.compile(r"(/\S+)/(?:libc\.so\.6|libc-2\.\d+\.so|ld-musl-\S+)$", re.MULTILINE)


def interpreter() -> str:
    """The one below a virtual environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


def interior() -> dict[str, str]:
    """Paths inside, each with where it is outside. It blocks."""
    return {str(path): str(path.resolve()) for path in _needed() if path.exists()}


def links() -> dict[str, str]:
    """Folders at the root that are links into /usr, each with where it leads."""
    return {at: str(Path(at).readlink()) for at in LOADERS if Path(at).is_symlink()}


def masked() -> list[str]:
    """Folders that lie in what is seen, and are not the standard library."""
    return [str(path) for path in (Path(_stdlib()) / "site-packages",) if path.is_dir()]


def _needed() -> Iterator[Path]:
    base = {"platbase": sys.base_exec_prefix, "installed_platbase": sys.base_exec_prefix}
    yield Path(interpreter())
    yield Path(_stdlib())
    yield Path(sysconfig.get_path("platstdlib", vars=base))
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        yield Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    libraries = Path(_system_libraries())
    yield libraries
    for folder in map(Path, LOADERS):
        for loader in folder.glob("ld-*.so*"):
            if folder.resolve() != libraries:
                yield folder.resolve() / loader.name
    yield ZONES


def _stdlib() -> str:
    return sysconfig.get_path("stdlib")


def _system_libraries() -> str:
    """The folder of the C library that this process runs on."""
    found = _LIBC.search(Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace"))
    return str(Path(found[1]).resolve()) if found else "/usr/lib"
