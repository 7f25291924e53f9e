// SPDX-License-Identifier: GPL-2.0-or-later
// What syslog's and journald's configuration do with the lines of pptpd and pppd: which file gets which priorities,
// and what journald keeps. Reads rsyslog.conf with what it includes, or syslog.conf; judges nothing.
#ifndef PB_AUDIT_SYSLOGD_H
#define PB_AUDIT_SYSLOGD_H

#include "audit/view.h"

enum {
    SYSLOGD_FILES_MAX = 64,
    SYSLOGD_INCLUDES_MAX = 128,
    SYSLOGD_DEPTH_MAX = 8,
};

enum syslogd_kind { SYSLOGD_NONE, SYSLOGD_RSYSLOG, SYSLOGD_OTHER };
enum syslogd_facility { SYSLOGD_DAEMON, SYSLOGD_LOCAL2, SYSLOGD_FACILITIES };

struct syslogd_file {
    char path[256];
    unsigned got[SYSLOGD_FACILITIES]; // a bit for each priority, 1 << LOG_DEBUG
};

struct syslogd {
    enum syslogd_kind kind;
    int error; // of the main file
    struct syslogd_file files[SYSLOGD_FILES_MAX];
    size_t n_files;
    unsigned left[SYSLOGD_FACILITIES]; // priorities that no rule has thrown away yet
    char dropped[300];                 // "FILE:LINE" of a rule about pppd or pptpd that throws lines away; "" for none
    bool raw;                          // control characters are written as they come
    bool imjournal;                    // reads the journal instead of being handed lines by journald
    bool partly;                       // there are conditions or files that were not understood
    unsigned n_includes;
};

void syslogd_read(const struct audit_root *root, struct syslogd *ret);

struct journald {
    bool here;
    int error;
    char storage[16];         // "auto", "persistent", "volatile", "none"
    int store, forward_level; // MaxLevelStore, MaxLevelSyslog: LOG_ERR..LOG_DEBUG
    int forward;              // ForwardToSyslog: 1, 0; -1: not said
    unsigned long burst;      // lines in
    double interval;          // so many seconds; 0: no limit
};

void journald_read(const struct audit_root *root, struct journald *ret);

#endif
