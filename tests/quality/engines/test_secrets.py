"""Secrets in files. Those below are put together here, so that no scanner takes them for real."""

import zlib

import pytest

from quality.engines.likely import entropy, has_checksum, is_placeholder
from quality.engines.secrets import Secrets, secrets_of
from quality.files.reading import tree_of
from tests.quality.engines.trees import said, told

RANDOM = "b7Kq2ZxR9mTf4WvLc8NsYd3HgPjA5eUo"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def rules(text: str, language: str = "python") -> list[tuple[str, str]]:
    found = secrets_of(tree_of(text, language).files[0])
    return sorted((one.rule, one.confidence) for one in found)


def checked(prefix: str, body: str) -> str:
    """A token with the checksum that an issued one has."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    return prefix + body + digits


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        ("AKIA" + "Q7XZLMNOP2345RTY", "aws-access-key"),
        ("aws_secret_access_key=" + RANDOM + "+/a1B2c3", "aws-secret-key"),
        ("AIza" + RANDOM + "aBc", "gcp-api-key"),
        ("AccountKey=" + (RANDOM * 3)[:86] + "==", "azure-storage-key"),
        ("abc" + "8Q~" + RANDOM, "azure-client-secret"),
        (checked("ghp_", RANDOM[:30]), "github-token"),
        ("github_pat_" + RANDOM[:22] + "_" + (RANDOM * 2)[:59], "github-fine-grained-token"),
        ("glpat-" + RANDOM[:20], "gitlab-token"),
        ("xoxb-" + "734029184756-" + RANDOM, "slack-token"),
        (
            "https://hooks.slack.com/services/" + "T0ABCDEF1/B0ABCDEF1/" + RANDOM[:24],
            "slack-webhook",
        ),
        ("sk_live_" + RANDOM, "stripe-key"),
        ("sk-" + RANDOM[:20] + "T3BlbkFJ" + RANDOM[:20], "openai-key"),
        ("sk-ant-" + "api03-" + RANDOM * 2, "anthropic-key"),
        (checked("npm_", RANDOM[:30]), "npm-token"),
        ("pypi-AgE" + RANDOM * 2, "pypi-token"),
        ("SK" + "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "twilio-key"),
        ("SG." + RANDOM[:22] + "." + (RANDOM * 2)[:43], "sendgrid-key"),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiI0MiJ9." + RANDOM, "jwt"),
        ("-----BEGIN RSA PRIVATE KEY-----\n" + RANDOM * 2, "private-key"),
        ("-----BEGIN PRIVATE KEY-----\\n" + RANDOM * 2, "private-key"),
        ("postgres://admin:" + RANDOM[:12] + "@db.internal/prod", "password-in-url"),
    ],
)
async def test_what_vendors_issue_is_known_by_its_form_in_any_file(secret: str, rule: str) -> None:
    for path in ("a.py", "notes.txt", "conf.yaml", "README.md"):
        analysis = await said(Secrets(), {path: f"\n  value: '{secret}'\n"})
        (found,) = (one for one in analysis.findings if one.rule == rule)
        assert (found.place.line, found.kind) == (2, "vulnerability")
        assert 798 in found.cwe
        assert RANDOM[:8] not in f"{found.message} {found.remediation} {found.rule}"


def test_a_token_whose_checksum_is_wrong_is_doubted() -> None:
    assert has_checksum(checked("ghp_", RANDOM[:30]))
    assert rules("x = '" + "ghp_" + RANDOM + "abcd'") == [("github-token", "low")]


@pytest.mark.parametrize(
    ("text", "rule", "confidence"),
    [
        ("password = 'hunter2'", "hard-coded-password", "medium"),
        ("DB_PASSWORD: str = 'correcthorse'", "hard-coded-password", "low"),
        ("if password == 'letmein99':\n    pass", "hard-coded-password", "medium"),
        ("connect(user='root', passwd='toor42')", "hard-coded-password", "medium"),
        ("app.secret_key = 'super-secret-k3y'", "hard-coded-secret", "medium"),
        ("app.config['SECRET_KEY'] = 'dev-9f8a7s6d5f'", "hard-coded-secret", "medium"),
        ("{'api_token': '9d8f7g6h5j4k3l2m'}", "hard-coded-secret", "medium"),
        ("encryption_key = b'0123abcd4567efgh'", "hard-coded-secret", "medium"),
        ("jwt_secret = 'mysecretjwtvalue'", "hard-coded-secret", "low"),
        ("requests.get(u, auth=('bob', 'hunter22'))", "hard-coded-password", "medium"),
    ],
)
def test_what_gets_the_name_of_a_secret_is_one(text: str, rule: str, confidence: str) -> None:
    assert rules(text) == [(rule, confidence)]


@pytest.mark.parametrize(
    "text",
    [
        "password = os.environ['PASSWORD']",
        "password = getpass('Password: ')",
        "password = 'changeme'",
        "password = ''",
        "password = '<your password>'",
        "password = f'{prefix}{x}'",
        "password = '${DB_PASSWORD}'",
        "password = '********'",
        "password = 'your-password-here'",
        "PASSWORD = 'password'",
        "RESET_PASSWORD = 'reset_password'",
        "labels = {'password': 'Enter your password'}",
        "token_url = 'https://example.org/token2'",
        "token = 'access_token'",
        "tokenizer = 'gpt2-medium-large'",
        "primary_key = 'customer_id1'",
        "key = 'name12345678'",
        "url = 'https://user:pass@host/'",
        "url = f'https://{user}:{password}@host/'",
        "access_key = 'AKIA' 'IOSFODNN7EXAMPLE'",
        "password = 'a' + str(n)",
        "secret = vault.read('a/b')",
    ],
)
def test_what_only_looks_like_a_secret_is_none(text: str) -> None:
    assert rules(text) == []


def test_values_need_no_quotes_where_a_format_has_none() -> None:
    env = "DB_PASSWORD=s3cr3tvalue\nHOST=db\nAPI_KEY=abcd1234efgh5678\nPASSWORD=${X}\n"
    assert rules(env, "ini") == [("hard-coded-password", "medium"), ("hard-coded-secret", "medium")]
    assert rules("db:\n  password: s3cr3tvalue\n", "yaml") == [("hard-coded-password", "medium")]
    assert rules('{"password": "Passwort"}', "json") == [], "a translation"


async def test_tests_may_have_passwords_but_not_what_vendors_issue() -> None:
    text = "password = 'hunter2'\nkey = '" + "sk_live_" + RANDOM + "'\n"
    analysis = await said(Secrets(), {"tests/test_a.py": text})
    assert told(analysis) == {("tests/test_a.py", "stripe-key", 2)}
    assert analysis.findings[0].severity == "minor"


def test_a_place_covers_the_secret_and_nothing_else() -> None:
    (found,) = secrets_of(tree_of("é = 1\npassword = 'hunter2'\n", "python").files[0])
    assert (found.place.line, found.place.column, found.place.end_column) == (2, 13, 20)


def test_entropy_and_placeholders() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert is_placeholder("xxxxxxxx")
    assert not is_placeholder(RANDOM)
