"""`reconciler init`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.scaffold import Answers

PIPELINES = ("github", "gitlab", "azure", "none")
QUESTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "tenant_name": ("What do you call the account", "production", ()),
    "endpoint": ("Its SCIM endpoint, or sandbox: for a trial", "https://api.4me.com/scim/v2", ()),
    "account": ("Its account id, if the token is for several (empty: none)", "", ()),
    "token_env": ("Environment variable that holds its token", "FOURME_TOKEN", ()),
    "ownership": ("Active users whom nothing declares", "report", ("report", "deactivate")),
    "ci": ("Pipelines for", "github", PIPELINES),
    "owners": ("Who approves changes, as in CODEOWNERS (empty: fill in later)", "", ()),
}
"""What is asked on a terminal where the option is missing: the question, what is taken otherwise, the choice."""
NO_ACCOUNT = ("account", "token_env", "ownership")
"""What a trial has no use for."""


@click.command(
    epilog="Example: reconciler init access --account widget --ci gitlab --owners @widget/it --defaults. Exit codes: 0"
    " written, 1 nothing was written, 64 an answer cannot be used."
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="[DIR]")
@click.option("--tenant-name", help="What to call the account (default: production).")
@click.option("--endpoint", help="Its SCIM endpoint, or `sandbox:` for a trial without an account.")
@click.option("--account", help="Its account id, where the token is for several.")
@click.option("--token-env", help="Environment variable that holds the token (default: FOURME_TOKEN).")
@click.option(
    "--ownership",
    type=click.Choice(["report", "deactivate"]),
    help="What becomes of active users whom nothing declares (default: report).",
)
@click.option("--ci", type=click.Choice(PIPELINES), help="Pipelines to write (default: github).")
@click.option("--owners", help="Who approves changes, as in CODEOWNERS, such as @widget/it.")
@click.option("--sandbox/--no-sandbox", default=True, show_default=True, help="Also a local 4me to try things out on.")
@click.option("--defaults", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@click.pass_obj
def command(console: Console, /, folder: Path, **given: object) -> int:
    """Start a repository of manifests: tenant, examples, pipelines, CODEOWNERS, editor settings.

    Asks on a terminal for what no option says.
    """
    from reconciler.scaffold import start_repository

    asks = not given["defaults"] and sys.stdin.isatty()
    written, steps = start_repository(folder, _answers(given, console if asks else None), force=bool(given["force"]))
    console.out("\n".join((folder / name).as_posix() for name in written))
    if folder != Path():
        console.say(f"next: cd {folder}, then")
    for number, step in enumerate(steps, 1):
        console.say(f"{number}. {step}")
    return 0


def _answers(given: dict[str, object], asking: Console | None) -> Answers:
    from reconciler.scaffold import Answers

    answers: dict[str, str] = {}
    for name, (question, default, choice) in QUESTIONS.items():
        said = given[name]
        is_moot = answers.get("endpoint", "").startswith("sandbox:") and name in NO_ACCOUNT
        if said is None and asking and not is_moot:
            said = asking.ask_for(question, default, choice)
        answers[name] = default if said is None else str(said)
    return Answers(
        answers["tenant_name"],
        answers["endpoint"].strip(),
        answers["account"].strip(),
        answers["token_env"].strip(),
        answers["ownership"],  # type: ignore[arg-type]
        answers["ci"],  # type: ignore[arg-type]
        answers["owners"].strip(),
        sandbox=bool(given["sandbox"]),
    )
