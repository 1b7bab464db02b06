#include "bridge/io/curl_endpoint.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <mutex>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/io/curl_transfer.h"

namespace millrace::io {
namespace {

void initialize_once() {
    static std::once_flag once;
    std::call_once(once, [] { MILLRACE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl starts"); });
}

CURLM* make_multi(const CurlOptions& options) {
    initialize_once();
    CURLM* multi = curl_multi_init();
    MILLRACE_CHECK(multi != nullptr, "libcurl gives a multi handle");
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections));
    return multi;
}

ports::HttpResponse refused(RequestId id, std::string why) {
    ports::HttpResponse response;
    response.id = id;
    response.received_at = std::chrono::system_clock::now();
    response.error = std::move(why);
    return response;
}

using Clock = std::chrono::steady_clock;

int poll_milliseconds(Clock::duration left) {
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 60'000));
}

}  // namespace

bool knows_authorities() {
    const curl_version_info_data* const built = curl_version_info(CURLVERSION_NOW);
    return built->age >= CURLVERSION_SEVENTH && (built->cainfo != nullptr || built->capath != nullptr);
}

struct CurlEndpoint::State {
    explicit State(CurlOptions given) : options(std::move(given)), multi(make_multi(options)) {}
    ~State() {
        for (const auto& transfer : active) curl_multi_remove_handle(multi, transfer->easy());
        active.clear();
        idle.clear();
        curl_multi_cleanup(multi);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // One that was made for the same files: libcurl reads them when it connects, and keeps by them what connections
    // may be used for.
    std::unique_ptr<CurlTransfer> idle_transfer(const ports::TlsFiles& tls) {
        const auto at = std::ranges::find_if(idle, [&](const auto& one) { return one->tls() == tls; });
        if (at == idle.end()) return std::make_unique<CurlTransfer>(tls);
        auto transfer = std::move(*at);
        *at = std::move(idle.back());
        idle.pop_back();
        return transfer;
    }

    void retire(const CurlTransfer* done) {
        const auto at = std::ranges::find(active, done, &std::unique_ptr<CurlTransfer>::get);
        MILLRACE_CHECK(at != active.end(), "a finished transfer was active");
        curl_multi_remove_handle(multi, done->easy());
        idle.push_back(std::move(*at));
        *at = std::move(active.back());
        active.pop_back();
    }

    void collect(std::vector<ports::HttpResponse>& out) {
        std::ranges::move(refusals, std::back_inserter(out));
        refusals.clear();
        int running = 0;
        curl_multi_perform(multi, &running);
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;  // the message dies with the removal
            char* self = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
            auto* transfer = reinterpret_cast<CurlTransfer*>(self);
            retire(transfer);
            out.push_back(transfer->finish(code));
        }
    }

    CurlOptions options;
    CURLM* multi;
    std::vector<std::unique_ptr<CurlTransfer>> active;
    std::vector<std::unique_ptr<CurlTransfer>> idle;
    std::vector<ports::HttpResponse> refusals;  // requests that were not sent, answered by the next wait
    std::atomic<bool> woken = false;
};

CurlEndpoint::CurlEndpoint(CurlOptions options) : state_(std::make_unique<State>(std::move(options))) {}
CurlEndpoint::~CurlEndpoint() = default;

void CurlEndpoint::send(ports::HttpRequest request) {
    if (std::string why = CurlTransfer::refusal(request); !why.empty()) {
        state_->refusals.push_back(refused(request.id, std::move(why)));
        return;
    }
    auto transfer = state_->idle_transfer(request.tls);
    transfer->begin(std::move(request));
    MILLRACE_CHECK(curl_multi_add_handle(state_->multi, transfer->easy()) == CURLM_OK, "libcurl takes the transfer");
    state_->active.push_back(std::move(transfer));
}

void CurlEndpoint::wait(Duration timeout, std::vector<ports::HttpResponse>& out) {
    const auto until = Clock::now() + std::min<Duration>(timeout, std::chrono::hours(1));
    const std::size_t before = out.size();
    while (true) {
        state_->collect(out);
        const auto left = until - Clock::now();
        if (out.size() > before || left <= Clock::duration::zero()) return;
        // Used up only where it keeps us from sleeping: a look that does not block must not swallow the wake of what
        // was put into the mailbox a moment ago, or the next wait would sleep beside a full mailbox.
        if (state_->woken.exchange(false)) return;
        curl_multi_poll(state_->multi, nullptr, 0, poll_milliseconds(left), nullptr);
    }
}

void CurlEndpoint::wake() {
    state_->woken = true;
    curl_multi_wakeup(state_->multi);
}

void CurlEndpoint::cancel_all() {
    while (!state_->active.empty()) {
        CurlTransfer* transfer = state_->active.back().get();
        state_->retire(transfer);
        transfer->abandon();
    }
    state_->refusals.clear();
}

}  // namespace millrace::io
