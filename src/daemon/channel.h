// SPDX-License-Identifier: GPL-2.0-or-later
// The line between launcher and watcher: short messages with a little text. The launcher takes nothing from it that
// could make it do more than start, stop or describe a watcher.
#ifndef PB_DAEMON_CHANNEL_H
#define PB_DAEMON_CHANNEL_H

enum { CHANNEL_TEXT_MAX = 1024 };

enum channel_type {
    // watcher to launcher
    CHANNEL_PREPARED = 1, // configuration read, patterns compiled; text: the enforcer's directory, newline, netns
    CHANNEL_READY,        // reads, locked in; text: for the status line
    CHANNEL_FAILED,       // cannot run; text: why
    CHANNEL_PAUSED,       // reads nothing and has closed the state
    CHANNEL_STATUS,       // text: for the status line
    CHANNEL_ALIVE,        // the watchdog's question, answered unasked
    CHANNEL_RELOAD,       // somebody with the right to do so asked for a reload
    // launcher to watcher
    CHANNEL_GO,           // a prepared watcher may open the state and begin
    CHANNEL_PAUSE,        // another watcher is prepared
    CHANNEL_RESUME,       // it failed: go on; text: why
    CHANNEL_STOP,         // text: "reloaded" when another watcher has taken over
    CHANNEL_MAX
};

struct channel_message {
    enum channel_type type;
    char text[CHANNEL_TEXT_MAX]; // printable or not, always terminated
};

// A pair of connected ends, close-on-exec.
int channel_pair(int ret[2]);

// Never blocks; a text that is too long is cut. -errno.
int channel_send(int fd, enum channel_type type, const char *text);

// One message; waits for it when wait. -EAGAIN when there is none, -ECONNRESET when the other end is gone, -EBADMSG
// for what is no message.
int channel_receive(int fd, int wait, struct channel_message *ret);

#endif
