#include "bridge/io/nats_jetstream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_answers.h"
#include "bridge/io/nats_bind.h"
#include "bridge/io/nats_find.h"
#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kConnectPatience{3000};
constexpr milliseconds kStopCheck{100};
// A stream whose leader is being elected has nobody to answer either; elections take up to nine seconds.
constexpr std::chrono::seconds kElection{12};
constexpr std::size_t kRemembered = 4096;
constexpr std::chrono::seconds kDenialsApart{1};

std::string_view header(const NatsMessage& message, std::string_view key) {
    const auto at = std::ranges::find(message.headers, key, &Header::first);
    return at == message.headers.end() ? std::string_view() : std::string_view(at->second);
}

int status_code(const NatsMessage& message) {
    const auto text = header(message, "Status");
    int code = 0;
    std::from_chars(text.data(), text.data() + text.size(), code);
    return message.payload.size() == 0 ? code : 0;
}

// The last publications sent and where they went: a denial names only the subject, and it is the only answer.
class SentSubjects {
  public:
    void add(StoreId id, const std::string& subject) {
        const std::lock_guard lock(mutex_);
        auto& slot = ring_[next_++ % ring_.size()];
        slot.first = id;
        slot.second = subject;
    }

    std::vector<StoreId> take(const Denied& denied) {
        std::vector<StoreId> ids;
        const std::lock_guard lock(mutex_);
        for (auto& [id, sent_to] : ring_) {
            if (sent_to.empty() || !denied.means(sent_to)) continue;
            ids.push_back(id);
            sent_to.clear();
        }
        return ids;
    }

  private:
    std::mutex mutex_;
    std::uint64_t next_ = 0;
    std::vector<std::pair<StoreId, std::string>> ring_ = std::vector<std::pair<StoreId, std::string>>(kRemembered);
};

// When publications began to find nobody who stores them.
class Silence {
  public:
    void over() {
        const std::lock_guard lock(mutex_);
        since_.reset();
    }

    bool outlasts(std::chrono::seconds time) {
        const auto now = steady_clock::now();
        const std::lock_guard lock(mutex_);
        if (!since_) since_ = now;
        return now - *since_ > time;
    }

  private:
    std::mutex mutex_;
    std::optional<steady_clock::time_point> since_;
};

}  // namespace

struct NatsJetStream::State {
    State(const settings::Nats& nats, const settings::Pipeline& of, Arrivals& to)
        : pipeline(of),
          arrivals(to),
          usable(check_nats_settings(nats)),
          pull_prefix(api_prefix(nats) + ".CONSUMER.MSG.NEXT."),
          connection_(std::make_unique<NatsConnection>(nats, "millrace " + of.name, listener())),
          connection(*connection_),
          admin(connection, nats),
          finder(connection, admin, pull_prefix, of.name),
          ack_inbox(connection.inbox() + ".ack") {
        connection.subscribe(ack_inbox + ".*", [this](NatsMessage&& message) { acknowledged(message); });
        worker = std::thread([this] { work(); });
    }

    ~State() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        finder.stop();  // a large stream takes minutes to read
        wanted.notify_all();
        worker.join();
        connection_.reset();  // no callback after this, and they use what stands below
    }

    NatsConnection::Listener listener() {
        return {.down = [this](const std::string& why) { arrivals.put(Disconnected{why}); },
                .up = [this] { arrivals.put(Reconnected{}); },
                .publish_denied = [this](const Denied& denied) { refused(denied); }};
    }

    // --- library threads ---------------------------------------------------------------------------------------

    // A denial is the only answer that a publication, a pull or an ack then gets.
    void refused(const Denied& denied) {
        const std::string text = "the server denies publishing to \"" + std::string(denied.subject) + "\"";
        for (const StoreId id : sent.take(denied)) refuse(id, ErrorCode::misconfigured, text, denied.whole);
        for (Partition p = 0; p < pipeline.partitions; ++p) {
            if (denied.means(pull_subject(p))) return unbound(p, text);
            if (const auto of = ack_tokens(p); denied.subject.starts_with("$JS.ACK.") && denied.subject.contains(of))
                return unbound(p, "the server denies publishing acks to \"$JS.ACK" + of + ">\"");
        }
    }

    // The partition cannot be worked on although its consumer is there. Acks are many: one word about them a second.
    void unbound(Partition partition, std::string why) {
        const auto now = steady_clock::now();
        auto& last = told_denied[partition];
        if (last != steady_clock::time_point{} && now - last < kDenialsApart) return;
        last = now;
        arrivals.put(BindFailed{partition, Error{ErrorCode::misconfigured, std::move(why)}});
    }

    void refuse(StoreId id, ErrorCode code, std::string text, bool surely) {
        Stored stored;
        stored.id = id;
        stored.error = Error{code, std::move(text)};
        stored.refused = surely;
        arrivals.put(std::move(stored));
    }

    void acknowledged(const NatsMessage& message) {
        const auto number = parse_number_token(message.subject, ack_inbox);
        if (!number) return;
        if (status_code(message) == 503) {
            const auto code = silence.outlasts(kElection) ? ErrorCode::misconfigured : ErrorCode::unavailable;
            return refuse(StoreId{*number}, code, "no stream stores the subject", true);
        }
        silence.over();
        arrivals.put(parse_pub_ack(StoreId{*number}, message.payload.bytes()));
    }

    // Status messages come on our inbox's own subject; a message of the stream keeps the publisher's.
    void pulled(Partition partition, std::uint32_t slot, NatsMessage&& message) {
        if (const auto token = parse_slot_token(message.subject, connection.inbox())) {
            const int code = status_code(message);
            if (code == 0) return;
            arrivals.put(PullStatus{partition, slot, token->number, code, std::string(header(message, "Description"))});
            return;
        }
        arrivals.put(ports::Message{partition, slot, std::move(message.subject), std::move(message.reply),
                                    std::move(message.headers), std::move(message.payload)});
    }

    // --- the worker's thread -----------------------------------------------------------------------------------

    using Job = std::variant<Partition, Find>;

    void work() {
        while (auto job = next_job()) {
            if (const auto* partition = std::get_if<Partition>(&*job)) {
                arrivals.put(bind_now(*partition));
            } else {
                arrivals.put(find_now(std::get<Find>(*job)));
            }
        }
    }

    std::optional<Job> next_job() {
        std::unique_lock lock(mutex);
        wanted.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) return {};
        Job job = std::move(jobs.front());
        jobs.pop_front();
        return job;
    }

    bool stop_wanted() {
        const std::lock_guard lock(mutex);
        return stopping;
    }

    Result<void> connected() {
        if (!usable) return usable;
        for (auto left = kConnectPatience; left > milliseconds(0) && !stop_wanted(); left -= kStopCheck) {
            if (connection.wait_connected(kStopCheck)) return {};
        }
        const auto why = connection.trouble();
        return fail(ErrorCode::unavailable, "not connected to NATS" + (why.empty() ? "" : ": " + why));
    }

    ports::JetStreamArrival bind_now(Partition partition) {
        if (auto ready = connected(); !ready) return BindFailed{partition, std::move(ready.error())};
        auto found = bind_partition(admin, pipeline, partition, connection.max_payload().value_or(0));
        if (!found) return BindFailed{partition, std::move(found.error())};
        if (bound_once.insert(partition).second) {
            for (std::uint32_t slot = 0; slot < kPullSlots; ++slot) {
                connection.subscribe(
                    slot_inbox(partition, slot) + ".*",
                    [this, partition, slot](NatsMessage&& message) { pulled(partition, slot, std::move(message)); });
            }
        }
        const std::lock_guard lock(mutex);
        outputs = std::move(found->outputs);
        return found->bound;
    }

    ports::JetStreamArrival find_now(const Find& find) {
        Found found;
        found.number = find.number;
        std::optional<OutputStreams> streams;
        {
            const std::lock_guard lock(mutex);
            streams = outputs;
        }
        if (!streams) {
            found.error = Error{ErrorCode::unavailable, "no partition is bound yet"};
        } else if (auto identities = finder.find(find, *streams)) {
            found.identities = std::move(*identities);
        } else {
            found.error = std::move(identities.error());
        }
        return found;
    }

    // --- the shard's thread ------------------------------------------------------------------------------------

    std::string pull_subject(Partition partition) const {
        return pull_prefix + pipeline.input.stream + "." + settings::consumer_name(pipeline, partition);
    }

    // What the subject of every ack of the partition contains, in the old form and the new one.
    std::string ack_tokens(Partition partition) const {
        return "." + pipeline.input.stream + "." + settings::consumer_name(pipeline, partition) + ".";
    }

    std::string slot_inbox(Partition partition, std::uint32_t slot) const {
        return connection.inbox() + "." + std::to_string(partition) + "." + std::to_string(slot);
    }

    void ask(Job job) {
        {
            const std::lock_guard lock(mutex);
            const auto* partition = std::get_if<Partition>(&job);
            const bool queued = partition != nullptr && std::ranges::any_of(jobs, [&](const Job& other) {
                                    const auto* same = std::get_if<Partition>(&other);
                                    return same != nullptr && *same == *partition;
                                });
            if (queued) return;
            jobs.push_back(std::move(job));
        }
        wanted.notify_one();
    }

    // A failed ack is a redelivery later, and Disconnected tells why.
    void settle(const std::string& ack_subject, std::string_view body) {
        (void)connection.publish({ack_subject, {}, nullptr, body});
    }

    Result<void> store(ports::Publication& publication) {
        OutputStream output;
        {
            const std::lock_guard lock(mutex);
            if (!outputs) return fail(ErrorCode::unavailable, "no partition is bound yet");
            output = (*outputs)[static_cast<std::size_t>(publication.output)];
        }
        if (const auto size = header_block_size(publication.headers) + publication.payload.size(); size > output.room) {
            return fail(ErrorCode::too_large, "a message of " + std::to_string(size) + " bytes is over the " +
                                                  std::to_string(output.room) + " that stream \"" + output.name +
                                                  "\" takes");
        }
        publication.headers.emplace_back("Nats-Expected-Stream", output.name);
        const auto number = static_cast<std::uint64_t>(publication.id);
        sent.add(publication.id, publication.subject);
        return connection.publish(
            {publication.subject, ack_inbox + "." + std::to_string(number), &publication.headers, publication.payload});
    }

    const settings::Pipeline& pipeline;
    Arrivals& arrivals;
    const Result<void> usable;
    const std::string pull_prefix;
    SentSubjects sent;
    Silence silence;
    std::map<Partition, steady_clock::time_point> told_denied;  // the library's callback thread's

    std::mutex mutex;
    std::condition_variable wanted;
    std::deque<Job> jobs;
    std::optional<OutputStreams> outputs;
    bool stopping = false;
    std::set<Partition> bound_once;  // the worker's

    std::unique_ptr<NatsConnection> connection_;
    NatsConnection& connection;
    NatsAdmin admin;
    NatsFinder finder;
    const std::string ack_inbox;
    std::thread worker;
};

NatsJetStream::NatsJetStream(const settings::Nats& nats, const settings::Pipeline& pipeline, Arrivals& arrivals)
    : state_(std::make_unique<State>(nats, pipeline, arrivals)) {}

NatsJetStream::~NatsJetStream() = default;

void NatsJetStream::bind(Partition partition) { state_->ask(partition); }

void NatsJetStream::pull(const PullRequest& request) {
    const std::string subject = state_->pull_subject(request.partition);
    const std::string reply =
        state_->slot_inbox(request.partition, request.slot) + "." + std::to_string(request.number);
    (void)state_->connection.publish({subject, reply, nullptr, pull_body(request)});
}

void NatsJetStream::ack(const std::string& ack_subject) { state_->settle(ack_subject, "+ACK"); }

void NatsJetStream::nak(const std::string& ack_subject, Duration delay) {
    state_->settle(ack_subject, nak_body(delay));
}

void NatsJetStream::in_progress(const std::string& ack_subject) { state_->settle(ack_subject, "+WPI"); }

void NatsJetStream::publish(ports::Publication publication) {
    auto stored = state_->store(publication);
    if (stored) return;
    Error& error = stored.error();
    // What may not leave was made wrong on our side, and would be made wrong again.
    const auto code = error.code == ErrorCode::invalid ? ErrorCode::misconfigured : error.code;
    // A write that failed may have reached the socket in part; whatever else stopped it here never left.
    state_->refuse(publication.id, code, std::move(error.text), error.code != ErrorCode::unavailable);
}

void NatsJetStream::find(const Find& find) { state_->ask(find); }

// libnats 3.4 has no call that writes its buffer to the socket without a PING and waiting for the PONG. Its flusher
// thread does so within a millisecond of the first byte, and a turn's writes leave together; the other choice, a write
// for each message (SendAsap), costs 8 us a message against 0.4 us.
void NatsJetStream::flush() {}

}  // namespace millrace::io
