#!/usr/bin/env bash
# One open issue that tells of drift: issue.sh FILE DRIFT
# Opens it or updates it in place where DRIFT is true, and closes it where it is false. Needs gh, GH_TOKEN, GH_REPO.
set -euo pipefail
file=$1
drift=$2
label=${LABEL:-reconciler-drift}
title=${TITLE:-4me differs from what was applied}

number=$(gh issue list --label "$label" --state open --limit 1 --json number --jq '.[0].number // empty')
if [ "$drift" = true ]; then
  if [ -n "$number" ]; then
    gh issue edit "$number" --body-file "$file"
  else
    gh label create "$label" --description "4me differs from the manifests" --force
    gh issue create --title "$title" --label "$label" --body-file "$file"
  fi
elif [ -n "$number" ]; then
  gh issue close "$number" --comment "4me is as the manifests say again."
fi
