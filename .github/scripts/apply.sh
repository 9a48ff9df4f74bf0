#!/usr/bin/env bash
# Carry out exactly the approved plan: apply.sh PLAN
# VERIFY_KEY names the file of the public key that the plan must be signed with, where it must be.
set -euo pipefail
plan=$1
manifests=${MANIFESTS:-manifests}

arguments=("$manifests" --plan "$plan" --yes)
[ -z "${TENANT:-}" ] || tenant=(--tenant "$TENANT")
[ -z "${VERIFY_KEY:-}" ] || arguments+=(--verify-key "$VERIFY_KEY")
code=0
reconciler ${tenant[@]+"${tenant[@]}"} apply "${arguments[@]}" | tee outcome.txt || code=${PIPESTATUS[0]}
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  { echo '````text'; tr '`' "'" < outcome.txt; echo '````'; } >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
