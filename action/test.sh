#!/usr/bin/env bash
# Tests the project: annotations to the log, a summary of the run, results of all formats in INPUT_REPORT, and outputs. Ends
# with 0, because the report is to be uploaded first; the last step of the action fails instead.
set -uo pipefail
words=("$INPUT_PROJECT" --format github --save "$INPUT_REPORT")
base="$RUNNER_TEMP/neurodeploy-base-report/neurodeploy.json"
[ -e "$base" ] && words+=(--base "$base")
[ "$INPUT_BASELINE" = "true" ] || words+=(--no-baseline)
IFS=',' read -r -a targets <<< "$INPUT_TARGETS"
for target in ${targets[@]+"${targets[@]}"}; do
  words+=(--target "$(echo "$target" | xargs)")
done

status=0
python -m neurodeploy test "${words[@]}" || status=$?
{
  echo "status=$status"
  echo "passed=$([ "$status" -eq 0 ] && echo true || echo false)"
} >> "$GITHUB_OUTPUT"
if [ -e "$INPUT_REPORT/neurodeploy.md" ]; then
  echo "report=$INPUT_REPORT" >> "$GITHUB_OUTPUT"
  cat "$INPUT_REPORT/neurodeploy.md" >> "$GITHUB_STEP_SUMMARY"
fi
