#!/usr/bin/env bash
# Installs neurodeploy: what INPUT_INSTALL names, or the version that this action belongs to.
set -euo pipefail
python -m pip install --disable-pip-version-check --quiet "${INPUT_INSTALL:-$GITHUB_ACTION_PATH}"
python -m neurodeploy --version
