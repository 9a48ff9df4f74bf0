#!/usr/bin/env bash
# Where 4me differs from the manifests that were applied last: drift.sh FOLDER
# Writes FOLDER/comment.md and FOLDER/report.html; sets `drift` to true or false for later steps. BASE is the revision that
# was applied last, where it is known. Exits with 0 whether there is drift or not.
set -euo pipefail
out=$1
manifests=${MANIFESTS:-manifests}
mkdir -p "$out"

arguments=("$manifests")
[ -z "${TENANT:-}" ] || tenant=(--tenant "$TENANT")
[ -z "${BASE:-}" ] || arguments+=(--base "$BASE")
code=0
reconciler ${tenant[@]+"${tenant[@]}"} drift "${arguments[@]}" --format markdown > "$out/comment.md" || code=$?
case $code in
  0) drift=false ;;
  2) drift=true ;;
  *) exit "$code" ;;
esac
reconciler ${tenant[@]+"${tenant[@]}"} drift "${arguments[@]}" --format html > "$out/report.html" || [ $? -eq 2 ]
[ -z "${GITHUB_OUTPUT:-}" ] || echo "drift=$drift" >> "$GITHUB_OUTPUT"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$out/comment.md" >> "$GITHUB_STEP_SUMMARY"
