// SPDX-License-Identifier: GPL-2.0-or-later
// The classes of outcome: the one vocabulary that filters, sessions, jails and the configuration share.
#ifndef PB_BASE_CLASS_H
#define PB_BASE_CLASS_H

// What each weighs is the jail's matter (count = auth=1 refused=0 ...).
enum outcome_class {
    CLASS_AUTH,    // a password or a name was checked and refused
    CLASS_REFUSED, // a call was made and refused, no password was ever checked
    CLASS_PROBE,   // connected, or sent garbage, and made no call
    CLASS_FAULT,   // refused while the server itself was in trouble
    CLASS_MAX,
};

extern const char *const class_names[CLASS_MAX];

#endif
