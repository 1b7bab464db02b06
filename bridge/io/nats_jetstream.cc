#include "bridge/io/nats_jetstream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
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
#include "bridge/io/nats_position.h"
#include "bridge/io/nats_purge.h"
#include "bridge/io/nats_replies.h"
#include "bridge/io/nats_wire.h"
#include "bridge/settings/outputs.h"

namespace millrace::io {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kConnectPatience{3000};
constexpr milliseconds kStopCheck{100};
// A stream whose leader is being elected has nobody to answer either; elections take up to nine seconds.
constexpr std::chrono::seconds kElection{12};
constexpr std::chrono::seconds kDenialsApart{1};
constexpr std::string_view kNoLeader = "nobody answers for the stream";

}  // namespace

struct NatsJetStream::State {
    State(const settings::Nats& nats, const settings::Pipeline& of, Arrivals& to)
        : pipeline(of),
          arrivals(to),
          usable(check_nats_settings(nats)),
          api(api_prefix(nats) + "."),
          pull_prefix(api + "CONSUMER.MSG.NEXT."),
          connection_(std::make_unique<NatsConnection>(nats, "millrace " + of.name, listener())),
          connection(*connection_),
          admin(connection, nats),
          finder(connection, admin, pull_prefix, of.name),
          ack_inbox(connection.inbox() + ".ack"),
          post_inbox(connection.inbox() + ".post"),
          read_inbox(connection.inbox() + ".read"),
          purge_inbox(connection.inbox() + ".purge") {
        connection.subscribe(ack_inbox + ".*", [this](NatsMessage&& message) { acknowledged(message); });
        if (settings::has_shadow(pipeline) || settings::has_audit(pipeline))
            connection.subscribe(post_inbox + ".*", [this](NatsMessage&& message) { taken(message); });
        if (settings::is_owned(pipeline)) {
            connection.subscribe(read_inbox + ".*", [this](NatsMessage&& message) { was_read(message); });
            connection.subscribe(purge_inbox, [this](NatsMessage&& message) { purged(message); });
        }
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
                .publish_denied = [this](const Denied& denied) { refused(denied); },
                .told = [this](Note&& note) { arrivals.put(std::move(note)); }};
    }

    // --- library threads ---------------------------------------------------------------------------------------

    // A denial is the only answer that a publication, a pull or an ack then gets.
    void refused(const Denied& denied) {
        const std::string text = "the server denies publishing to \"" + std::string(denied.subject) + "\"";
        for (const auto id : sent.take(denied)) refuse(StoreId{id}, ErrorCode::misconfigured, text, denied.whole);
        for (const auto id : posted.take(denied)) refuse(StoreId{id}, ErrorCode::misconfigured, text, denied.whole);
        for (const auto number : asked.take(denied))
            arrivals.put(GotMessage{number, Error{ErrorCode::misconfigured, text}});
        if (denied.subject.starts_with(api + "STREAM.PURGE.")) return not_purged(text);
        for (Partition p = 0; p < pipeline.partitions; ++p) {
            const std::string consumer = consumer_of(p);
            if (consumer.empty()) continue;
            if (denied.means(pull_subject(consumer))) return unbound(p, text);
            if (const auto of = ack_tokens(consumer);
                denied.subject.starts_with("$JS.ACK.") && denied.subject.contains(of))
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

    // Of what was posted. That nobody stores it says nothing of the outputs.
    void taken(const NatsMessage& message) {
        const auto number = parse_number_token(message.subject, post_inbox);
        if (!number) return;
        if (status_code(message) == 503)
            return refuse(StoreId{*number}, ErrorCode::not_found, "no stream stores the subject", true);
        arrivals.put(parse_pub_ack(StoreId{*number}, message.payload.bytes()));
    }

    void was_read(const NatsMessage& message) {
        const auto number = parse_number_token(message.subject, read_inbox);
        if (!number) return;
        if (status_code(message) == 503) {
            arrivals.put(GotMessage{*number, Error{ErrorCode::unavailable, std::string(kNoLeader)}});
        } else {
            arrivals.put(parse_read(*number, message.payload.bytes()));
        }
    }

    void purged(const NatsMessage& message) {
        if (status_code(message) == 503) return not_purged(std::string(kNoLeader));
        if (const auto done = parse_success(message.payload.bytes()); !done) not_purged(done.error().text);
    }

    void not_purged(const std::string& why) {
        arrivals.put(Note{Level::warning, "state_not_purged", "old state stays for now: " + why});
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

    using OutputsPtr = std::shared_ptr<const OutputStreams>;  // replaced as a whole
    using Job = std::variant<Partition, Look, Position, Find, Read, Purge>;
    using Answer = std::optional<ports::JetStreamArrival>;  // nothing: it comes by itself

    void work() {
        for (auto job = next_job(); !job.empty(); job = next_job()) {
            auto answer = std::visit([this](const auto& what) -> Answer { return now(what); }, job.front());
            if (answer) arrivals.put(*std::move(answer));
        }
    }

    // One job, or none any more. Old state is deleted when there is nothing else to do.
    std::list<Job> next_job() {
        std::unique_lock lock(mutex);
        wanted.wait(lock, [this] { return stopping || !jobs.empty() || !old_state.empty(); });
        if (stopping) return {};
        std::list<Job> job;
        if (jobs.empty()) {
            job.emplace_back(Purge{old_state.begin()->first, old_state.begin()->second});
            old_state.erase(old_state.begin());
        } else {
            job.splice(job.begin(), jobs, jobs.begin());
        }
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

    ports::JetStreamArrival now(Partition partition) {
        return now(partition, {}, [&](auto limit) { return bind_partition(admin, pipeline, partition, limit); });
    }
    ports::JetStreamArrival now(const Look& look) {
        return now(look.partition, {}, [&](auto limit) { return look_at_partition(admin, pipeline, look, limit); });
    }
    ports::JetStreamArrival now(const Position& position) {
        return now(position.partition, position,
                   [&](auto limit) { return position_partition(admin, pipeline, position, limit); });
    }

    template <typename Walk>
    ports::JetStreamArrival now(Partition partition, std::optional<Position> position, Walk walk) {
        if (auto ready = connected(); !ready) return BindFailed{partition, std::move(ready.error()), position};
        auto found = walk(connection.max_payload().value_or(0));
        if (!found) return BindFailed{partition, std::move(found.error()), position};
        if (bound_once.insert(partition).second) {
            for (std::uint32_t slot = 0; slot < kPullSlots; ++slot) {
                connection.subscribe(
                    slot_inbox(partition, slot) + ".*",
                    [this, partition, slot](NatsMessage&& message) { pulled(partition, slot, std::move(message)); });
            }
        }
        const std::lock_guard lock(mutex);
        outputs = std::make_shared<OutputStreams>(std::move(found->outputs));
        if (position) positioned[partition] = settings::consumer_name(pipeline, *position);
        return std::move(found->bound);
    }

    // The first read of the state or of an output, before anything was looked at: where is it?
    Answer now(const Read& read) {
        if (auto ready = connected(); !ready) return GotMessage{read.number, std::move(ready.error())};
        auto found = find_outputs(admin, pipeline, connection.max_payload().value_or(0));
        if (!found) return GotMessage{read.number, std::move(found.error())};
        {
            const std::lock_guard lock(mutex);
            outputs = std::make_shared<OutputStreams>(std::move(found->streams));
        }
        if (auto sent_now = this->read(read); !sent_now) return GotMessage{read.number, std::move(sent_now.error())};
        connection.push();
        return {};
    }

    ports::JetStreamArrival now(const Find& find) {
        Found found;
        OutputsPtr streams;
        {
            const std::lock_guard lock(mutex);
            streams = outputs;
        }
        if (!streams) {
            found.error = Error{ErrorCode::unavailable, "no partition is bound yet"};
        } else if (auto all = finder.find(find, *streams)) {
            found = std::move(*all);
        } else {
            found.error = std::move(all.error());
        }
        found.number = find.number;
        return found;
    }

    Answer now(const Purge& purge) {
        const auto state = stream_of(Output::state);
        if (!state) return {};
        const auto wanted_elsewhere = [this] {
            const std::lock_guard lock(mutex);
            return stopping || !jobs.empty();
        };
        for (const std::string& filter : state_filters(purge.partition)) {
            const auto deleted = delete_below(admin, (*state)->name, filter, purge.below, wanted_elsewhere);
            if (!deleted) not_purged(deleted.error().text);
            if (deleted && !*deleted) delete_later(purge);
        }
        return {};
    }

    void delete_later(const Purge& purge) {
        {
            const std::lock_guard lock(mutex);
            auto& below = old_state[purge.partition];
            below = std::max(below, purge.below);
        }
        wanted.notify_one();
    }

    // --- the shard's thread ------------------------------------------------------------------------------------

    // Empty where the partition has no position yet.
    std::string consumer_of(Partition partition) {
        if (!settings::is_owned(pipeline)) return settings::consumer_name(pipeline, partition);
        const std::lock_guard lock(mutex);
        const auto found = positioned.find(partition);
        return found == positioned.end() ? std::string() : found->second;
    }

    std::string pull_subject(const std::string& consumer) const {
        return pull_prefix + pipeline.input.stream + "." + consumer;
    }

    // What the subject of every ack of the consumer contains, in the old form and the new one.
    std::string ack_tokens(const std::string& consumer) const {
        return "." + pipeline.input.stream + "." + consumer + ".";
    }

    std::string slot_inbox(Partition partition, std::uint32_t slot) const {
        return connection.inbox() + "." + std::to_string(partition) + "." + std::to_string(slot);
    }

    void ask(Job job) {
        {
            const std::lock_guard lock(mutex);
            if (std::ranges::find(jobs, job) != jobs.end()) return;  // one answer serves both
            jobs.push_back(std::move(job));
        }
        wanted.notify_one();
    }

    // A failed ack is a redelivery later, and Disconnected tells why.
    void settle(const std::string& ack_subject, std::string_view body) {
        (void)connection.publish({ack_subject, {}, nullptr, body});
    }

    // `unavailable` while nothing was looked at yet.
    Result<std::shared_ptr<const OutputStream>> stream_of(Output output) {
        const std::lock_guard lock(mutex);
        if (!outputs) return fail(ErrorCode::unavailable, "no partition is bound yet");
        if (index(output) >= outputs->size() || (*outputs)[index(output)].name.empty())
            return fail(ErrorCode::misconfigured, "the pipeline has no such output");
        return std::shared_ptr<const OutputStream>(outputs, &(*outputs)[index(output)]);
    }

    std::string ack_reply(StoreId id) const { return ack_inbox + "." + std::to_string(static_cast<std::uint64_t>(id)); }

    // Sends it, with `more` and what JetStream is to know of it as further headers. Room is kept for these.
    Result<void> store(ports::Publication& publication, const std::string& reply, std::vector<Header> more = {}) {
        const auto found = stream_of(publication.output);
        if (!found) return std::unexpected(found.error());
        const OutputStream& output = **found;
        if (const auto size = header_block_size(publication.headers) + publication.payload.size(); size > output.room) {
            return fail(ErrorCode::too_large, "a message of " + std::to_string(size) + " bytes is over the " +
                                                  std::to_string(output.room) + " that stream \"" + output.name +
                                                  "\" takes");
        }
        std::ranges::move(more, std::back_inserter(publication.headers));
        publication.headers.emplace_back("Nats-Expected-Stream", output.name);
        if (const auto& expected = publication.expected_last_subject_sequence)
            publication.headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*expected));
        sent.add(static_cast<std::uint64_t>(publication.id), publication.subject);
        return connection.publish({publication.subject, reply, &publication.headers, publication.payload});
    }

    Result<void> post(const ports::Publication& publication) {
        const auto id = static_cast<std::uint64_t>(publication.id);
        posted.add(id, publication.subject);
        return connection.publish(
            {publication.subject, post_inbox + "." + std::to_string(id), &publication.headers, publication.payload});
    }

    // An atomic batch (ADR-50): what is numbered under one id is stored with the last of it, if all of it came. What
    // fails on the way leaves a gap, and the server forgets the rest in seconds.
    Result<void> store_together(std::vector<ports::Publication>& batch) {
        const std::string id = connection.inbox().substr(connection.inbox().rfind('.') + 1) + "-" +
                               std::to_string(static_cast<std::uint64_t>(batch.back().id));
        std::size_t number = 0;
        for (ports::Publication& each : batch) {
            std::vector<Header> place = {{"Nats-Batch-Id", id}, {"Nats-Batch-Sequence", std::to_string(++number)}};
            const bool last = number == batch.size();
            if (last) place.emplace_back("Nats-Batch-Commit", "1");
            if (auto stored = store(each, last ? ack_reply(each.id) : std::string(), std::move(place)); !stored)
                return stored;
        }
        return {};
    }

    void not_sent(StoreId id, Error error) {
        // What may not leave was made wrong on our side, and would be made wrong again.
        const auto code = error.code == ErrorCode::invalid ? ErrorCode::misconfigured : error.code;
        // A write that failed may have reached the socket in part; whatever else stopped it here never left.
        refuse(id, code, std::move(error.text), error.code != ErrorCode::unavailable);
    }

    Result<void> read(const Read& read) {
        std::string stream = pipeline.input.stream;
        std::string subject = read.subject;
        if (read.from != Read::From::input) {
            const auto output = stream_of(read.from == Read::From::state ? Output::state : read.output);
            if (!output && output.error().code == ErrorCode::unavailable) {
                ask(read);
                return {};
            }
            if (!output) return std::unexpected(output.error());
            stream = (*output)->name;
            if (subject.empty() && read.from == Read::From::output) subject = (*output)->filter;
        }
        if (subject.empty() && read.from == Read::From::state)
            subject = settings::state_subject(pipeline, read.partition);
        if (subject.empty()) subject = input_filter(pipeline, read.partition).value_or("");
        const std::string to = api + "STREAM.MSG.GET." + stream;
        asked.add(read.number, to);
        return connection.publish({to, read_inbox + "." + std::to_string(read.number), nullptr,
                                   read_body(read.which, read.sequence, subject)});
    }

    // The heads, and the parts below them.
    std::array<std::string, 2> state_filters(Partition partition) const {
        const std::string heads = settings::state_subject(pipeline, partition);
        return {heads, heads + ".>"};
    }

    void purge(const Purge& purge) {
        const auto state = stream_of(Output::state);
        if (!state) return;
        if (!(*state)->may_purge) return delete_later(purge);
        for (const std::string& filter : state_filters(purge.partition)) {
            const auto sent_now = connection.publish(
                {api + "STREAM.PURGE." + (*state)->name, purge_inbox, nullptr, purge_body(filter, purge.below)});
            if (!sent_now) return not_purged(sent_now.error().text);
        }
    }

    const settings::Pipeline& pipeline;
    Arrivals& arrivals;
    const Result<void> usable;
    const std::string api;  // what API subjects begin with
    const std::string pull_prefix;
    SentSubjects sent;    // publications, by StoreId
    SentSubjects posted;  // by StoreId
    SentSubjects asked;   // reads, by number
    Silence silence;
    std::map<Partition, steady_clock::time_point> told_denied;  // the library's callback thread's

    std::mutex mutex;
    std::condition_variable wanted;
    std::list<Job> jobs;
    std::map<Partition, std::uint64_t> old_state;  // to be deleted, below that sequence
    OutputsPtr outputs;                            // null while nothing was looked at yet
    std::map<Partition, std::string> positioned;   // the consumers of owned partitions
    bool stopping = false;
    std::set<Partition> bound_once;  // the worker's

    std::unique_ptr<NatsConnection> connection_;
    NatsConnection& connection;
    NatsAdmin admin;
    NatsFinder finder;
    const std::string ack_inbox;
    const std::string post_inbox;
    const std::string read_inbox;
    const std::string purge_inbox;
    std::thread worker;
};

NatsJetStream::NatsJetStream(const settings::Nats& nats, const settings::Pipeline& pipeline, Arrivals& arrivals)
    : state_(std::make_unique<State>(nats, pipeline, arrivals)) {}

NatsJetStream::~NatsJetStream() = default;

void NatsJetStream::bind(Partition partition) { state_->ask(partition); }
void NatsJetStream::look(const Look& look) { state_->ask(look); }
void NatsJetStream::position(const Position& position) { state_->ask(position); }
void NatsJetStream::purge(const Purge& purge) { state_->purge(purge); }

void NatsJetStream::read(const Read& read) {
    auto sent = state_->read(read);
    if (!sent) state_->arrivals.put(GotMessage{read.number, std::move(sent.error())});
}

void NatsJetStream::pull(const PullRequest& request) {
    const std::string consumer = state_->consumer_of(request.partition);
    if (consumer.empty()) return;
    const std::string subject = state_->pull_subject(consumer);
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
    auto stored = state_->store(publication, state_->ack_reply(publication.id));
    if (!stored) state_->not_sent(publication.id, std::move(stored.error()));
}

void NatsJetStream::post(ports::Publication publication) {
    auto sent = state_->post(publication);
    if (!sent) state_->not_sent(publication.id, std::move(sent.error()));
}

void NatsJetStream::publish_together(std::vector<ports::Publication> publications) {
    auto stored = state_->store_together(publications);
    if (!stored) state_->not_sent(publications.back().id, std::move(stored.error()));
}

void NatsJetStream::find(const Find& find) { state_->ask(find); }

void NatsJetStream::flush() { state_->connection.push(); }

}  // namespace millrace::io
