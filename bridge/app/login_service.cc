#include "bridge/app/login_service.h"

#include <chrono>
#include <utility>

#include "bridge/app/clocks.h"
#include "bridge/base/header.h"
#include "bridge/base/log.h"

namespace millrace::app {
namespace {

constexpr const char* kRequests = "$SYS.REQ.USER.AUTH";
constexpr std::string_view kXkeyHeader = "Nats-Server-Xkey";
constexpr Duration kFetchTimeout = std::chrono::seconds(5);
constexpr std::chrono::seconds kFirstConnection{5};
constexpr Duration kTick = std::chrono::milliseconds(200);

}  // namespace

LoginService::LoginService(auth::Callout callout, std::optional<auth::Xkey> xkey, const settings::Nats& nats)
    : callout_(std::move(callout)),
      xkey_(std::move(xkey)),
      mailbox_([this] { http_.wake(); }),
      connection_(nats, "millrace-auth-callout",
                  {.down = [](const std::string& why) { log(Level::warning, "nats_down", why); },
                   .up = [] { log(Level::info, "nats_up", "logins are answered"); },
                   .told = [](Note&& note) { log(note.level, note.event, note.text); }}) {
    connection_.subscribe(kRequests, [this](io::NatsMessage&& message) {
        if (message.payload.bytes().size() > 2 * auth::kLongestLoginRequest) return;  // also when it is encrypted
        if (++queued_ > kMostWaiting) return void(--queued_);
        mailbox_.put({message.reply, std::string(header_or_empty(message.headers, kXkeyHeader)),
                      std::string(message.payload.bytes())});
    });
}

void LoginService::run(const std::function<bool()>& stopping) {
    std::vector<ports::HttpResponse> responses;
    std::vector<Request> requests;
    if (connection_.wait_connected(kFirstConnection)) log(Level::info, "answering", "logins are answered");
    while (!stopping()) {
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

void LoginService::fetch() {
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

void LoginService::take_keys(const ports::HttpResponse& response) {
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
void LoginService::open(Request request) {
    if (request.sender_xkey.empty() == xkey_.has_value()) return drop(xkey_ ? "not_encrypted" : "encrypted");
    if (xkey_) {
        auto opened = xkey_->open(request.jwt, request.sender_xkey);
        if (!opened) return drop("encrypted_for_another");
        request.jwt = std::move(*opened);
    }
    answer(std::move(request), true);
}

void LoginService::answer(Request request, bool may_wait) {
    const auth::Verdict verdict = callout_.judge(request.jwt, keys_.keys(boot_now()), wall_now());
    if (verdict.lacks_key) {
        keys_.miss();
        const bool comes = keys_.fetching() || keys_.wants_fetch(boot_now());
        if (may_wait && comes && waiting_.size() < kMostWaiting) return waiting_.push_back(std::move(request));
    }
    if (verdict.answer.empty() || reply(request, verdict)) audit(verdict.audit);
}

// The deadline is in the request: who waited for too long is not answered.
void LoginService::retry_waiting() {
    for (Request& request : std::exchange(waiting_, {})) answer(std::move(request), false);
}

// Sealed for the server that signed the request, which has to be the one that sealed it.
bool LoginService::reply(const Request& request, const auth::Verdict& verdict) {
    std::string text = verdict.answer;
    if (xkey_) {
        auto sealed = xkey_->seal(text, request.sender_xkey);
        if (!sealed || verdict.server_xkey != request.sender_xkey) return drop("xkey"), false;
        text = std::move(*sealed);
    }
    publish(request.reply, text, "an answer");
    return true;
}

void LoginService::drop(std::string_view reason) {
    audit(R"({"event":"login","decision":"dropped","reason":")" + std::string(reason) + "\"}");
}

void LoginService::audit(const std::string& text) {
    publish(callout_.policy().callout.audit_subject, text, "an audit message");
}

void LoginService::publish(const std::string& subject, const std::string& text, const char* what) {
    if (auto sent = connection_.publish({subject, {}, nullptr, text}); !sent)
        log(Level::warning, "not_published", std::string(what) + ": " + sent.error().text);
}

}  // namespace millrace::app
