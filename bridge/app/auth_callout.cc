#include "bridge/app/auth_callout.h"

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/callout.h"
#include "auth/key_cache.h"
#include "auth/key_file.h"
#include "auth/xkey.h"
#include "bridge/app/clocks.h"
#include "bridge/app/tenancy.h"
#include "bridge/base/log.h"
#include "bridge/base/mailbox.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/io/nats_connection.h"

namespace millrace::app {
namespace {

constexpr const char* kRequests = "$SYS.REQ.USER.AUTH";
constexpr std::string_view kXkeyHeader = "Nats-Server-Xkey";
constexpr Duration kFetchTimeout = std::chrono::seconds(5);
constexpr std::chrono::seconds kFirstConnection{5};
constexpr std::size_t kMostWaiting = 1000;  // requests in hand, and as many that wait for keys

// Set by SIGTERM and SIGINT, seen within kTick.
std::atomic<bool> stopping = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a signal's only way
constexpr Duration kTick = std::chrono::milliseconds(200);

void stop_on_signals() {
    signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGTERM, SIGINT}) signal(number, [](int) { stopping = true; });
}

struct Request {
    std::string reply;
    std::string sender_xkey;  // of the header; empty: not encrypted
    std::string jwt;
};

std::string header(const io::NatsMessage& message, std::string_view name) {
    for (const auto& [key, value] : message.headers)
        if (key == name) return value;
    return {};
}

Result<Secret> secret_in(const std::string& path) {
    auto file = auth::KeyFile::load(path);
    if (!file) return std::unexpected(std::move(file.error()));
    return file->key();
}

// The thread that decides: takes requests from the mailbox, fetches keys, answers.
class Service {
  public:
    Service(auth::Callout callout, std::optional<auth::Xkey> xkey, const settings::Nats& nats)
        : callout_(std::move(callout)),
          xkey_(std::move(xkey)),
          mailbox_([this] { http_.wake(); }),
          connection_(nats, "millrace-auth-callout",
                      {.down = [](const std::string& why) { log(Level::warning, "nats_down", why); },
                       .up = [] { log(Level::info, "nats_up", "logins are answered"); }}) {
        connection_.subscribe(kRequests, [this](io::NatsMessage&& message) {
            if (++queued_ > kMostWaiting)
                return void(--queued_);  // a flood: who is left out is tried again by its client
            mailbox_.put({message.reply, header(message, kXkeyHeader), std::string(message.payload.bytes())});
        });
    }

    void run() {
        std::vector<ports::HttpResponse> responses;
        std::vector<Request> requests;
        if (connection_.wait_connected(kFirstConnection)) log(Level::info, "answering", "logins are answered");
        while (!stopping) {
            if (keys_.wants_fetch(boot_now())) fetch();
            responses.clear();
            http_.wait(kTick, responses);
            for (const ports::HttpResponse& response : responses) take_keys(response);
            if (!responses.empty()) retry_waiting();
            mailbox_.take(requests);
            queued_ -= requests.size();
            for (Request& request : requests) open(std::move(request));
        }
    }

  private:
    void fetch() {
        keys_.begin(boot_now());
        http_.send({.id = RequestId{1},
                    .url = callout_.policy().keys_url,
                    .headers = {{"accept", "application/json"}},
                    .body = {},
                    .get = true,
                    .timeout = kFetchTimeout,
                    .connect_timeout = kFetchTimeout,
                    .max_response_bytes = auth::kMostKeySetBytes});
    }

    void take_keys(const ports::HttpResponse& response) {
        std::optional<auth::KeySet> found;
        if (response.transport == ports::Transport::answered && response.status == 200) {
            if (auto parsed = auth::KeySet::parse(response.body))
                found = std::move(*parsed);
            else
                log(Level::warning, "keys_refused", parsed.error().text);
        } else {
            log(Level::warning, "keys_unavailable",
                response.error.empty() ? "the provider answered " + std::to_string(response.status) : response.error);
        }
        keys_.end(std::move(found), boot_now());
    }

    // Encrypted exactly where the policy names an xkey: otherwise tokens would go in the clear where they must not.
    void open(Request request) {
        if (request.sender_xkey.empty() == xkey_.has_value()) return drop(xkey_ ? "not_encrypted" : "encrypted");
        if (xkey_) {
            auto opened = xkey_->open(request.jwt, request.sender_xkey);
            if (!opened) return drop("encrypted_for_another");
            request.jwt = std::move(*opened);
        }
        answer(std::move(request), true);
    }

    void answer(Request request, bool may_wait) {
        auth::Verdict verdict = callout_.judge(request.jwt, keys_.keys(boot_now()), wall_now());
        if (verdict.lacks_key) {
            keys_.miss();
            const bool comes = keys_.fetching() || keys_.wants_fetch(boot_now());
            if (may_wait && comes && waiting_.size() < kMostWaiting) return waiting_.push_back(std::move(request));
        }
        if (!verdict.answer.empty()) reply(request, verdict);
        audit(verdict.audit);
    }

    // The deadline is in the request: who waited for too long is not answered.
    void retry_waiting() {
        for (Request& request : std::exchange(waiting_, {})) answer(std::move(request), false);
    }

    void reply(const Request& request, const auth::Verdict& verdict) {
        std::string text = verdict.answer;
        if (xkey_) {
            auto sealed = xkey_->seal(text, request.sender_xkey);
            if (!sealed) return drop("xkey");
            text = std::move(*sealed);
        }
        publish(request.reply, text, "an answer");
    }

    void drop(std::string_view reason) {
        audit("{\"event\":\"login\",\"decision\":\"dropped\",\"reason\":\"" + std::string(reason) + "\"}");
    }

    void audit(const std::string& text) { publish(callout_.policy().callout.audit_subject, text, "an audit message"); }

    void publish(const std::string& subject, const std::string& text, const char* what) {
        if (auto sent = connection_.publish({subject, {}, nullptr, text}); !sent)
            log(Level::warning, "not_published", std::string(what) + ": " + sent.error().text);
    }

    auth::Callout callout_;
    std::optional<auth::Xkey> xkey_;
    auth::KeyCache keys_;
    std::vector<Request> waiting_;
    io::CurlEndpoint http_{io::CurlOptions{.ca_file = {}, .max_connections = 1}};
    std::atomic<std::size_t> queued_ = 0;  // in the mailbox
    Mailbox<Request> mailbox_;
    io::NatsConnection connection_;
};

settings::Nats login(const settings::Nats& nats, const auth::CalloutSettings& own) {
    settings::Nats out = nats;
    if (own.user.empty() && own.credentials_file.empty()) return out;
    out.token_file.clear();
    out.user = own.user;
    out.password_file = own.password_file;
    out.credentials_file = own.credentials_file;
    return out;
}

int refuse(const std::string& what, const std::string& why) {
    std::fprintf(stderr, "millrace: %s: %s\n", what.c_str(), why.c_str());
    return 2;
}

}  // namespace

int auth_callout(const settings::Settings& settings, auth::Policy policy) {
    const settings::Nats nats = login(settings.nats, policy.callout);
    if (policy.callout.account.empty())
        return refuse("callout", "is missing in the policy (docs/security.md shows one)");
    if (auto usable = io::check_nats_settings(nats); !usable) return refuse("nats", usable.error().text);
    const auto seed = secret_in(policy.callout.signing_seed_file);
    if (!seed) return refuse("callout.signing_seed_file", seed.error().text);
    auto key = auth::SigningKey::parse(auth::NkeyKind::account, *seed);
    if (!key) return refuse("callout.signing_seed_file", key.error().text);
    std::optional<auth::Xkey> xkey;
    if (!policy.callout.xkey_seed_file.empty()) {
        const auto secret = secret_in(policy.callout.xkey_seed_file);
        if (!secret) return refuse("callout.xkey_seed_file", secret.error().text);
        auto made = auth::Xkey::parse(*secret);
        if (!made) return refuse("callout.xkey_seed_file", made.error().text);
        xkey = std::move(*made);
    }
    auto callout = auth::Callout::make(std::move(policy), tenancy_of(settings), std::move(*key));
    if (!callout) return refuse("policy", callout.error().text);
    stop_on_signals();
    Service(std::move(*callout), std::move(xkey), nats).run();
    log(Level::info, "stopped", "logins are not answered any more");
    return 0;
}

}  // namespace millrace::app
