#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Logs to /dev/log what a pppd logs whose peer gives a wrong password. What stands behind the user's name is only there
# to be seen in the command line: fake-pppd.py USER remotenumber ADDR
import sys
import syslog
import time

syslog.openlog("pppd", syslog.LOG_PID, syslog.LOG_LOCAL2)
for text in ("Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.", "pppd 2.4.9 started by root, uid 0",
             f"Peer {sys.argv[1]} failed CHAP authentication", "Exit."):
    syslog.syslog(syslog.LOG_WARNING, text)
time.sleep(0.5)  # journald looks at the command line when it gets to it, and a real pppd lives longer than this
