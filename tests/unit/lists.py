# SPDX-License-Identifier: GPL-2.0-or-later
# A service that answers from files: lists.py SOCKET DIR. To the verb "list" it answers DIR/list, to one with
# "observed" DIR/list-observed; each request goes to DIR/requests.
import json
import os
import socket
import sys

path, answers = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
while True:
    client, _ = server.accept()
    with client, client.makefile("rw") as stream:
        request = json.loads(stream.readline())
        with open(os.path.join(answers, "requests"), "a", encoding="ascii") as log:
            print(json.dumps(request, sort_keys=True), file=log)
        name = request["verb"] + ("-observed" if request.get("observed") else "")
        with open(os.path.join(answers, name), encoding="utf-8") as answer:
            stream.write(answer.read())
