#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server and a mail server that write down what they get: notify-servers.py HTTP-PORT SMTP-PORT DIR

Each request or mail becomes a line of DIR/http.jsonl or DIR/mail.jsonl. The path /fail is answered with 500, /hang never,
/redirect with a way to elsewhere."""
import http.server
import json
import socketserver
import sys
import threading
import time

http_port, smtp_port, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def note(name, entry):
    with open(f"{directory}/{name}", "a", encoding="utf-8") as f:
        f.write(json.dumps(entry) + "\n")


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        note("http.jsonl", {"time": time.monotonic(), "path": self.path, "headers": dict(self.headers), "body": body})
        if self.path == "/hang":
            time.sleep(60)
        self.send_response({"/fail": 500, "/redirect": 302}.get(self.path, 204))
        if self.path == "/redirect":
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        mail = {"to": []}
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith("EHLO"):
                self.say("250 test")
            elif verb.startswith("MAIL FROM"):
                mail["from"] = line
                self.say("250 ok")
            elif verb.startswith("RCPT TO"):
                mail["to"].append(line)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                data = []
                while (line := self.rfile.readline()) != b".\r\n":
                    data.append(line.decode())
                mail["data"] = "".join(data)
                note("mail.jsonl", mail)
                self.say("250 ok")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Threading(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


web = http.server.ThreadingHTTPServer(("127.0.0.1", http_port), Web)
mail_server = Threading(("127.0.0.1", smtp_port), Mail)
threading.Thread(target=mail_server.serve_forever, daemon=True).start()
open(f"{directory}/ready", "w", encoding="utf-8").close()
web.serve_forever()
