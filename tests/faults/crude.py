"""An object store that speaks just enough S3 to be refused: it ignores conditions, or answers with one error only.

with crude_store() as url:
    ...  # writes, reads, lists and removes, and overwrites whatever was there
with crude_store((403, "AccessDenied", "Access Denied")) as url:
    ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit


@contextmanager
def crude_store(
    error: tuple[int, str, str] | None = None, region: str = "", page: tuple[int, str, bytes] | None = None
) -> Iterator[str]:
    """Start the store; gives its URL. It completes an upload in parts and says then that it knows of none, as some
    stores do when they are asked twice.

    Args:
        error: status, code and message of the answer to every request, if it answers with an error only.
        region: where the bucket is, as that answer tells.
        page: status, Content-Type and body of the answer to every request, of a server that is no store. With a
            status of redirection the content type is where it leads.
    """
    objects: dict[str, bytes] = {}
    uploads: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int = 200, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            if region:
                self.send_header("x-amz-bucket-region", region)
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = urlsplit(self.path)
            key = unquote(url.path)
            if page is not None:
                self.send_response(page[0])
                self.send_header("Location" if 300 <= page[0] < 400 else "Content-Type", page[1])
                self.send_header("Content-Length", str(len(page[2])))
                self.end_headers()
                self.wfile.write(page[2] if self.command != "HEAD" else b"")
            elif error is not None:
                status, code, message = error
                where = f"<Region>{region}</Region>" if region else ""
                text = f"<Error><Code>{code}</Code><Message>{message}</Message>{where}</Error>"
                self.answer(status, text.encode())
            elif "uploads" in url.query:
                self.answer(
                    200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
                )
            elif "uploadId" in url.query:
                if self.command == "PUT":
                    uploads[key] = uploads.get(key, b"") + body
                    self.answer()
                elif self.command == "DELETE":
                    uploads.pop(key, None)
                    self.answer(204)
                else:
                    if key in uploads:
                        objects[key] = uploads.pop(key)
                    self.answer(404, b"<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>")
            elif self.command == "PUT":
                objects[key] = body
                self.answer()
            elif self.command == "DELETE":
                objects.pop(key, None)
                self.answer(204)
            elif "list-type" in url.query:
                prefix = f"{key}/{parse_qs(url.query)['prefix'][0]}"
                names = [name[len(key) + 1 :] for name in sorted(objects) if name.startswith(prefix)]
                entries = "".join(f"<Contents><Key>{name}</Key><Size>0</Size></Contents>" for name in names)
                self.answer(200, f"<ListBucketResult>{entries}</ListBucketResult>".encode())
            else:
                self.answer(200 if key in objects else 404, objects.get(key, b""))

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
