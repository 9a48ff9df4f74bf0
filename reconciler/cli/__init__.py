"""The command line: options in, one call into `run`, print, exit code.

One module a command, imported when it is called, so that `--help` loads nothing else.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler import __version__
from reconciler.cli.console import Console
from reconciler.cli.durations import Duration
from reconciler.cli.log import Log
from reconciler.core.suggest import did_you_mean
from reconciler.errors import ReconcilerError
from reconciler.settings import trace_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.scim.pacing import Timing

COMMANDS = {
    "init": "start a repository of manifests",
    "validate": "check the manifests, all that needs no network",
    "plan": "show what apply would change in 4me",
    "apply": "make 4me what the manifests say",
    "undo": "plan the reverse of an earlier apply",
    "drift": "show where 4me differs from the manifests",
    "diff": "show what a change to the manifests does to people's access",
    "explain": "show how a user or group gets its attributes",
    "evaluate": "try an expression of the mapping language",
    "show": "print a saved plan",
    "check": "test endpoint, token and capabilities of a tenant",
    "history": "show what earlier applies did",
    "import": "write a live tenant as manifests",
    "import-entra": "turn Entra ID's attribute mappings into Mapping documents",
    "schema": "print the JSON Schema of manifests or plans",
    "sandbox": "serve a local 4me to try things on",
    "completion": "print the shell completion script",
}
_MODULES = {"import": "import_live"}
"""Modules of commands whose names Python keeps for itself."""
COLLECT_AFTER = (50_000, 1_000, 1_000)
"""A run makes millions of objects that last, and hardly a cycle: usually the collector would walk them for nothing."""
USAGE_EXIT = 64
INTERRUPTED_EXIT = 130


class Start(NamedTuple):
    """What the command line begins with: where talk goes, and where requests take their time from."""

    log: Log
    timing: Timing | None = None


class LazyGroup(click.Group):
    """Commands by name and one line of help; a command's module is imported when it is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is wrong with the words is told in the format that the others ask for."""
        try:
            return super().parse_args(ctx, [*args])
        except click.UsageError:
            ctx.resilient_parsing = ctx.ignore_unknown_options = True
            super().parse_args(ctx, [*args])
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, then tell the news, whichever way it ended."""
        try:
            code = super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, EOFError):
            raise click.Abort from None
        except ReconcilerError as error:
            _tell_news(ctx, error)
            raise _shown(ctx, error) from None
        except BrokenPipeError:
            raise
        except Exception as error:
            from reconciler.cli.unexpected import as_expected

            told = as_expected(error, ctx.find_object(Console), ctx.invoked_subcommand)
            _tell_news(ctx, told)
            raise _shown(ctx, told) from error
        _tell_news(ctx)
        return code

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0].startswith("-") or args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"No such command '{args[0]}'{did_you_mean(args[0], COMMANDS) or '.'}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _choose_format(context: click.Context, _parameter: click.Parameter, value: str) -> None:
    if isinstance(context.obj, Start):
        context.obj.log.format = "json" if value == "json" else "text"


def load_command(name: str) -> click.Command:
    """The command of this name, its module imported."""
    module = _MODULES.get(name, name.replace("-", "_"))
    command: click.Command = import_module(f"reconciler.cli.{module}").command
    for each in command.params:
        if isinstance(each, click.Option) and each.envvar is None:
            each.envvar = _variable(name, each)
    return command


def _variable(command: str, option: click.Option) -> str:
    """The environment variable of an option: RECONCILER, the command, and the option as it is written."""
    written = max(option.opts, key=len).lstrip("-")
    return f"RECONCILER_{command}_{written}".replace("-", "_").upper()


@click.group(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": "RECONCILER",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
    epilog="Example: reconciler plan manifests. Every option can be set in the environment too, as"
    " RECONCILER_TENANT or RECONCILER_PLAN_FORMAT. Exit codes: 0 fine, 1 error, 2 changes pending or drift, 3 refused"
    " by a guard, 4 applied in part, 64 wrong usage, 70 a bug in this tool.",
)
@click.option("--tenant", metavar="NAME", help="Which Tenant document to use (default: the one marked default).")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".reconciler"),
    show_default=True,
    help="What runs leave to each other: journal, what was read, the embedded sandbox's data.",
)
@click.option(
    "--lock-timeout",
    type=Duration(),
    metavar="DURATION",
    default="60s",
    show_default=True,
    help="How long to wait while another run holds the state directory.",
)
@click.option("-v", "--verbose", count=True, help="Say more about what is done, on stderr; -vv: each request.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    is_eager=True,
    callback=_choose_format,
    expose_value=False,
    help="How to talk on stderr; json: an object a line, for tools.",
)
@click.option("--log-bodies", is_flag=True, help="With -vv: what requests look for and say, people's data included.")
@click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
@click.option("--no-color", is_flag=True, help="Plain text (also: NO_COLOR).")
@click.option("--no-notify", is_flag=True, help="Tell nobody, whatever `notify` in the Tenant document says.")
@click.version_option(__version__, prog_name="reconciler")
@click.pass_context
def root(context: click.Context, /, state_dir: Path, **options: object) -> None:
    """Reconcile 4me users and groups with the YAML manifests in this repository.

    Nobody is ever deleted: removal is deactivation.
    """
    tenant = options["tenant"]
    start: Start = context.obj
    context.obj = Console(
        tenant=tenant if isinstance(tenant, str) else None,
        state=state_dir,
        lock_timeout=float(str(options["lock_timeout"])),
        verbosity=int(str(options["verbose"])),
        quiet=bool(options["quiet"]),
        plain=bool(options["no_color"]),
        telling=not options["no_notify"],
        bodies=bool(options["log_bodies"]),
        log=start.log,
        timing=start.timing,
    )


def _shown(context: click.Context, error: ReconcilerError) -> ReconcilerError:
    from reconciler.cli.audience import shown_error

    console = context.find_object(Console)
    return shown_error(console, error) if console else error


def _tell_news(context: click.Context, error: ReconcilerError | None = None) -> None:
    """To those who did not start the command, where the tenant names any."""
    console = context.obj
    if not isinstance(console, Console) or not console.telling or not context.invoked_subcommand:
        return
    tenant = console.heard.tenant
    if tenant and tenant.notify:
        from reconciler.cli.news import tell_news

        tell_news(console, context.invoked_subcommand, error)


def run_command(arguments: Sequence[str] | None = None, timing: Timing | None = None) -> int:
    """Run the command line and return its exit code; expected errors are told on stderr.

    `timing`: where requests take their time from, None for the usual clock.
    """
    log = Log(trace_id=trace_id())
    try:
        code = root.main(args=arguments, prog_name="reconciler", standalone_mode=False, obj=Start(log, timing))
    except click.UsageError as error:
        log.tell_click(_placed(error) if isinstance(error, click.NoSuchOption) else error, USAGE_EXIT)
        return USAGE_EXIT
    except click.ClickException as error:
        log.tell_click(error, 1)
        return 1
    except (click.Abort, KeyboardInterrupt):
        log.tell_interrupted(INTERRUPTED_EXIT)
        return INTERRUPTED_EXIT
    except ReconcilerError as error:
        log.tell_error(error)
        return error.exit_code
    return code if isinstance(code, int) else 0


def _placed(error: click.NoSuchOption) -> click.UsageError:
    """Where an option that all commands share was given behind one of them, what says where it belongs."""
    option = next((each for each in root.params if error.option_name in each.opts), None)
    if option is None or error.ctx is None:
        return error
    value = f" {option.metavar}" if option.metavar else ""
    belongs = f"reconciler {error.option_name}{value} {error.ctx.info_name}"
    return click.UsageError(f"{error.option_name} stands before the command: {belongs}", error.ctx)


def main() -> None:
    """Entry point of the `reconciler` script."""
    gc.set_threshold(*COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream.encoding.lower() != "utf-8" else "backslashreplace")
    try:
        code = run_command()
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except OSError as error:
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        code = 1
    sys.exit(code)
