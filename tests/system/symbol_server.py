"""A symbol server on loopback that fails in the ways servers fail. The first part of a path says how."""
import http.server
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send(self, body, length=None, status=200):
        self.send_response(status)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def redirect(self, location):
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        server = self.server
        # A proxy is asked for a whole URL.
        path = self.path.split("://", 1)[-1]
        path = path if path.startswith("/") else "/" + path.split("/", 1)[1]
        how, _, name = path[1:].partition("/")
        server.requests.append((self.command, self.path))
        self.close_connection = True
        body = server.files.get(name)
        if how == "503":
            self.send(b"busy", status=503)
        elif how == "loop":
            self.redirect(self.path)
        elif how == "redirect":
            self.redirect(f"/ok/{name}")
        elif how == "to-file":
            self.redirect("file:///etc/passwd")
        elif how == "compressed":
            self.send(b"MSCF", status=200 if name.endswith("_") else 404)
        elif body is None:
            self.send(b"no", status=404)
        elif how == "cut":
            self.send(body[:len(body) // 2], len(body))
        elif how == "cut-unseen":
            self.send(body[:len(body) // 2], False)
        elif how == "wrong":
            self.send(server.wrong)
        elif how == "page":
            self.send(b"<html>Log in to use this network</html>")
        elif how == "empty":
            self.send(b"")
        elif how == "huge":
            self.send(body, 1 << 40)
        elif how == "late":
            time.sleep(0.5)
            self.send(body)
        elif how == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:1000])
            self.wfile.flush()
            server.stalled.set()
            server.released.wait(30)
        else:
            self.send(body)

    do_HEAD = do_GET

    def do_CONNECT(self):
        self.server.requests.append((self.command, self.path))
        self.close_connection = True
        self.send_error(501)


class Server(http.server.ThreadingHTTPServer):
    """`files` {path behind the first part: bytes}; `requests` is what was asked."""
    daemon_threads = True
    block_on_close = False

    def __init__(self, files, wrong):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.wrong, self.requests = files, wrong, []
        self.stalled, self.released = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def url(self, how):
        return f"http://127.0.0.1:{self.server_address[1]}/{how}"

    def stop(self):
        self.released.set()
        self.shutdown()
        self.server_close()
