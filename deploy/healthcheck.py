"""Exit with 0 if the server in this container is ready, else with 1 and the reason.

``PALAVER_PORT`` names the port if it is not 8000.
"""

import os
import sys
import urllib.request

PORT = os.environ.get("PALAVER_PORT") or "8000"

try:
    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=4).close()
except OSError as error:  # refused, timed out, or a status that is no success
    sys.exit(f"not ready: {error}")
