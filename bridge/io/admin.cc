#include "bridge/io/admin.h"

#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "bridge/io/health.h"

namespace millrace::io {
namespace {

constexpr unsigned kConnections = 32;
constexpr unsigned kIdleSeconds = 10;
constexpr std::size_t kConnectionMemory = 16 << 10;

struct Page {
    unsigned status = MHD_HTTP_OK;
    std::string text;
    const char* type = "text/plain; charset=utf-8";
};

Page page_of(Health health, bool verbose, const char* good, const char* bad) {
    Page page{.status = health.ok ? 200U : 503U, .text = {}};
    if (verbose) page.text = std::move(health.text);
    page.text += std::string(health.ok ? good : bad) + "\n";
    return page;
}

Page page_at(std::string_view path, bool verbose, const Admin::Sources& sources, Time began) {
    if (path == "/metrics") return {.text = sources.metrics(), .type = "text/plain; version=0.0.4; charset=utf-8"};
    if (path == "/livez") return page_of(alive(sources.shards(), began, sources.now()), verbose, "alive", "not alive");
    if (path == "/readyz")
        return page_of(ready(sources.shards(), sources.now(), sources.awaited()), verbose, "ready", "not ready");
    if (path == "/startupz")
        return page_of(started(sources.shards(), sources.awaited()), verbose, "started", "not started");
    return {.status = MHD_HTTP_NOT_FOUND,
            .text = "nothing here; there are /metrics /livez /readyz?verbose /startupz\n"};
}

MHD_Result answer(MHD_Connection* connection, const Page& page) {
    // libmicrohttpd copies the bytes and does not write to them.
    MHD_Response* response =
        MHD_create_response_from_buffer(page.text.size(), const_cast<char*>(page.text.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (page.status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    const MHD_Result queued = MHD_queue_response(connection, page.status, response);
    MHD_destroy_response(response);
    return queued;
}

struct AddressFree {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Address = std::unique_ptr<addrinfo, AddressFree>;

Result<Address> parse_listen(const std::string& listen) {
    const std::string rule =
        "admin.listen: \"" + listen + "\" is not address:port (for example 127.0.0.1:9465 or [::1]:9465)";
    const auto colon = listen.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == listen.size()) return fail(ErrorCode::invalid, rule);
    std::string host = listen.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &found) != 0)
        return fail(ErrorCode::invalid, rule);
    return Address(found);
}

// Threads started while this lives take no signal, so that those of the program go where it expects them.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace

struct Admin::State {
    explicit State(Sources given) : sources(std::move(given)), began(sources.now()) {}

    static MHD_Result serve(void* self, MHD_Connection* connection, const char* path, const char* method, const char*,
                            const char*, std::size_t*, void**) {
        const auto& state = *static_cast<const State*>(self);
        const std::string_view verb = method;
        if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
            return answer(connection, {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .text = "read-only: GET or HEAD\n"});
        }
        const bool verbose =
            MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", 7, nullptr, nullptr) == MHD_YES;
        return answer(connection, page_at(path, verbose, state.sources, state.began));
    }

    Sources sources;
    Time began;
    MHD_Daemon* daemon = nullptr;
};

Result<std::unique_ptr<Admin>> Admin::start(const std::string& listen, Sources sources) {
    auto address = parse_listen(listen);
    if (!address) return std::unexpected(std::move(address.error()));
    auto state = std::make_unique<State>(std::move(sources));
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    if ((*address)->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    const SignalsBlocked blocked;
    errno = 0;
    state->daemon = MHD_start_daemon(flags, 0, nullptr, nullptr, &State::serve, state.get(),  //
                                     MHD_OPTION_SOCK_ADDR, (*address)->ai_addr,               //
                                     MHD_OPTION_CONNECTION_LIMIT, kConnections,               //
                                     MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,             //
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory, MHD_OPTION_END);
    if (state->daemon == nullptr) {
        return fail(ErrorCode::unavailable, "admin.listen: cannot listen on \"" + listen + "\": " +
                                                (errno != 0 ? std::strerror(errno) : "libmicrohttpd did not start") +
                                                " (choose another port, or \"\" for no admin port)");
    }
    return std::unique_ptr<Admin>(new Admin(std::move(state)));
}

Admin::Admin(std::unique_ptr<State> state) : state_(std::move(state)) {}
Admin::~Admin() { MHD_stop_daemon(state_->daemon); }

int Admin::port() const {
    const auto* bound = MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return bound == nullptr ? 0 : bound->port;
}

}  // namespace millrace::io
