"""`make run`: everything that Mingce needs, on this machine, until Ctrl-C."""

import contextlib
import http.client
import os
import sys
from pathlib import Path

from config.local import addresses, layout, ports, services
from config.local.children import Command
from config.local.supervisor import StopRequested, Supervisor

_READY_SECONDS = 120.0
_PREPARATIONS = (
    ("Preparing the database", "database", ("prepare_database",)),
    ("Loading the demo story, where there is none yet", "demo", ("load_demo", "--once")),
)
# On one's own machine, Celery's eight lines about running as root help nobody.
_NO_ROOT_ADVICE = {"PYTHONWARNINGS": "ignore:You're running the worker"}
# What lies in these folders ends up among the collected static files.
_STATIC_SOURCES = ("config", "registry", "governance")


def main() -> int:
    """The pages were served until somebody asked for the end; 0 then, 1 after a failure."""
    supervisor = Supervisor(sys.stdout)
    try:
        with supervisor.minding_signals(), contextlib.ExitStack() as held:
            _serve(supervisor, held)
    except StopRequested:
        supervisor.say("Stopped.")
        return 0
    except layout.LocalError as error:
        supervisor.say(f"Stopped: {error}")
        return 1
    return 0


def _serve(supervisor: Supervisor, held: contextlib.ExitStack) -> None:
    port = _choose_port(supervisor)
    data = layout.data_dir()
    given_key = os.environ.get("SECRET_KEY", "")
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        "MINGCE_DATA_DIR": str(data),
        "MINGCE_PUBLIC_URL": os.environ.get("MINGCE_PUBLIC_URL", f"http://127.0.0.1:{port}"),
        "SECRET_KEY": given_key or layout.secret_key(data),
    }
    environment = services.environment(own, _start_services(supervisor, held))
    noted = environment | ({} if given_key else {"SECRET_KEY_FILE": str(data / "secret_key")})
    held.enter_context(addresses.written_down(layout.address_file(), noted))
    for title, name, arguments in _PREPARATIONS:
        supervisor.say(f"{title} ...")
        supervisor.finish(_python(name, environment, "manage.py", *arguments))
    if not static_is_current(layout.PROJECT):
        supervisor.say("Collecting the static files ...")
        collect = ("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        supervisor.finish(_python("static", environment, *collect))
    for command in _programs(environment, port, data):
        supervisor.start(command)
    supervisor.wait_for(lambda: _is_healthy(port), "The web server", _READY_SECONDS)
    _announce(supervisor, port, data / "demo-accounts.txt")
    supervisor.watch()


def _choose_port(supervisor: Supervisor) -> int:
    wanted = ports.requested(os.environ.get("PORT"))
    port = ports.first_free(wanted)
    if port != wanted:
        supervisor.say(f"Port {wanted} is taken; using {port}.")
    return port


def _start_services(supervisor: Supervisor, held: contextlib.ExitStack) -> dict[str, str]:
    """Both services run, or those named by the environment are used."""
    found: dict[str, str] = {}
    if os.environ.get("DATABASE_URL"):
        supervisor.say("Using the database of DATABASE_URL.")
    else:
        state = layout.state_dir()
        supervisor.say(f"Starting PostgreSQL, data in {state / 'postgresql'} ...")
        data = state / "postgresql" / "data"
        found |= held.enter_context(services.database(supervisor, state, data, durable=True))
    if os.environ.get("REDIS_URL"):
        supervisor.say("Using the queue of REDIS_URL.")
    else:
        supervisor.say("Starting Valkey ...")
        found |= held.enter_context(services.queue(supervisor))
    return found


def _programs(environment: dict[str, str], port: int, data: Path) -> list[Command]:
    web = ["-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "3"]
    web += ["--graceful-timeout", "3", "--log-level", "warning", "--no-control-socket"]
    celery = ["-m", "celery", "--quiet", "-A", "config"]
    # One process without children: the small tasks of one machine need no more memory than that.
    worker = [*celery, "worker", "--loglevel", "WARNING", "--pool", "solo"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "WARNING"]
    beat += ["--schedule", str(data / "beat-schedule"), "--pidfile", ""]
    return [
        _python("web", environment, *web, grace_seconds=4.0),
        _python("worker", environment | _NO_ROOT_ADVICE, *worker, grace_seconds=5.0),
        _python("beat", environment, *beat, grace_seconds=1.5),
    ]


def _python(
    name: str, environment: dict[str, str], *arguments: str, grace_seconds: float = 3.0
) -> Command:
    return Command(
        name=name,
        argv=(sys.executable, *arguments),
        environment=environment,
        folder=layout.PROJECT,
        grace_seconds=grace_seconds,
    )


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(supervisor: Supervisor, port: int, accounts: Path) -> None:
    supervisor.say("")
    supervisor.say(f"Mingce is ready: http://127.0.0.1:{port}/")
    if accounts.is_file():
        for line in accounts.read_text(encoding="utf-8").splitlines():
            supervisor.say(line)
    supervisor.say("Ctrl-C stops everything.")
    supervisor.say("")


def static_is_current(project: Path) -> bool:
    """True when nothing that is served as a static file is newer than the collected ones."""
    manifest = project / "var" / "static" / "staticfiles.json"
    if not manifest.is_file():
        return False
    collected = manifest.stat().st_mtime
    sources = [project / "requirements.txt"]
    for folder in _STATIC_SOURCES:
        sources += (path for path in (project / folder).rglob("static/**/*"))
    return all(path.stat().st_mtime <= collected for path in sources if path.exists())


if __name__ == "__main__":
    sys.exit(main())
