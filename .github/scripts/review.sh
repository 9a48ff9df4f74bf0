#!/usr/bin/env bash
# What a pull request does to people's access, offline and without a token: review.sh BASE FOLDER
# Reads the manifests of the working tree as data, and writes FOLDER/comment.md and FOLDER/report.html. BASE is a commit.
# MANIFESTS names the manifests' folder (default: manifests). Exits with 1 where the manifests are not valid.
set -euo pipefail
base=$1
out=$2
manifests=${MANIFESTS:-manifests}
mkdir -p "$out"

tell() {
  printf '### %s\n\n%s\n' "$1" "$2" > "$out/comment.md"
}

if ! reconciler validate "$manifests" --format github > "$out/annotations.txt"; then
  cat "$out/annotations.txt"
  tell "The manifests are not valid" \
    "Nothing was compared. The problems are marked in the files of this pull request, and in the log of its check."
  exit 1
fi
cat "$out/annotations.txt"
if ! reconciler diff "$base" HEAD "$manifests" --merge-base --format markdown > "$out/comment.md"; then
  tell "The manifests could not be compared" "The log of this check says why: perhaps those of the base are not valid."
  exit 1
fi
reconciler diff "$base" HEAD "$manifests" --merge-base --format html > "$out/report.html"
