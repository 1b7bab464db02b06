#include "tests/contract/tls_audit.h"

#include <dlfcn.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace {

using millrace::contract::TlsAudit;

struct Session {
    int inside = 0;
    std::set<std::thread::id> users;
};

std::mutex mutex;
std::map<const SSL*, Session> sessions;
TlsAudit audit;

class Visit {
  public:
    Visit(const SSL* session, std::uint64_t TlsAudit::* count) : session_(session) {
        const std::lock_guard lock(mutex);
        Session& of = sessions[session];
        if (of.inside++ > 0) ++audit.overlaps;
        if (count == nullptr) return;
        ++(audit.*count);
        of.users.insert(std::this_thread::get_id());
        audit.most_users = std::max<std::uint64_t>(audit.most_users, of.users.size());
    }
    ~Visit() {
        const std::lock_guard lock(mutex);
        --sessions[session_].inside;
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

  private:
    const SSL* session_;
};

template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int SSL_read(SSL* session, void* bytes, int size) {
    static auto* const real = next<int(SSL*, void*, int)>("SSL_read");
    const Visit visit(session, &TlsAudit::reads);
    return real(session, bytes, size);
}

int SSL_write(SSL* session, const void* bytes, int size) {
    static auto* const real = next<int(SSL*, const void*, int)>("SSL_write");
    const Visit visit(session, &TlsAudit::writes);
    return real(session, bytes, size);
}

int SSL_do_handshake(SSL* session) {
    static auto* const real = next<int(SSL*)>("SSL_do_handshake");
    const Visit visit(session, nullptr);
    return real(session);
}

int SSL_shutdown(SSL* session) {
    static auto* const real = next<int(SSL*)>("SSL_shutdown");
    const Visit visit(session, nullptr);
    return real(session);
}

void SSL_free(SSL* session) {
    static auto* const real = next<void(SSL*)>("SSL_free");
    {
        const Visit visit(session, nullptr);
        real(session);
    }
    const std::lock_guard lock(mutex);
    sessions.erase(session);  // its place may be another's from now on
}

}  // extern "C"

millrace::contract::TlsAudit millrace::contract::tls_audit() {
    const std::lock_guard lock(mutex);
    return audit;
}
