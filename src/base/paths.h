// SPDX-License-Identifier: GPL-2.0-or-later
// Where the processes meet, the same for units, programs and tests; each has an option to use another place.
#ifndef PB_BASE_PATHS_H
#define PB_BASE_PATHS_H

// RUNDIR (/run/pptpban, of the watcher's user, 0750, group pptpban) holds the control socket that pptpban uses.
// The enforcer's own directory beside it (/run/pptpban-enforcer, of the enforcer's user, 0755) is not the watcher's,
// so that the watcher can connect there but change neither socket nor limits.
#define PB_ENFORCER_DIR RUNDIR "-enforcer"
#define PB_ENFORCER_SOCKET PB_ENFORCER_DIR "/enforcer.sock"
#define PB_LIMITS_FILE PB_ENFORCER_DIR "/limits" // written by pptpban compile-limits, as root

// pptpban-notify's: RUNTIME_DIR and this, with a socket of this name, to which the watcher sends.
#define PB_NOTIFY_SUFFIX "-notify"
#define NOTIFY_SOCKET_NAME "events.sock"

#define PB_WATCHER_USER "pptpban"
#define PB_ENFORCER_USER "pptpban-enforcer"
#define PB_NOTIFY_USER "pptpban-notify"

#endif
