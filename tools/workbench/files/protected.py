"""The names that the file tools leave alone: what holds secrets, and what runs by being there."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from unicodedata import normalize

FOLDERS = (
    ".git", ".hg", ".svn", ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud",
    "gcloud", ".password-store", ".mozilla", ".terraform.d",
)  # fmt: skip
FILES = (
    ".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass",
    ".my.cnf", ".git-credentials", ".gitconfig", ".gitmodules", ".htpasswd", ".dockercfg",
    ".vault-token", ".boto", ".s3cfg", "credentials", "credentials.json", "client_secret*.json",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "authorized_keys", "known_hosts",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc",
    "*.ovpn", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases",
    ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc",
    ".tcshrc", ".login", ".inputrc", ".xinitrc", ".xprofile", ".vimrc", ".exrc", "*_history",
    "shadow", "gshadow", "mcp.json", ".mcp.json", "pointsman.toml",
)  # fmt: skip
EXAMPLES = (".env.example", ".env.sample", ".env.template", "example.env")


def is_protected(parts: Sequence[str], granted: Sequence[str] = ()) -> bool:
    """Whether one of the names of a path is left alone.

    Case does not count: on some disks it tells no two names apart. `granted` are patterns of
    whole paths below a folder that are open all the same.
    """
    if any(fnmatchcase("/".join(parts), pattern) for pattern in granted):
        return False
    return any(_is_secret(_plain(part)) for part in parts)


def _plain(name: str) -> str:
    """`name` as a disk may take it that ignores case, invisible characters and dots at its end."""
    visible = "".join(c for c in normalize("NFKC", name) if c.isprintable())
    return visible.casefold().rstrip(". ")


def _is_secret(name: str) -> bool:
    if name in EXAMPLES:
        return False
    return name in FOLDERS or any(fnmatchcase(name, pattern) for pattern in FILES)
