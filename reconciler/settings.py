"""Environment and Tenant document to what a run needs: which tenant, its token, who runs it.

The only reader of the environment. Reads a token's file or runs its command, without a shell, when asked for the token.
"""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import OperatorError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from reconciler.core.tenant import Tenant, TokenSource

SANDBOX = "sandbox:"
EXPIRY_NOTICE_DAYS = 7
SHORT_RUN = 600.0
"""Seconds."""
_LONGEST_RUN = 10 * 366 * 86400.0
COMMAND_SECONDS = 60
LONGEST_TOKEN = 65_536
PINNED = "RECONCILER_PINNED_ENDPOINT"
PSEUDONYM_KEY = "RECONCILER_PSEUDONYM_KEY"
SHORTEST_KEY = 16


def color_wanted(*, terminal: bool) -> bool:
    """Whether output to this stream may be coloured (https://no-color.org)."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def trace_id() -> str:
    """The pipeline's trace where it has one, else one of this run: 32 hexadecimal digits (W3C Trace Context §3.2.2)."""
    given = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-.*", os.environ.get("TRACEPARENT", ""))
    return given[1] if given else os.urandom(16).hex()


def who() -> str:
    """Who runs this, for the journal: the pipeline's actor where there is one, else the user of this machine."""
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def git_environment() -> dict[str, str]:
    """For git's plumbing: its own language, and neither locks nor requests, whatever its configuration says."""
    return os.environ | {
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
    }


def read_pseudonym_key() -> bytes | None:
    """The key that pseudonyms are made with, from RECONCILER_PSEUDONYM_KEY; None where it is not set. A secret.

    Raises OperatorError where it is so short that it could be guessed.
    """
    key = os.environ.get(PSEUDONYM_KEY, "").strip().encode()
    if key and len(key) < SHORTEST_KEY:
        raise OperatorError(
            f"{PSEUDONYM_KEY} has less than {SHORTEST_KEY} characters: it could be guessed",
            hint="make one with: openssl rand -hex 32",
        )
    return key or None


def read_addresses(name: str) -> str | None:
    """Where news goes, from the environment variable of that name; None where it holds nothing. A secret."""
    return os.environ.get(name, "").strip() or None


def run_link() -> str | None:
    """The page of the pipeline's run, where a pipeline runs this."""
    server, repository, number = map(os.environ.get, ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"))
    if server and repository and number:
        return f"{server}/{repository}/actions/runs/{number}"
    return os.environ.get("CI_JOB_URL")


def repository(url: str | None = None, revision: str | None = None) -> tuple[str, str]:
    """A repository's URL, or the pattern of its links, and the revision: as given, else as the pipeline says, or ""."""
    environment = os.environ
    github = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    if url is None and all(github):
        url = "/".join(map(str, github))
    elif url is None and environment.get("CI_PROJECT_URL"):
        url = f"{environment['CI_PROJECT_URL']}/-/blob/{{revision}}/{{path}}#L{{line}}"
    elif url is None:
        url = re.sub("//[^/]*@", "//", environment.get("BUILD_REPOSITORY_URI", ""))
    known = map(environment.get, ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION"))
    return url, revision or next(filter(None, known), "") or ""


def choose_tenant(tenants: Sequence[Tenant], name: str | None) -> Tenant:
    """The tenant of that name; without a name the default one, or the only one. Raises UsageError or OperatorError."""
    known = ", ".join(tenant.name for tenant in tenants)
    if name is not None:
        for tenant in tenants:
            if tenant.name == name:
                return tenant
        raise UsageError(f"no tenant `{name}` in the manifests", hint=f"known tenants: {known or 'none'}")
    chosen = [tenant for tenant in tenants if tenant.default] or list(tenants)
    if not chosen:
        raise OperatorError(
            "the manifests have no Tenant document",
            hint="add one (`kind: Tenant`, `name`, `endpoint`); docs/manifests.md shows how",
        )
    if len(chosen) > 1:
        raise UsageError("which tenant?", hint=f"--tenant NAME, one of: {known}")
    return chosen[0]


def is_sandbox(tenant: Tenant) -> bool:
    """Whether the tenant is the embedded sandbox."""
    return tenant.endpoint.startswith(SANDBOX)


def sandbox_database(tenant: Tenant, state: Path) -> Path:
    """The database file of an embedded sandbox: `sandbox:PATH`, or below the state directory."""
    path = tenant.endpoint.removeprefix(SANDBOX)
    return Path(path) if path else state / "sandbox" / f"{tenant.name}.db"


def pacing_file(tenant: Tenant, state: Path) -> Path | None:
    """Where one run leaves to the next what it sent; an embedded sandbox counts anew with each run."""
    return None if is_sandbox(tenant) else state / "pacing" / f"{tenant.name}.json"


def check_pinned(tenant: Tenant) -> None:
    """Hold a Tenant document to where this machine may send its token, if it says so in RECONCILER_PINNED_ENDPOINT.

    In a pipeline the manifests may be somebody's proposal: it must not lead the token elsewhere, nor name a program to
    run or a file to send. Several endpoints are separated by blanks. Raises OperatorError.
    """
    if PINNED not in os.environ:
        return
    pinned = os.environ[PINNED].split()
    if not pinned:
        raise OperatorError(f"{PINNED} is set and names no endpoint", hint="name it, or take the variable away")
    if tenant.endpoint not in [each.rstrip("/") for each in pinned]:
        raise OperatorError(
            f"tenant `{tenant.name}` has the endpoint {tenant.endpoint}, and this machine is pinned to"
            f" {' and '.join(pinned)}",
            hint=f"if the endpoint is to change, change {PINNED} where the pipeline is configured",
        )
    if tenant.token and not tenant.token.env:
        raise OperatorError(
            f"tenant `{tenant.name}` takes its token from {_described(tenant.token)}, and this machine is pinned",
            hint="pinned, a token comes from the environment only: `token: {env: NAME}`",
        )


def read_token(source: TokenSource | None) -> str | None:
    """The bearer token; None where the tenant names no source. Raises OperatorError, which never shows the token."""
    if source is None:
        return None
    token = _raw_token(source).strip()
    if not token:
        raise OperatorError(
            f"the token from {_described(source)} is empty", hint="generate one in 4me: Settings > Apps"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise OperatorError(
            f"what {_described(source)} gives is not a bearer token (it has blanks or control characters)"
        )
    return token


def expiry_warning(source: TokenSource | None, today: date) -> str | None:
    """What to say of the token's age: that it has expired or soon will, or nothing."""
    if source is None or source.issued is None:
        return None
    expires = source.issued + timedelta(days=source.lifetime_days)
    left = (expires - today).days
    if left < 0:
        return f"the token expired on {expires}, {-left} day(s) ago, if it was issued on {source.issued} as declared"
    if left <= EXPIRY_NOTICE_DAYS:
        return f"the token expires on {expires}, in {left} day(s): rotate it in 4me (Settings > Apps)"
    return None


def expiry_during(source: TokenSource | None, now: datetime, seconds: float) -> str | None:
    """What to say where a run of so many seconds would outlive the token, of whose end only the day is known.

    Nothing where it has expired already (see `expiry_warning`), and for short runs on its last day.
    """
    if source is None or source.issued is None or seconds < SHORT_RUN:
        return None
    expires = source.issued + timedelta(days=source.lifetime_days)
    end = now + timedelta(seconds=min(seconds, _LONGEST_RUN))
    if not now.date() <= expires <= end.date():
        return None
    return (
        f"the token expires on {expires} (only the day is known), and this takes until about {end:%Y-%m-%d %H:%M %Z}:"
        " it may end half-way; rotate the token first (4me: Settings > Apps), or carry it out in parts"
        " (plan --target KEY --out FILE, then apply --plan FILE)"
    )


def describe_token(source: TokenSource | None) -> str:
    """Where the token comes from and when it expires, for `check`."""
    if source is None:
        return "none declared"
    if source.issued is None:
        return f"from {_described(source)}; expiry unknown: state `issued` in the Tenant document"
    return f"from {_described(source)}; expires on {source.issued + timedelta(days=source.lifetime_days)}"


def _described(source: TokenSource) -> str:
    if source.env:
        return f"the environment variable {source.env}"
    return f"the file {source.file}" if source.file else f"the command `{source.command[0]}`"


def _raw_token(source: TokenSource) -> str:
    if source.env:
        if source.env not in os.environ:
            raise OperatorError(
                f"the environment variable {source.env}, which should hold the token, is not set",
                hint=f"export {source.env}=... or name another source under `token:` in the Tenant document",
            )
        return os.environ[source.env]
    if source.file:
        try:
            with Path(source.file).expanduser().open(encoding="utf-8") as file:
                text = file.read(LONGEST_TOKEN + 1)
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            reason = "nobody is called so" if isinstance(error, RuntimeError) else reason
            raise OperatorError(f"the token cannot be read from the file {source.file}: {reason}") from None
        if len(text) > LONGEST_TOKEN:
            raise OperatorError(f"what the file {source.file} has is longer than any token")
        return text
    return _command_token(source.command)


def _command_token(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the tenant's own words, without a shell
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise OperatorError(f"the token's command `{command[0]}` did not run: {reason}") from None
    if done.returncode != 0:
        raise OperatorError(f"the token's command `{command[0]}` ended with exit code {done.returncode}")
    return done.stdout
