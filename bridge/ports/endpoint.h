// The door to a model endpoint over HTTP, as the shard uses it. io/curl_endpoint is the real one; the simulator has a
// fake.
//
// Thread: the shard's own for everything but `wake`. `send` returns at once; the response is handed out by a later
// `wait`. Exactly one response comes back for each request sent, a failed one included, and no later than its timeout
// plus a scheduling delay; after `cancel_all` none does.
// Not here: no retry, no classification, no redirect is followed, nothing is read from the environment or netrc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/time.h"

namespace millrace::ports {

// By whom the server is vouched for, and what is shown to it: PEM files. Connections are shared only by requests that
// agree in all of it.
struct TlsFiles {
    std::string ca_file;           // empty: the system's certificate authorities
    std::string certificate_file;  // ours; empty: none
    std::string key_file;

    bool operator==(const TlsFiles&) const = default;
};

struct HttpRequest {
    RequestId id{};
    std::string url;
    std::vector<Header> headers;
    std::string body;
    bool get = false;    // instead of POST; there is no body
    bool gzip = false;   // the body goes out packed
    Duration timeout{};  // from send to the last byte of the answer
    Duration connect_timeout{};
    std::uint64_t max_response_bytes = 0;
    TlsFiles tls{};
};

enum class Transport {
    answered,     // status, headers and body are whole
    unreachable,  // resolve, connect or TLS failed, or the connection broke before the answer was whole
    timed_out,
    oversized,  // the answer went over a cap and was cut off, or cannot be unpacked
};

struct HttpResponse {
    RequestId id{};
    Transport transport = Transport::unreachable;
    int status = 0;
    std::vector<Header> headers;  // names in lower case
    std::string body;
    ServerTime received_at{};  // wall clock
    std::string error;         // what the transport said, for the log; never holds a header value
    Duration elapsed{};
};

class Endpoint {
  public:
    virtual ~Endpoint() = default;

    virtual void send(HttpRequest request) = 0;
    // Waits until a response is there, `wake` is called or `timeout` is over, and appends the responses. The only
    // place where a shard blocks.
    virtual void wait(Duration timeout, std::vector<HttpResponse>& out) = 0;
    // From any thread: makes the current wait return at once, or the next one that would block.
    virtual void wake() = 0;
    virtual void cancel_all() = 0;
};

}  // namespace millrace::ports
