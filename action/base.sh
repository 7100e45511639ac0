#!/usr/bin/env bash
# Tests the same project on INPUT_BASE, in a worktree of its own, so that the figures can be compared. A base that cannot be
# tested is no failure: the project may be new.
set -uo pipefail
folder="$RUNNER_TEMP/neurodeploy-base"
here="$(git rev-parse --show-prefix)"

leave() {
  echo "::notice title=neurodeploy::$1; nothing is compared"
  exit 0
}

commit="$(git rev-parse --verify --quiet "origin/$INPUT_BASE^{commit}" || git rev-parse --verify --quiet "$INPUT_BASE^{commit}" || true)"
if [ -z "$commit" ]; then
  git fetch --quiet --depth=1 origin -- "$INPUT_BASE" || leave "branch '$INPUT_BASE' is not there"
  commit="$(git rev-parse FETCH_HEAD)"
fi
git worktree add --quiet --detach --force "$folder" "$commit" || leave "branch '$INPUT_BASE' cannot be checked out"
cd "$folder/$here" || leave "branch '$INPUT_BASE' lacks this folder"
[ -e "$INPUT_PROJECT" ] || leave "branch '$INPUT_BASE' has no $INPUT_PROJECT"
python -m neurodeploy test "$INPUT_PROJECT" --no-baseline --json --save "$RUNNER_TEMP/neurodeploy-base-report" > /dev/null
[ -e "$RUNNER_TEMP/neurodeploy-base-report/neurodeploy.json" ] || leave "branch '$INPUT_BASE' cannot be tested"
echo "base: $commit"
