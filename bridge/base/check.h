// MILLRACE_CHECK: an assertion that stays on in release builds.
//
// For programmer errors only: a state the code promises cannot be reached. It prints the expression, the place and
// the note, and aborts; a bridge that stops loses nothing, one that goes on with a broken invariant may. What an
// operator, a server or an event can cause is a Result (base/result.h), never a check.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MILLRACE_CHECK(expression, note)                                                                   \
    do {                                                                                                   \
        if (!(expression)) [[unlikely]] {                                                                  \
            std::fprintf(stderr, "%s:%d: check failed: %s (%s)\n", __FILE__, __LINE__, #expression, note); \
            std::abort();                                                                                  \
        }                                                                                                  \
    } while (false)
