"""A fake server for tests of deaths: it answers GET /health, and ends or hangs on request.

GET /die ends it at once, GET /hang makes it ignore further requests, GET /metrics returns a queue, and GET /pids
returns its process and that of its child, which stands for the engine process of a vLLM server.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

METRICS = b'vllm:num_requests_waiting{engine="0"} 7.0\n'
CHILD = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); threading.Event().wait()"


class Handler(BaseHTTPRequestHandler):
    hangs = threading.Event()
    child = 0

    def do_GET(self) -> None:
        if self.path == "/die":
            print("ValueError: somebody asked me to die", flush=True)
            os._exit(3)
        if self.hangs.is_set():
            threading.Event().wait()
        if self.path == "/hang":
            self.hangs.set()
        body = METRICS if self.path == "/metrics" else f"{os.getpid()} {self.child}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("host", "model", "served-model-name", "dtype", "say", "drained"):
        parser.add_argument(f"--{name}", default="")
    for name in ("port", "tensor-parallel-size", "fails-from"):
        parser.add_argument(f"--{name}", type=int, default=0)
    for name in ("fail", "never-ready", "deaf"):
        parser.add_argument(f"--{name}", action="store_true")
    args = parser.parse_args()
    print(args.say, flush=True)
    if args.fails_from and count_starts(Path(f"{args.drained}.starts")) >= args.fails_from:
        args.fail = True
    if args.fail:
        sys.exit("RuntimeError: no weights here")
    if args.never_ready:
        threading.Event().wait()
    Handler.child = subprocess.Popen([sys.executable, "-c", CHILD]).pid
    if args.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: drain(args.drained))
    ThreadingHTTPServer((args.host, args.port), Handler).serve_forever()


def count_starts(file: Path) -> int:
    with file.open("a") as starts:
        starts.write("start\n")
    return len(file.read_text().splitlines())


def drain(file: str) -> None:
    if file:
        Path(file).write_text("drained")
    os._exit(0)


if __name__ == "__main__":
    main()
