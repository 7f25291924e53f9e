// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded by tools/valgrind alone: PCRE2 without its compiler. Valgrind sees the code that it makes as code of nobody,
// which reads whole vectors and uses the part of them that counts; interpreted patterns read bytes.
enum { ERROR_NOMEMORY = -48 };

int pcre2_jit_compile_8(void *code, unsigned options);

int pcre2_jit_compile_8(void *code, unsigned options)
{
    (void)code, (void)options;
    return ERROR_NOMEMORY;
}
