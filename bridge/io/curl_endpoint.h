// CurlEndpoint: the door to a model endpoint, on libcurl's multi interface.
//
// Hardened: http and https only, no redirect is followed, no netrc, no proxy from the environment, no user name in the
// URL, certificate and host name are verified, TLS 1.2 at least, response headers capped at 64 KiB and the body at what
// the request says, a packed one also in how much it grows (gzip.h). Header values never reach `error`.
//
// Thread: one shard's, which blocks in `wait` only; `wake` may come from any thread while the endpoint lives.
// Bound: one connection per request in flight, `max_connections` kept open between requests. What is in flight is the
// caller's to bound. Handles and connections are reused, among requests that agree in origin and TlsFiles alone.
//
// An answer with neither length nor chunks ends where its connection does, and then counts as whole. libcurl itself
// sends a request once more when a kept-alive connection turns out to have been closed before one byte of the answer
// came; nothing else is repeated here. OpenSSL inside libcurl honours SSLKEYLOGFILE, and raises SIGPIPE: the program
// ignores that signal.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bridge/ports/endpoint.h"

namespace millrace::io {

// Whether libcurl was built knowing where the system's certificate authorities are, and does not leave it to OpenSSL.
bool knows_authorities();

struct CurlOptions {
    std::size_t max_connections = 8;  // kept open; at least what may be in flight
};

class CurlEndpoint final : public ports::Endpoint {
  public:
    explicit CurlEndpoint(CurlOptions options);
    ~CurlEndpoint() override;
    CurlEndpoint(const CurlEndpoint&) = delete;
    CurlEndpoint& operator=(const CurlEndpoint&) = delete;

    void send(ports::HttpRequest request) override;
    void wait(Duration timeout, std::vector<ports::HttpResponse>& out) override;
    void wake() override;
    void cancel_all() override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
