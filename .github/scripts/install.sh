#!/usr/bin/env bash
# Install the tool from the checkout that this script lies in: install.sh FOLDER
# Its dependencies come by the hashes of requirements.lock; the checkout itself is used as it is, nothing is built.
# Python is isolated (-I): it takes no module from the working folder, which has somebody's proposal.
set -euo pipefail
tool=$(cd "$(dirname "$0")/../.." && pwd)
home=$1

"${PYTHON:-python3}" -I -m venv "$home"
"$home/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$tool/requirements.lock"
site=$("$home/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$tool" > "$site/reconciler.pth"
printf '#!%s\nfrom reconciler.cli import main\nmain()\n' "$home/bin/python" > "$home/bin/reconciler"
chmod 755 "$home/bin/reconciler"
[ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$home/bin" >> "$GITHUB_PATH"
"$home/bin/reconciler" --version
