#!/usr/bin/env bash
# One comment on a pull request, updated in place: comment.sh NUMBER HEAD FILE...
# FILEs and NUMBER come from a job that ran with a pull request's files, so they are data and nothing else: they are posted,
# never run, and NUMBER is only used if the pull request of that number has HEAD as its head commit. FILEs that are not there
# are left out; so are those that would make the comment too long, which then names RUN_URL. Where the pull request changes
# what ran, the comment begins with that. Needs gh, GH_TOKEN, GH_REPO.
set -euo pipefail
number=$1
head=$2
shift 2
marker='<!-- reconciler: review -->'
longest=65300 # of the 65,536 that GitHub takes; the rest is for what points to the run
most_files=3000 # GitHub lists no more

[[ $number =~ ^[1-9][0-9]{0,9}$ ]] || { echo "not the number of a pull request" >&2; exit 1; }
[[ $head =~ ^[0-9a-f]{40,64}$ ]] || { echo "not a commit" >&2; exit 1; }
found=$(gh api "repos/$GH_REPO/pulls/$number" --jq .head.sha)
[ "$found" = "$head" ] || { echo "pull request $number is at another commit by now: nothing to say" >&2; exit 0; }

body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf '%s\n' "$marker" > "$body"
changed=$(gh api --paginate "repos/$GH_REPO/pulls/$number/files" --jq '.[] | .filename, (.previous_filename // empty)')
if grep -q '^\.github/' <<< "$changed" || [ "$(wc -l <<< "$changed")" -ge "$most_files" ]; then
  printf '**This proposal changes its own checks in `.github/`: it may have written what it says of itself.**\n\n' >> "$body"
fi
for file in "$@"; do
  [ -f "$file" ] && [ ! -L "$file" ] || continue
  if [ $(($(wc -c < "$body") + $(wc -c < "$file"))) -gt "$longest" ]; then
    printf '\nMore is in the artefacts of [this run](%s).\n' "${RUN_URL:-}" >> "$body"
    break
  fi
  { cat "$file"; echo; } >> "$body"
done

mine=".user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))"
comment=$(gh api --paginate "repos/$GH_REPO/issues/$number/comments" --jq ".[] | select($mine) | .id")
comment=${comment%%$'\n'*}
if [ -n "$comment" ]; then
  gh api --method PATCH "repos/$GH_REPO/issues/comments/$comment" --field "body=@$body" --silent
else
  gh api --method POST "repos/$GH_REPO/issues/$number/comments" --field "body=@$body" --silent
fi
