#!/usr/bin/env bash
# Install the tool from the checkout that this script lies in: install.sh FOLDER
# Its dependencies come by the hashes of requirements.lock; the checkout itself is used as it is, nothing is built.
set -euo pipefail
tool=$(cd "$(dirname "$0")/../.." && pwd)
home=$1

"${PYTHON:-python3}" -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$tool/requirements.lock"
site=$("$home/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$tool" > "$site/reconciler.pth"
printf '#!%s\nfrom reconciler.cli import main\nmain()\n' "$home/bin/python" > "$home/bin/reconciler"
chmod 755 "$home/bin/reconciler"
[ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$home/bin" >> "$GITHUB_PATH"
"$home/bin/reconciler" --version
