// The part of `millrace auth-callout` that has a clock and a network: takes requests off NATS, fetches the provider's
// keys, asks auth::Callout what to answer, answers and tells.
//
// Thread: `run` on one, which blocks in HTTP's `wait` only. Bound: kMostWaiting requests in hand, and as many that wait
// for keys; who is beyond that is not answered, and its client tries again.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/callout.h"
#include "auth/key_cache.h"
#include "auth/xkey.h"
#include "bridge/base/mailbox.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/io/nats_connection.h"

namespace millrace::app {

class LoginService {
  public:
    static constexpr std::size_t kMostWaiting = 1000;

    LoginService(auth::Callout callout, std::optional<auth::Xkey> xkey, const settings::Nats& nats);

    // Until `stopping` says so, which is asked several times a second.
    void run(const std::function<bool()>& stopping);

  private:
    struct Request {
        std::string reply;
        std::string sender_xkey;  // of the header; empty: not encrypted
        std::string jwt;
    };

    void fetch();
    void take_keys(const ports::HttpResponse& response);
    void open(Request request);
    void answer(Request request, bool may_wait);
    void retry_waiting();
    [[nodiscard]] bool reply(const Request& request, const auth::Verdict& verdict);
    void drop(std::string_view reason);
    void audit(const std::string& text);
    void publish(const std::string& subject, const std::string& text, const char* what);

    auth::Callout callout_;
    std::optional<auth::Xkey> xkey_;
    auth::KeyCache keys_;
    std::vector<Request> waiting_;
    io::CurlEndpoint http_{{.max_connections = 1}};
    std::atomic<std::size_t> queued_ = 0;  // in the mailbox
    Mailbox<Request> mailbox_;
    io::NatsConnection connection_;
};

}  // namespace millrace::app
