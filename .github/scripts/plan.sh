#!/usr/bin/env bash
# The plan for what the manifests say, and for nothing else: plan.sh FOLDER
# Reads 4me with the token that the Tenant document names, and writes FOLDER/plan.json, FOLDER/comment.md and
# FOLDER/report.html. Exits with 0 where a plan was made, and with 3 where a guard refuses it (all is written then too).
# Sets `changes` to true or false for later steps. SIGN_KEY names a file to sign the plan with.
set -euo pipefail
out=$1
manifests=${MANIFESTS:-manifests}
mkdir -p "$out"

arguments=("$manifests" --out "$out/plan.json" --format markdown --detailed-exitcode)
[ -z "${TENANT:-}" ] || tenant=(--tenant "$TENANT")
[ -z "${SIGN_KEY:-}" ] || arguments+=(--sign-key "$SIGN_KEY")
code=0
reconciler ${tenant[@]+"${tenant[@]}"} plan "${arguments[@]}" > "$out/comment.md" || code=$?
changes=false
[ "$code" -eq 0 ] || changes=true
[ -z "${GITHUB_OUTPUT:-}" ] || echo "changes=$changes" >> "$GITHUB_OUTPUT"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$out/comment.md" >> "$GITHUB_STEP_SUMMARY"
case $code in
  0 | 2) ;;
  *) [ ! -f "$out/plan.json" ] || reconciler show "$out/plan.json" --format html > "$out/report.html"; exit "$code" ;;
esac
reconciler show "$out/plan.json" --format html > "$out/report.html"
