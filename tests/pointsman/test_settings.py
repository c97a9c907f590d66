"""Settings: a file, variables over it, and errors that say which key and what to do."""

from pathlib import Path

import pytest

from pointsman.configuration import home_folder, load_settings
from pointsman.errors import ConfigError


def test_the_embedded_model_may_be_configured_as_a_provider(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_text(
        '[providers.tiny]\nkind = "llama_cpp"\n[[providers.tiny.models]]\nid = "/m/tiny.gguf"\n'
        "context = 2048\n"
    )
    local = load_settings({}, file).local
    assert (local.name, local.model, local.context) == ("tiny", "/m/tiny.gguf", 2048)


def test_a_variable_lies_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_text("[breaker]\nfailure_threshold = 7\nopen_s = 30\n")
    environ = {"POINTSMAN_BREAKER__FAILURE_THRESHOLD": "3", "POINTSMAN_CONFIG": str(file)}
    breaker = load_settings(environ).breaker
    assert (breaker.failure_threshold, breaker.open_s) == (3, 30)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[breaker]\nopen = 3", ["'breaker.open'", "'breaker.open_s'"]),
        ("[routing.weights]\ncolour = 1", ["routing.weights.colour"]),
        ("[routing.weights]\ncost = -1", ["routing.weights.cost", "greater than or equal to 0"]),
        ("[routing.preferences.ann]\nlikes = 1", ["preferences.ann.likes", "models, prefer"]),
        ("[cache]\nmax_gb = -1", ["'cache.max_gb'", "greater than 0"]),
        ("[providers.x]\nbase_url = 'ftp://x'", ["providers.x.base_url", "http"]),
        ("[providers.x]\nbase_ulr = 'http://x'", ["'providers.x.base_url'"]),
        ("[providers.x]\nbase_url = 'http://u:SECRET@h/v1'", ["providers.x.base_url", "api_key"]),
        ("[providers.x]\nbase_url = 'http://h:99999/v1'", ["providers.x.base_url"]),
        ("[providers.x]\nbase_url = 'http://[::1/v1'", ["providers.x.base_url"]),
        ("[cache]\nmax_gb = inf", ["cache.max_gb"]),
        ("[[providers.x.models]]\nid = 'm'\nteir = 'strong'", ["tier"]),
        ("[providers.a]\nkind='llama_cpp'\n[providers.b]\nkind='llama_cpp'", ["only one", "a, b"]),
        ("[routing\n", ["cannot be read"]),
    ],
)
def test_what_cannot_be_used_is_named(text: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings({}, file)
    for word in words:
        assert word in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_backend_called_local_does_not_answer_for_the_embedded_model(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_text("[providers.local]\nbase_url = 'http://127.0.0.1:1/v1'\n")
    assert load_settings({}, file).local.name == "embedded"


def test_variables_that_contradict_each_other_are_named() -> None:
    with pytest.raises(ConfigError, match="POINTSMAN_LOG__LEVEL"):
        load_settings({"POINTSMAN_LOG__LEVEL": "info", "POINTSMAN_LOG": "debug"})


def test_a_value_is_not_repeated_in_the_error() -> None:
    """T-56: a key in the wrong place must not be shown."""
    with pytest.raises(ConfigError) as caught:
        load_settings({"POINTSMAN_PROVIDERS__OPENAI__KIND": "sk-CANARY"})
    assert "CANARY" not in str(caught.value)


def test_the_home_is_where_the_environment_says() -> None:
    assert home_folder({"POINTSMAN_HOME": "/somewhere"}) == Path("/somewhere")
    assert home_folder({}).name == "pointsman"


def test_the_example_in_the_documentation_can_be_used(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    file = tmp_path / "pointsman.toml"
    file.write_text(text.split("```toml\n")[1].split("```")[0])
    settings = load_settings({}, file)
    assert settings.providers["acme"].models[0].price is not None
    assert settings.breaker.half_open_calls == 3
