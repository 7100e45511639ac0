"""Whether the server of this container takes requests: exit status 0 or 1.

python examples/serving/healthcheck.py
"""

import sys
import urllib.request

try:
    with urllib.request.urlopen("http://127.0.0.1:8000/v2/health/ready", timeout=2) as reply:
        sys.exit(0 if reply.status == 200 else 1)
except OSError as error:
    sys.exit(f"not ready: {error}")
