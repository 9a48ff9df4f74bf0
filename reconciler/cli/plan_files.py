"""Saved plans on the command line: written, read, and what is said of one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler.cli.audience import shown_plan
from reconciler.cli.durations import Duration
from reconciler.core.durations import show_seconds
from reconciler.errors import OperatorError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.approval import Terms
    from reconciler.cli.console import Console
    from reconciler.core.plan_model import Plan
    from reconciler.report.plan_json import SavedPlan
    from reconciler.signing import Signer

LARGEST = 256 << 20
"""Bytes of a plan file."""

max_age_option = click.option(
    "--max-age",
    type=Duration(),
    default="24h",
    show_default=True,
    help="How long an approval holds: an older plan is refused.",
)
verify_key_option = click.option(
    "--verify-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Public key, or several: take a plan only if one of them vouches for it.",
)
out_option = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also save the plan, for apply --plan."
)
sign_key_option = click.option(
    "--sign-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sign the saved plan with this Ed25519 private key.",
)


class Saving(NamedTuple):
    """Where a plan is saved, if it is, and who signs it."""

    out: Path | None
    signer: Signer | None


def saving_from(out: Path | None, sign_key: object) -> Saving:
    """What `out_option` and `sign_key_option` ask for. Raises UsageError where only the latter is given."""
    from reconciler.signing import load_signer

    if sign_key and not out:
        raise UsageError("--sign-key signs the saved plan: say where to save it with --out")
    return Saving(out, load_signer(sign_key) if isinstance(sign_key, Path) else None)


def terms_from(max_age: object, verify_key: object) -> Terms:
    """What `max_age_option` and `verify_key_option` ask of a plan."""
    from reconciler.approval import MAX_AGE, Terms

    return Terms(
        max_age if isinstance(max_age, float) else MAX_AGE, (verify_key,) if isinstance(verify_key, Path) else ()
    )


def save_plan(plan: Plan, path: Path, signer: Signer | None) -> None:
    """Write the plan as JSON, readable by its owner only, whole or not at all. Raises OperatorError."""
    from reconciler.core.signature import signed_bytes
    from reconciler.report.plan_json import content_of, plan_document, render_plan_json

    signature = signer.sign(signed_bytes(content_of(plan_document(plan)))) if signer else None
    partial: str | None = None
    if path.exists() and not path.is_file():
        raise OperatorError(f"the plan cannot be written to {path}: it is no file", hint="plan --format json prints it")
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as file:  # mode 0600
            partial = file.name
            file.write(render_plan_json(plan, signature))
        Path(partial).replace(path)
    except OSError as error:
        if partial:
            Path(partial).unlink(missing_ok=True)
        raise OperatorError(f"the plan cannot be written to {path}: {error.strerror}") from error


def load_plan(path: Path) -> SavedPlan:
    """A saved plan. Raises OperatorError where the file is none."""
    from reconciler.report.plan_json import parse_plan_json

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LARGEST or len(data := file.read(LARGEST + 1)) > LARGEST:
                raise OperatorError(f"{path} is not read: it has more than {LARGEST >> 20} MiB")
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is not a saved plan: it is not UTF-8 text") from None
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error
    return parse_plan_json(text)


def say_standing(console: Console, saved: SavedPlan, terms: Terms) -> None:
    """How old a plan is, who vouches for it, and whether it would still be applied.

    Raises OperatorError where a key was given, and its signature does not hold.
    """
    from reconciler.approval import find_refusals, signature_faults

    now = datetime.now(UTC)
    faults = tuple(signature_faults(saved, terms))
    refusals = find_refusals(saved, terms, console.state, now)
    for line in (*_origin(shown_plan(console, saved.plan), now), *_vouched(saved, terms, faults)):
        console.say(line)
    for refusal in refusals:
        console.say(f"apply would refuse it: {refusal.message}")
    if not refusals:
        console.say("apply would take it, where the tenant's `approval` asks for no more")
    if faults:
        raise OperatorError(f"the plan is not to be trusted: {'; '.join(faults)}")


def _origin(plan: Plan, now: datetime) -> Iterator[str]:
    from reconciler.approval import made_at
    from reconciler.report.words import safe

    made = made_at(plan)
    age = f"{show_seconds((now - made).total_seconds())} ago, " if made and made <= now else ""
    when, version = safe(plan.created_at), safe(plan.tool_version)
    yield f"planned {age}at {when}, by version {version}; 4me may have changed since"
    if plan.targets:
        yield f"limited to: {', '.join(map(safe, plan.targets))}"


def _vouched(saved: SavedPlan, terms: Terms, faults: tuple[str, ...]) -> Iterator[str]:
    if saved.signature is None:
        yield "not signed"
    elif not terms.keys:
        yield f"signed with the key {saved.signature.key_id}; not checked: no --verify-key"
    elif not faults:
        yield f"signed with the key {saved.signature.key_id}, and the signature holds"
