"""Start a Dropbox on this machine, and say how to reach it."""

import argparse
import json
import sys
import threading

from .server import DropboxServer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, help="first of four ports in a row")
    parser.add_argument("--latency", type=float, default=0, help="seconds per call")
    parser.add_argument("--redirect", action="append", default=[])
    options = parser.parse_args()
    with DropboxServer(options.latency, options.port) as server:
        server.app.redirects += options.redirect
        access, refresh = server.grant()
        ready = {
            "environment": server.environment(),
            "app_key": server.app.key,
            "app_secret": server.app.secret,
            "access_token": access,
            "refresh_token": refresh,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
