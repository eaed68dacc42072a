"""A grader behind a socket of this machine, for as long as a test needs it."""

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Grader(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # the name that http.server looks for
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(size := self.rfile.readline(), 16):
                self.rfile.read(int(size, 16) + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        status = next(self.server.statuses, 200)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"1")

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def local_grader(encrypted=False, statuses=()):
    """Gives the address of a server that grades everything 1. `statuses`: of its first answers, before those with 200; 0 hangs up."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Grader)
    server.statuses = iter(statuses)
    if encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' * encrypted}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
