"""Which names speak of secrets, of people's data, of permission."""

import re

PASSWORD = re.compile(r"(?i)(?:^|_|\b)(?:password|passwd|passphrase|passwrd|pwd|pass)(?:$|_|\b|\d)")
_NO_SECRET = re.compile(
    r"(?i)algorithm|scheme|hasher|method|backend|provider|service|hash|digest|crypt|length|len$|_min|_max|min_|max_|valid|policy|field|label|prompt|reset"
    r"|url|uri|path|file|name$|_id$|column|regex|pattern|strength|expir|age$|count|attempt|error"
    r"|message|msg|text|hint|changed|updated|enabled|required|index|type|format|count|masked|status"
)
SECRET = re.compile(
    r"(?i)(?:^|_|\b)(?:password|passwd|passphrase|pwd|secret|api_?key|apikey|access_?key"
    r"|private_?key|secret_?key|auth_?token|access_?token|refresh_?token|credentials?"
    r"|encryption_?key|signing_?key|client_?secret|jwt_?secret)(?:$|_|\b|\d)"
)
PERSONAL = re.compile(
    r"(?i)(?:^|_)(?:ssn|social_security(?:_number)?|credit_?card(?:_?(?:number|no))?|card_?number"
    r"|cvv|cvc|pin_?code|passport(?:_number)?|iban|tax_id|medical_record)(?:$|_)"
)
HASHING = re.compile(
    r"(?i)hash|bcrypt|crypt|argon|pbkdf|scrypt|encrypt|derive|digest|make_password|set_password"
)
AUTH = re.compile(
    r"(?i)login|logged|auth|permission|permit|token|credential|current_user|is_admin|is_staff|session"
    r"|is_superuser|jwt|api_?key|roles?$|role_|require|verify|abort|forbidden|owner|has_access"
    r"|allowed|security|privilege|g$|acl|principal|identity|whoami|signed|staff|check_|guard|40[13]$"
)


def is_password(name: str) -> bool:
    """`password`, `user_pwd`; not `password_hash` or `password_length`."""
    return bool(PASSWORD.search(name)) and not _NO_SECRET.search(name)


def is_secret(name: str) -> bool:
    return bool(SECRET.search(name)) and not _NO_SECRET.search(name)


def is_sensitive(name: str) -> bool:
    """A secret, or a person's data that harms them when it gets out."""
    return is_secret(name) or is_password(name) or bool(PERSONAL.search(name))
