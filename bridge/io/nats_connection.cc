#include "bridge/io/nats_connection.h"

#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <semaphore>
#include <set>
#include <thread>
#include <utility>

#include "auth/secret_file.h"
#include "bridge/io/nats_loop.h"
#include "bridge/io/nats_message.h"
#include "bridge/io/nats_options.h"
#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSettled{5000};        // a connection that lived as long starts the back-off anew
constexpr milliseconds kFarewellLimit{1000};  // for the server to have what was written before a close
constexpr milliseconds kProofLimit{2000};     // for the server to say that it took the subscriptions
constexpr milliseconds kPushLimit{1000};      // for the server to say that it has what was pushed
// libnats' own attempts, with what it read at first; a server that restarts is back by then.
constexpr milliseconds kOwnTries{10000};
// With a loop, whose writes have all the buffer in them.
constexpr milliseconds kPingEvery{10000};
constexpr milliseconds kPongLimit{10000};
constexpr milliseconds kStalled{10000};
constexpr milliseconds kWatch{1000};         // between two looks at the connection and the files of the login
constexpr milliseconds kLastWord{10000};     // for the library to say that no callback runs any more
constexpr milliseconds kDrainLimit{5000};    // for a replaced connection to deliver what it has read
constexpr std::size_t kMostReasons = 8;      // told of in one outage
constexpr std::size_t kMostDiscovered = 64;  // servers taken along

struct Topic {
    std::string subject;
    NatsConnection::OnMessage on_message;
};

std::string random_token() {
    static constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::random_device device;
    std::uniform_int_distribution<std::size_t> pick(0, kDigits.size() - 1);
    std::string token(22, '0');
    std::ranges::generate(token, [&] { return kDigits[pick(device)]; });
    return token;
}

std::string status_text(natsStatus status) {
    const char* text = natsStatus_GetText(status);
    return text != nullptr ? text : "unknown error";
}

// `Permissions Violation for Publish to "x"` → x; nothing for anything else.
std::optional<Denied> denied_publish(std::string_view text) {
    constexpr std::string_view kWords = "for publish to \"";
    const auto at = std::ranges::search(
        text, kWords, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (at.empty()) return {};
    const std::string_view rest(at.end(), text.end());
    const auto end = rest.find('"');
    return Denied{rest.substr(0, end), end != std::string_view::npos};
}

std::string with_cause(natsStatus status) {
    const std::string text = status_text(status);
    const std::string cause = client_cause();
    return cause.empty() || cause == text ? text : text + " (" + cause + ")";
}

// TLS 1.3 refuses a client after its handshake, so all that is seen of it is a server that hangs up.
std::string_view hint(natsStatus status, const settings::Nats& nats) {
    if (!wants_tls(nats))
        return status == NATS_SSL_ERROR
                   ? " (the server wants TLS: write tls:// in its URL, or set nats.tls.enabled: true)"
                   : "";
    const bool hung_up = status == NATS_PROTOCOL_ERROR || status == NATS_IO_ERROR || status == NATS_CONNECTION_CLOSED;
    if (!hung_up) return "";
    return nats.tls.cert_file.empty() ? " (does the server want a client certificate? see nats.tls.cert_file)"
                                      : " (did the server refuse nats.tls.cert_file?)";
}

// What libnats can read again: it tells of an IPv6 server without brackets.
bool is_server_url(std::string_view url) {
    const auto host = url.substr(std::min(url.find("//"), url.size()));
    return host.contains('[') || std::ranges::count(host, ':') == 1;
}

}  // namespace

struct NatsConnection::State {
    // One libnats connection, from its making to its end.
    struct Link {
        explicit Link(State& of) : state(of) {}
        ~Link() {
            if (loop) loop->stop();
            for (natsSubscription* s : subscriptions) natsSubscription_Destroy(s);
            natsConnection_Destroy(nc);
        }
        Link(const Link&) = delete;
        Link& operator=(const Link&) = delete;

        State& state;
        Login login{.nats = state.nats, .token = {}, .jwt = {}, .key = {}};
        NatsOptionsPtr options;
        std::unique_ptr<NatsLoop> loop;  // null where libnats' own threads read and write
        natsConnection* nc = nullptr;
        std::vector<natsSubscription*> subscriptions;  // under `setup`
        FileStamps files;                              // as they were before they were read
        steady_clock::time_point ping_due{};           // of a loop's; the keeper's
        bool replaced = false;                         // by a later one, and let go of; under `mutex`
        int delivering = 0;                            // subscriptions not done yet; under `mutex`
        bool closed = false;                           // under `mutex`
        bool denied = false;                           // a subscription was; under `mutex`
        std::string end;                               // why it closed or is of no use; under `mutex`
    };
    using LinkPtr = std::shared_ptr<Link>;

    State(const settings::Nats& given, std::string client_name, Listener told)
        : nats(given),
          name(std::move(client_name)),
          listener(std::move(told)),
          inbox(inbox_prefix(given) + "." + random_token()),
          watched(files_of(given)) {
        keeper = std::thread([this] {
            keep();
            nats_ReleaseThreadMemory();
        });
        pusher = std::thread([this] {
            push_on();
            nats_ReleaseThreadMemory();
        });
    }

    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        want_push();
        keeper.join();
        pusher.join();
    }

    // --- the pusher's thread -----------------------------------------------------------------------------------

    // libnats has no call that writes its buffer to the socket, but one that writes a PING behind it at once, and waits
    // for the PONG. The wait is what keeps writes few under load: the server answers when it has read what came before,
    // and meanwhile the buffer fills.
    void push_on() {
        while (true) {
            push_wanted.acquire();
            push_asked = false;
            if (stop_wanted()) return;
            const auto link = link_now();
            // While it reconnects the library would keep the PING, which may then count as one without an answer.
            if (link && natsConnection_Status(link->nc) == NATS_CONN_STATUS_CONNECTED)
                natsConnection_FlushTimeout(link->nc, kPushLimit.count());
        }
    }

    void want_push() {
        if (!push_asked.exchange(true)) push_wanted.release();
    }

    // --- the keeper's thread -----------------------------------------------------------------------------------

    void keep() {
        int failures = 0;
        while (!stop_wanted()) {
            const auto began = steady_clock::now();
            if (auto link = connect()) {
                auto ready = install(*link);
                if (ready) link = stay_with(std::move(*link));
                set_down(ready ? why_ended(**link) : ready.error().text);
                retire(std::move(*link));
            } else {
                set_down(link.error().text);
            }
            failures = steady_clock::now() - began > kSettled ? 0 : failures + 1;
            rest(failures);
        }
    }

    bool stop_wanted() {
        const std::lock_guard lock(mutex);
        return stopping;
    }

    // Until it is of no use any more; returns the connection that this became true of.
    LinkPtr stay_with(LinkPtr link) {
        FileStamps seen = link->files;
        for (int refused = 0; !wait_for_end(*link, refused);) {
            auto files = auth::secret_stamps(watched);
            if (files == link->files || is_down()) continue;  // a connection that is down is made anew in a while
            if (files != seen) refused = 0;
            seen = std::move(files);
            if (auto why = replace(link)) {
                // Once for each change: the server may learn of the new login later.
                if (refused++ == 0)
                    listener.told({Level::warning, "login_refused",
                                   "a new login to NATS does not work, the old one stays in use: " + *why});
            } else {
                refused = 0;
                listener.told({Level::info, "login_replaced", "connected to NATS with the new login"});
            }
        }
        return link;
    }

    // Puts a new connection in the place of this one; why not, where that fails.
    std::optional<std::string> replace(LinkPtr& link) {
        auto fresh = connect();
        if (!fresh) return fresh.error().text;
        if (auto ready = install(*fresh); !ready) {
            retire(std::move(*fresh));
            return ready.error().text;
        }
        retire(std::exchange(link, std::move(*fresh)));
        return {};
    }

    Result<LinkPtr> connect() {
        auto link = std::make_shared<Link>(*this);
        link->files = auth::secret_stamps(watched);
        auto options = make_nats_options(known_servers(), name, link->login);
        if (!options) {
            doubt_login();
            return std::unexpected(std::move(options.error()));
        }
        link->options = std::move(*options);
        natsOptions* o = link->options.get();
        natsOptions_SetDisconnectedCB(o, on_disconnected, link.get());
        natsOptions_SetReconnectedCB(o, on_reconnected, link.get());
        natsOptions_SetClosedCB(o, on_closed, link.get());
        natsOptions_SetDiscoveredServersCB(o, on_discovered, link.get());
        natsOptions_SetErrorHandler(o, on_error, link.get());
        if (wants_tls(nats) && needs_loop_for_tls()) {
            auto loop = NatsLoop::make(kStalled);
            if (!loop) return fail(loop.error().code, "cannot connect to NATS: " + loop.error().text);
            link->loop = std::move(*loop);
            if (!link->loop->serve(o)) return fail(ErrorCode::unavailable, "nats.tls: " + client_cause());
        }
        const natsStatus status = natsConnection_Connect(&link->nc, o);
        if (status == NATS_OK) return link;
        doubt_login();
        return fail(ErrorCode::unavailable,
                    "cannot connect to NATS: " + with_cause(status) + std::string(hint(status, nats)));
    }

    // What vaults gave may be old, or was wrong and has been put right.
    void doubt_login() const {
        for (const auto& source : watched) auth::doubt_secret(source);
    }

    // Subscribes to everything, and asks the server whether it may: a denial comes before the answer to a PING. A
    // subscription to the inbox itself, where nothing arrives, finds out where there is no other yet.
    Result<void> install(const LinkPtr& link) {
        const std::lock_guard no_subscribe(setup);
        natsSubscription* probe = nullptr;
        natsConnection_SubscribeSync(&probe, link->nc, inbox.c_str());
        for (const auto& topic : topics) subscribe_on(*link, *topic);
        const natsStatus status = natsConnection_FlushTimeout(link->nc, kProofLimit.count());
        natsSubscription_Destroy(probe);
        const char* text = nullptr;
        if (natsConnection_GetLastError(link->nc, &text) == NATS_NOT_PERMITTED)
            return fail(ErrorCode::misconfigured, "NATS server: " + std::string(text));
        if (status != NATS_OK) return fail(ErrorCode::unavailable, "NATS does not answer: " + status_text(status));
        {
            const std::lock_guard lock(mutex);
            if (current) current->replaced = true;
            current = link;
        }
        set_up(link->nc);
        return {};
    }

    // True when the connection is of no use any more; false when it is time to look at the files again, which comes
    // the later the more often they were `refused`. A library that has no memory left closes without a word, which is
    // believed at the second look.
    bool wait_for_end(Link& link, int refused) {
        const auto look = steady_clock::now() + kWatch * (1u << std::min(refused, 5));
        std::unique_lock lock(mutex);
        const auto over = [&] {
            return link.closed || link.denied || stopping ||
                   (down_since && steady_clock::now() >= *down_since + kOwnTries);
        };
        for (bool seen_closed = false; !changed.wait_for(lock, kWatch, over);) {
            lock.unlock();  // it waits for the library's own lock
            const bool is_closed = natsConnection_IsClosed(link.nc);
            const bool is_silent = !is_closed && !answers(link);
            lock.lock();
            if (is_silent) link.end = "NATS does not answer";
            if (is_silent || (is_closed && seen_closed)) break;
            seen_closed = is_closed;
            if (!is_closed && steady_clock::now() >= look) return false;
        }
        current.reset();
        return true;
    }

    // With a loop there are no PINGs but ours, which the keeper has the time for.
    bool answers(Link& link) {
        const auto now = steady_clock::now();
        if (!link.loop || now < link.ping_due) return true;
        link.ping_due = now + kPingEvery;
        return natsConnection_FlushTimeout(link.nc, kPongLimit.count()) != NATS_TIMEOUT;
    }

    bool is_replaced(const Link& link) {
        const std::lock_guard lock(mutex);
        return link.replaced;
    }

    bool is_down() {
        const std::lock_guard lock(mutex);
        return down_since.has_value();
    }

    std::string why_ended(const Link& link) {
        const std::lock_guard lock(mutex);
        return link.end;
    }

    // Closes, and waits until no callback of this connection runs or will run, because what they use goes away with us.
    void retire(LinkPtr link) {
        // libnats 3.4 closes without sending what it has buffered: the last acks of a drain would be lost.
        const bool goes_on = is_replaced(*link);
        natsConnection_FlushTimeout(link->nc, (goes_on ? kDrainLimit : kFarewellLimit).count());
        // And without delivering what it has read, which is left alone where all is over.
        const bool drains = goes_on && (link->loop ? drain(*link) : drain_and_close(*link));
        if (link->loop) link->loop->stop();
        if (!drains || link->loop) natsConnection_Close(link->nc);
        std::unique_lock lock(mutex);
        const auto silent = [&] { return link->closed && link->delivering == 0; };
        // Never where it had no memory for its last callback. Then it may come at any time, and finds what it uses.
        if (changed.wait_for(lock, kLastWord, silent)) return;
        static_cast<void>(new LinkPtr(std::move(link)));
        has_left_one = true;
    }

    static bool drain_and_close(Link& link) {
        return natsConnection_DrainTimeout(link.nc, kDrainLimit.count()) == NATS_OK;
    }

    // What that does, but for the close, which is ours to do.
    bool drain(Link& link) {
        const std::lock_guard no_subscribe(setup);
        const auto until = steady_clock::now() + kDrainLimit;
        for (natsSubscription* s : link.subscriptions) natsSubscription_DrainTimeout(s, kDrainLimit.count());
        return std::ranges::all_of(link.subscriptions, [&](natsSubscription* s) {
            const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
            return natsSubscription_WaitForDrainCompletion(s, std::max<std::int64_t>(1, left.count())) == NATS_OK;
        });
    }

    void rest(int failures) {
        const double longest = std::min(5000.0, 100.0 * static_cast<double>(1u << std::min(failures, 8)));
        std::uniform_int_distribution<int> pick(20, static_cast<int>(longest));
        std::unique_lock lock(mutex);
        changed.wait_for(lock, milliseconds(pick(random)), [&] { return stopping; });
    }

    // --- callbacks of the library ------------------------------------------------------------------------------

    static void on_disconnected(natsConnection*, void* closure) {
        auto& link = *static_cast<Link*>(closure);
        if (link.state.counts(link)) link.state.set_down({});
    }

    static void on_reconnected(natsConnection* nc, void* closure) {
        auto& link = *static_cast<Link*>(closure);
        if (link.state.counts(link)) link.state.set_up(nc);
    }

    static void on_discovered(natsConnection* nc, void* closure) {
        static_cast<Link*>(closure)->state.remember_servers(nc);
    }

    // The last word about a connection: the link may be gone once the lock is released.
    static void on_closed(natsConnection* nc, void* closure) {
        auto& link = *static_cast<Link*>(closure);
        State& state = link.state;
        const char* text = nullptr;
        const natsStatus status = natsConnection_GetLastError(nc, &text);
        const std::lock_guard lock(state.mutex);
        if (link.end.empty() && status != NATS_OK) {
            const bool has_text = text != nullptr && *text != '\0';
            link.end = "NATS closed the connection: " + (has_text ? std::string(text) : status_text(status));
        }
        link.closed = true;
        state.changed.notify_all();
    }

    // The text of this error is the thread's; the connection has only its latest.
    static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
        auto& link = *static_cast<Link*>(closure);
        State& state = link.state;
        const char* last = nats_GetLastError(nullptr);
        const std::string text = last != nullptr && *last != '\0' ? last : status_text(status);
        if (status != NATS_NOT_PERMITTED) return state.set_trouble("NATS: " + text);
        const auto publish = denied_publish(text);
        {
            const std::lock_guard lock(state.mutex);
            state.trouble = "NATS server: " + text;
            if (publish) {
                state.denials.push_back({std::string(publish->subject), publish->whole, state.trouble});
                if (state.denials.size() > kMostDenials) state.denials.pop_front(), ++state.denials_gone;
            } else {
                link.denied = true;
                link.end = state.trouble;
            }
        }
        if (publish) return state.listener.publish_denied(*publish);
        state.changed.notify_all();
    }

    static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
        static_cast<Topic*>(closure)->on_message(take_over(message));
    }

    static void on_subscription_done(void* closure) {
        auto& link = *static_cast<Link*>(closure);
        State& state = link.state;
        const std::lock_guard lock(state.mutex);
        --link.delivering;
        state.changed.notify_all();
    }

    // --- shared ------------------------------------------------------------------------------------------------

    // Under `setup`. What fails here fails again at the next connection, or for ever where the server denies it; the
    // error callback tells.
    void subscribe_on(Link& link, Topic& topic) {
        natsSubscription* subscription = nullptr;
        if (natsConnection_Subscribe(&subscription, link.nc, topic.subject.c_str(), on_message, &topic) != NATS_OK)
            return;
        link.subscriptions.push_back(subscription);
        natsSubscription_SetPendingLimits(subscription, -1, -1);
        {
            const std::lock_guard lock(mutex);
            ++link.delivering;
        }
        if (natsSubscription_SetOnCompleteCB(subscription, on_subscription_done, &link) != NATS_OK)
            on_subscription_done(&link);
    }

    // Tells the listener of a change, in the order of the changes.
    void set_up(natsConnection* nc) {
        limit = static_cast<std::uint64_t>(natsConnection_GetMaxPayload(nc));
        remember_servers(nc);
        const std::lock_guard in_order(telling);
        bool is_news = false;
        {
            const std::lock_guard lock(mutex);
            if (stopping) return;
            up = true;
            down_since.reset();
            reasons.clear();
            is_news = !std::exchange(told_up, true);
        }
        changed.notify_all();
        if (is_news) listener.up();
    }

    void set_down(const std::string& why) {
        const std::lock_guard in_order(telling);
        bool is_news = false;
        {
            const std::lock_guard lock(mutex);
            if (stopping) return;
            up = false;
            if (!down_since) down_since = steady_clock::now();
            if (!why.empty()) trouble = why;
            is_news = std::exchange(told_up, false);
            if (!why.empty() && reasons.size() < kMostReasons) is_news = reasons.insert(why).second || is_news;
        }
        changed.notify_all();
        if (is_news) listener.down(why);
    }

    // Servers of the cluster that are not in the settings: the configured ones may be away when the others are not.
    void remember_servers(natsConnection* nc) {
        char** urls = nullptr;
        int count = 0;
        if (natsConnection_GetDiscoveredServers(nc, &urls, &count) != NATS_OK) return;
        std::vector<std::string> found;
        for (int i = 0; i < count; ++i) {
            if (found.size() < kMostDiscovered && is_server_url(urls[i])) found.emplace_back(urls[i]);
            std::free(urls[i]);
        }
        std::free(static_cast<void*>(urls));
        const std::lock_guard lock(mutex);
        discovered = std::move(found);
    }

    std::vector<std::string> known_servers() {
        const std::lock_guard lock(mutex);
        return discovered;
    }

    void set_trouble(std::string text) {
        const std::lock_guard lock(mutex);
        trouble = std::move(text);
    }

    std::uint64_t denials_so_far() {
        const std::lock_guard lock(mutex);
        return denials_gone + denials.size();
    }

    // What the server said about publishing to `subject`, if it said so after that many denials.
    std::optional<std::string> denied_since(std::uint64_t count, std::string_view subject) {
        const std::lock_guard lock(mutex);
        for (std::size_t i = count > denials_gone ? count - denials_gone : 0; i < denials.size(); ++i) {
            if (Denied{denials[i].subject, denials[i].whole}.means(subject)) return denials[i].text;
        }
        return {};
    }

    // What becomes of the link is what becomes of the connection: it is not one that is tried beside another, or let
    // go of.
    bool counts(const Link& link) {
        const std::lock_guard lock(mutex);
        return !link.replaced && (!current || current.get() == &link);
    }

    LinkPtr link_now() {
        const std::lock_guard lock(mutex);
        return current;
    }

    const settings::Nats nats;
    const std::string name;
    const Listener listener;
    const std::string inbox;
    const std::vector<std::string> watched;  // the files of the login
    std::atomic<std::uint64_t> limit{0};     // max_payload; 0 before the first connection

    std::mutex setup;  // topics and their subscriptions; taken before `mutex`
    std::vector<std::unique_ptr<Topic>> topics;
    std::mutex telling;  // taken before `mutex`

    std::mutex mutex;
    std::condition_variable changed;
    LinkPtr current;
    bool stopping = false;
    bool up = false;
    bool told_up = true;  // the first connection is no news, a failing first attempt is
    std::optional<steady_clock::time_point> down_since;
    std::set<std::string> reasons;  // told of since it went down
    std::vector<std::string> discovered;
    // The latest denials; before them came `denials_gone` more.
    struct Denial {
        std::string subject;
        bool whole = true;
        std::string text;
    };
    static constexpr std::size_t kMostDenials = 64;
    std::deque<Denial> denials;
    std::uint64_t denials_gone = 0;
    std::string trouble;

    std::binary_semaphore push_wanted{0};
    std::atomic<bool> push_asked{false};              // released and not acquired
    std::atomic<bool> written{false};                 // since the last push
    std::minstd_rand random{std::random_device{}()};  // the keeper's
    bool has_left_one = false;                        // a link whose last word never came; the keeper's
    std::thread keeper;
    std::thread pusher;
};

NatsConnection::NatsConnection(const settings::Nats& nats, std::string name, Listener listener)
    : state_(std::make_unique<State>(nats, std::move(name), std::move(listener))) {}

NatsConnection::~NatsConnection() {
    state_->stop();
    if (state_->has_left_one) static_cast<void>(state_.release());  // its last callback may still come
}

void NatsConnection::subscribe(const std::string& subject, OnMessage on_message) {
    const std::lock_guard no_install(state_->setup);
    state_->topics.push_back(std::make_unique<Topic>(Topic{subject, std::move(on_message)}));
    if (const auto link = state_->link_now()) state_->subscribe_on(*link, *state_->topics.back());
}

Result<void> NatsConnection::publish(const Outgoing& message) {
    const auto link = state_->link_now();
    if (!link) return fail(ErrorCode::unavailable, "not connected to NATS");
    if (auto fit = check_outgoing(message, state_->limit); !fit) return fit;
    auto sent = send(link->nc, message);
    if (!sent) {
        // It may have been replaced just now.
        const auto later = state_->link_now();
        if (later && later != link) sent = send(later->nc, message);
    }
    state_->written = true;
    return sent;
}

void NatsConnection::push() {
    if (state_->written.exchange(false)) state_->want_push();
}

Result<std::string> NatsConnection::request(const std::string& subject, std::string_view body, milliseconds timeout) {
    const auto link = state_->link_now();
    if (!link) return fail(ErrorCode::unavailable, "not connected to NATS");
    // JetStream's own API has filters, with their wildcards, in some of its subjects.
    if (!is_subject_or_filter(subject)) return fail(ErrorCode::invalid, "a request subject that may not leave");
    if (body.size() > state_->limit) return fail(ErrorCode::too_large, "a request over the server's limit");
    const std::uint64_t denials_before = state_->denials_so_far();
    natsMsg* reply = nullptr;
    const natsStatus status = natsConnection_Request(&reply, link->nc, subject.c_str(), body.data(),
                                                     static_cast<int>(body.size()), timeout.count());
    if (status == NATS_OK) {
        std::string answer(bytes_of(reply));
        natsMsg_Destroy(reply);
        return answer;
    }
    if (status == NATS_NO_RESPONDERS) {
        return fail(ErrorCode::misconfigured, "nobody answers on \"" + subject +
                                                  "\" (is JetStream enabled for this account, are nats.api_prefix and "
                                                  "nats.jetstream_domain right?)");
    }
    if (auto denial = state_->denied_since(denials_before, subject))
        return fail(ErrorCode::misconfigured, std::move(*denial));
    return fail(ErrorCode::unavailable, "request to \"" + subject + "\": " + status_text(status));
}

bool NatsConnection::wait_connected(milliseconds timeout) {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, timeout, [&] { return state_->up; });
}

std::optional<std::uint64_t> NatsConnection::max_payload() const {
    const std::uint64_t limit = state_->limit;
    return limit == 0 ? std::nullopt : std::optional(limit);
}

std::optional<std::string> NatsConnection::server_url() const {
    const auto link = state_->link_now();
    std::array<char, 512> url{};
    if (!link || natsConnection_GetConnectedUrl(link->nc, url.data(), url.size()) != NATS_OK) return {};
    return std::string(url.data());
}

std::string NatsConnection::trouble() const {
    const std::lock_guard lock(state_->mutex);
    return state_->trouble;
}

const std::string& NatsConnection::inbox() const { return state_->inbox; }

}  // namespace millrace::io
