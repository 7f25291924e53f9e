// SPDX-License-Identifier: GPL-2.0-or-later
// The messages between watcher and enforcer: fixed-size structures on a SOCK_SEQPACKET socket of one machine, one
// message a packet, its length fully determined by its header. No text is parsed on either side.
#ifndef PB_ENFORCE_PROTOCOL_H
#define PB_ENFORCE_PROTOCOL_H

#include <stdint.h>

enum { MSG_MAGIC = 0x6e616270, MSG_VERSION = 3, MSG_MAX_ENTRIES = 1024 };

enum msg_type {
    // watcher to enforcer
    MSG_HELLO = 1,      // n = 0; answered by MSG_STATUS
    MSG_BAN,            // n entries; answered by MSG_RESULT
    MSG_UNBAN,          // n nets; answered by MSG_RESULT
    MSG_SYNC_BEGIN,     // n = 0; the whole list follows; bans stay active meanwhile
    MSG_SYNC_ENTRIES,   // n entries; answered by MSG_RESULT
    MSG_SYNC_END,       // n = 0; what was not in the list is removed; answered by MSG_RESULT
    MSG_QUERY,          // n = 1 net; answered by MSG_STATE
    MSG_GET_STATUS,     // n = 0; answered by MSG_STATUS
    // enforcer to watcher
    MSG_RESULT = 64,    // n verdicts: only the entries that were not done
    MSG_STATE,
    MSG_STATUS,
    MSG_EVENT,          // something happened to hook or sets
    MSG_REPLACED,       // n = 0: another watcher has connected, this connection ends
};

struct msg_header {
    uint32_t magic;
    uint16_t version;
    uint16_t type;
    uint32_t seq; // chosen by the watcher, repeated in the answer; 0 in unasked messages
    uint32_t n;   // how many of the type's elements follow
};

struct msg_net {
    uint8_t addr[16]; // IPv4 as ::ffff:a.b.c.d
    uint8_t len;      // of 128 bits; the bits behind it are zero
    uint8_t pad[3];   // zero
};

struct msg_entry {
    struct msg_net net;
    uint32_t count;
    int64_t until;    // realtime microseconds; INT64_MAX: until unbanned
    char jail[32];    // NUL-terminated and -padded; letters, digits, '-', '_', '.'
};

enum msg_reason {
    REASON_DONE,
    REASON_MALFORMED, // bits behind the length, unknown characters in the jail
    REASON_UNBANNABLE, // loopback, multicast, unspecified
    REASON_TOO_WIDE,
    REASON_ALLOWLIST,
    REASON_OWN,
    REASON_GATEWAY,
    REASON_FULL,      // as many entries as the limits allow
    REASON_EXTENT,    // all bans together would cover too much of the address space
    REASON_KERNEL,    // the kernel said no: error is its errno
    REASON_NOT_THERE, // unban: was not banned
    REASON_MAX
};

struct msg_verdict {
    struct msg_net net;
    uint32_t reason; // enum msg_reason
    int32_t error;   // errno, REASON_KERNEL only
};

struct msg_state {
    struct msg_net net;
    uint32_t present; // 0 or 1
    int32_t error;    // errno when it cannot be told
    uint32_t pad;
    int64_t left;     // microseconds; INT64_MAX: none
    uint64_t packets, bytes;
};

struct msg_hook { // sets and hook, as their guard sees them
    uint32_t hooked;  // 0 or 1
    uint32_t problem; // enum msg_problem
    int32_t problem_error;
    uint32_t culprit_pid; // who last touched hook or sets; 0: unknown
    char culprit[32];     // program name
    uint64_t repairs;
    int64_t missing;       // microseconds that packets passed, in all
    uint64_t put_off;      // repairs that came later because somebody fights
    uint64_t ruleset_lost; // how often others took something of the base ruleset out
    uint64_t netns;        // inode of the network namespace, 0 unknown
    int64_t repair_time;   // of the last repair, realtime microseconds; 0: none yet
    int64_t repair_missing; // microseconds that packets passed before it
    uint32_t repair_what;  // enum msg_what
    uint32_t repair_pid;   // whose doing; 0: unknown
    char repair_program[32];
};

struct msg_status {
    uint32_t backend; // enum limits_backend, never LIMITS_AUTO
    uint32_t entries;
    struct msg_hook hook;
    uint64_t bans, unbans, refused, failed, malformed, strangers;
    uint64_t reasons[16]; // refusals by enum msg_reason
};

enum msg_problem { // what does not work, 0: nothing
    PROBLEM_NONE,
    PROBLEM_FOREIGN_SET, // a set of another type has our name
    PROBLEM_NO_KERNEL,   // the kernel has no ip_set or nf_tables: see problem_error
    PROBLEM_HOOK,        // the hook cannot be put in
    PROBLEM_FIGHT,       // somebody keeps removing it; repairs are slowed down
    PROBLEM_OBSERVING,   // back end none
    PROBLEM_MAX
};

struct msg_event {
    uint32_t what;    // enum msg_what
    uint32_t pid;     // who did it; 0: unknown
    char program[32];
    int64_t missing;  // microseconds that packets passed
};

enum msg_what {
    WHAT_HOOK_LOST = 1, // and put back
    WHAT_HOOK_STUCK,    // lost and not put back yet
    WHAT_SET_LOST,      // a set was destroyed or flushed, or lost entries; they were put back
    WHAT_FULL,          // a set is full
    WHAT_FOREIGN_SET,   // a set of another type has our name: nothing is enforced for this family
    WHAT_FIGHT,         // somebody keeps taking hook or entries away: repairs are slowed down; said once a minute
    WHAT_RULESET,       // part of the base ruleset was taken out; root is asked to restore it
    WHAT_REPAIRED,      // one of the repairs in a fight: for the status, not for the log
    WHAT_MAX
};

enum { MSG_MAX_SIZE = sizeof(struct msg_header) + MSG_MAX_ENTRIES * sizeof(struct msg_entry) };

_Static_assert(sizeof(struct msg_header) == 16 && sizeof(struct msg_net) == 20 && sizeof(struct msg_entry) == 64,
               "wire format");

#endif
