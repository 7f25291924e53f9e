// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as a request at the control socket, and as a stranger's text. No crash; what is accepted is
// in bounds, what is refused has a reason, and what is shown is harmless.
#include <assert.h>

#include "base/text.h"
#include "daemon/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t n, size_t size)
{
    assert(n < size && strlen(text) == n);
    for (size_t i = 0; i < n; i++)
        assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};
    char error[REQUEST_ERROR_MAX], small[8], large[512];
    struct request q;

    if (request_parse(in, &q, error) == 0) {
        assert(q.verb < REQUEST_MAX_VERB && (!q.has_net || q.net.len <= 128));
        assert(memchr(q.jail, '\0', sizeof(q.jail)) && memchr(q.reason, '\0', sizeof(q.reason)));
        assert(q.jail[0] == '\0' || request_jail_name_ok(str_of(q.jail)));
        assert(!q.has_for || q.duration >= USEC_SEC);
    } else {
        assert(strlen(error) > 0);
        check_text(error, strlen(error), sizeof(error));
    }
    check_text(small, text_show(in, 0, small, sizeof(small)), sizeof(small));
    check_text(large, text_show(in, TEXT_QUOTED, large, sizeof(large)), sizeof(large));
    return 0;
}
