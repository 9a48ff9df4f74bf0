#!/usr/bin/env bash
# What a pull request does to people's access, offline and without a token: review.sh BASE FOLDER
# Reads the manifests of the working tree as data, and writes FOLDER/comment.md and FOLDER/report.html. BASE is a commit.
# MANIFESTS names the manifests' folder (default: manifests). Exits with 1 where the manifests are not valid.
set -euo pipefail
base=$1
out=$2
manifests=${MANIFESTS:-manifests}
mkdir -p "$out"

if ! reconciler validate "$manifests" --format github > "$out/annotations.txt"; then
  cat "$out/annotations.txt"
  {
    echo "### The manifests are not valid"
    echo
    echo "Nothing was compared. The problems are marked in the files of this pull request, and in the log of its check."
  } > "$out/comment.md"
  exit 1
fi
cat "$out/annotations.txt"
reconciler diff "$base" HEAD "$manifests" --merge-base --format markdown > "$out/comment.md"
reconciler diff "$base" HEAD "$manifests" --merge-base --format html > "$out/report.html"
