#!/usr/bin/env bash
# Fails as `neurodeploy test` did.
set -euo pipefail
[ "${STATUS:-70}" -eq 0 ] || echo "neurodeploy test ended with status ${STATUS:-70}"
exit "${STATUS:-70}"
