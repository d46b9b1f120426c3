"""docker-compose.yml: what it starts exists, and it knows no secret."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

_PROJECT = Path(__file__).resolve().parents[2]
_OURS = ("migrate", "web", "worker", "beat")
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|AUTH")
_VARIABLE = re.compile(r"\$\{([A-Z_]+)([^}]*)\}")

# Any: a parsed YAML document has no better type.
Service = dict[str, Any]


def _text() -> str:
    return (_PROJECT / "docker-compose.yml").read_text(encoding="utf-8")


def _services() -> dict[str, Service]:
    services: dict[str, Service] = yaml.safe_load(_text())["services"]
    return services


def _words(service: Service) -> list[str]:
    """The command as one list of words, that of `sh -c` opened."""
    return " ".join(service["command"]).removeprefix("sh -c ").split()


def _management_commands() -> set[str]:
    return {path.stem for path in _PROJECT.glob("*/management/commands/[a-z]*.py")}


def test_these_services_make_an_installation() -> None:
    assert set(_services()) == {"db", "redis", *_OURS}


def test_the_web_command_names_our_application() -> None:
    words = _words(_services()["web"])
    assert words[:2] == ["gunicorn", "config.wsgi:application"]
    assert (_PROJECT / "config" / "wsgi.py").is_file()


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_the_celery_commands_name_our_application(name: str) -> None:
    assert _words(_services()[name])[:4] == ["celery", "-A", "config", name]
    assert (_PROJECT / "config" / "celery.py").is_file()


def test_the_migration_runs_commands_that_exist() -> None:
    wanted = re.findall(r"python manage\.py (\w+)", " ".join(_services()["migrate"]["command"]))
    assert wanted == ["prepare_database", "load_packs"]
    assert set(wanted) - _management_commands() == set()


@pytest.mark.parametrize("name", _OURS)
def test_our_settings_exist(name: str) -> None:
    module = _services()[name]["environment"]["DJANGO_SETTINGS_MODULE"]
    assert (_PROJECT / f"{module.replace('.', '/')}.py").is_file()


def test_the_files_that_are_mounted_exist() -> None:
    mounted = [one.split(":")[0] for one in _services()["db"]["volumes"] if one.startswith("./")]
    assert mounted == ["./config/docker/init-roles.sh"]
    assert (_PROJECT / mounted[0]).is_file()


def test_no_secret_has_a_default() -> None:
    lenient = [
        name
        for name, rest in _VARIABLE.findall(_text())
        if _SECRET.search(name) and not rest.startswith(":?")
    ]
    assert lenient == []


def test_no_secret_is_written_out() -> None:
    written = [
        f"{name}.{key}"
        for name, service in _services().items()
        for key, value in service["environment"].items()
        if _SECRET.search(key) and value is not None and not str(value).startswith("${")
    ]
    assert written == []


def test_no_address_holds_a_written_password() -> None:
    passwords = re.findall(r"://[^:/\s]*:(.+?)@", _text())
    assert [one for one in passwords if not one.startswith("${")] == []
    assert len(passwords) == 3


def test_only_the_migration_knows_the_owner() -> None:
    knowing = [name for name in _OURS if "DATABASE_OWNER_URL" in _services()[name]["environment"]]
    assert knowing == ["migrate"]


@pytest.mark.parametrize("name", _OURS)
def test_every_setting_of_ours_is_passed_on(name: str) -> None:
    """Without a value: what is not set anywhere stays unset, and our default holds."""
    text = "".join(
        path.read_text(encoding="utf-8") for path in (_PROJECT / "config" / "settings").glob("*.py")
    )
    ours = set(re.findall(r'"(MINGCE_[A-Z_]+|EMAIL_URL)"', text)) - {"MINGCE_DATA_DIR"}
    told = _services()[name]["environment"]
    assert sorted(ours - set(told)) == []
    assert [one for one in sorted(ours) if told[one] is not None] == []


@pytest.mark.parametrize("name", ["db", "redis", "web", "worker", "beat"])
def test_a_lasting_service_is_watched(name: str) -> None:
    assert _services()[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", ["db", "redis"])
def test_the_database_and_the_queue_stay_inside(name: str) -> None:
    assert _services()[name]["networks"] == ["inside"]
    assert "ports" not in _services()[name]
