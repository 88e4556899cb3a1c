"""An HTTP server in a thread that says what the test tells it to: what a polled source answers."""

import http.server
import ssl
import threading


class WebSource:
    """answer(path, headers, number): (status, headers, body) for each GET; body: bytes, or an iterator of them. number: how many requests came before."""

    def __init__(self, answer, certificate=None):
        self.answer, self.asked, self.lock = answer, [], threading.Lock()
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                source.serve(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.05))
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.port}" if self.scheme == "https" else f"http://127.0.0.1:{self.port}"

    def serve(self, request):
        with self.lock:
            number = len(self.asked)
            self.asked.append((request.path, dict(request.headers.items())))
        status, headers, body = self.answer(request.path, request.headers, number)
        whole = isinstance(body, bytes)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if whole and "Content-Length" not in headers:
            request.send_header("Content-Length", str(len(body)))
        if not whole or "Content-Length" in headers:
            request.close_connection = True
        request.end_headers()
        for part in [body] if whole else body:
            request.wfile.write(part)

    def count(self, path=None):
        with self.lock:
            return sum(path is None or asked.startswith(path) for asked, _ in self.asked)

    def paths(self):
        with self.lock:
            return [path for path, _ in self.asked]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
