// Who is inside OpenSSL with which TLS session. The functions that libnats enters a session with are defined in the
// test program, so that the loader finds them before OpenSSL's, and only count before they go on to those.
#pragma once

#include <cstdint>

namespace millrace::contract {

struct TlsAudit {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t overlaps = 0;    // a thread came in while another one was inside with the same session
    std::uint64_t most_users = 0;  // threads that have read or written one session
};

// Of everything since the program began. Any thread.
TlsAudit tls_audit();

}  // namespace millrace::contract
