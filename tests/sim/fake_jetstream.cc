#include "tests/sim/fake_jetstream.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "bridge/codec/result_batch.h"
#include "bridge/settings/outputs.h"
#include "subjects/identity.h"
#include "subjects/subject_template.h"

namespace millrace::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kSentBeforeCut = 0.5;  // a message on the link when it is cut still reaches the server
constexpr double kKeptWhileDown = 0.3;  // a publication made while disconnected is kept and sent later
constexpr std::string_view kSequenceHeader = "Millrace-Input-Sequence";
constexpr std::string_view kPipelineHeader = "Millrace-Pipeline";
// What the door adds at most to what is compared and set.
constexpr std::string_view kAddedToCompared =
    "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 18446744073709551615\r\n\r\n";

std::string ack_subject(std::string_view stream, const Delivered& delivered, const StoredMessage& message) {
    std::string subject = "$JS.ACK.";
    subject.append(stream).append(".").append(delivered.consumer);
    const auto stored = static_cast<std::uint64_t>(message.stored_at.time_since_epoch().count());
    for (const auto part :
         {delivered.count, delivered.stream_sequence, delivered.consumer_sequence, stored, delivered.pending}) {
        subject.append(".").append(std::to_string(part));
    }
    return subject;
}

Unstored on_the_wire(const ports::Publication& publication) {
    Unstored message{publication.subject, publication.headers, publication.payload};
    if (const auto& expected = publication.expected_last_subject_sequence)
        message.headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*expected));
    return message;
}

std::string filter_of(const std::string& subject, settings::Pipeline const& pipeline, Partition partition) {
    const auto parsed = subjects::SubjectTemplate::parse(subject, subjects::Use::input);
    if (!parsed) return subject;
    return pipeline.partitions > 1 ? parsed->filter(partition) : parsed->filter();
}

// Of an output, for all partitions and tenants.
std::string filter_of(const std::string& subject) {
    const auto parsed = subjects::SubjectTemplate::parse(subject, subjects::Use::input);
    return parsed ? parsed->filter() : subject;
}

// What the real door refuses a state stream for.
std::string unfit_for_state(const StreamConfig& stream) {
    if (stream.retention != "limits") return "retention";
    if (stream.max_age > Duration::zero()) return "max_age";
    if (stream.max_msgs_per_subject > 0) return "max_msgs_per_subject";
    return stream.discard == "new" ? "" : "discard";
}

ConsumerConfig consumer_config(const settings::Pipeline& pipeline, Partition partition) {
    ConsumerConfig config;
    config.name = settings::consumer_name(pipeline, partition);
    config.filter = filter_of(pipeline.input.subject, pipeline, partition);
    config.ack_wait = pipeline.input.ack_wait;
    config.max_ack_pending = settings::effective_max_ack_pending(pipeline);
    if (const auto* sequence = std::get_if<std::uint64_t>(&pipeline.input.start)) config.start_sequence = *sequence;
    if (const auto* time = std::get_if<ServerTime>(&pipeline.input.start)) config.start_time = *time;
    return config;
}

bool is_wanted(const StoredMessage& message, const settings::Pipeline& pipeline, const Find& find) {
    const auto text = header_value(message.headers, kSequenceHeader);
    if (header_value(message.headers, kPipelineHeader) != pipeline.name) return false;
    if (!text) return true;  // an aggregate tells of no single input
    std::uint64_t sequence = 0;
    std::from_chars(text->data(), text->data() + text->size(), sequence);
    return sequence > find.input_above && sequence <= find.input_to;
}

// The sequence it would begin with; the stream ends before what is stored next.
std::uint64_t first_of(const ConsumerConfig& config, const SimStream& stream) {
    std::uint64_t first = config.start_sequence;
    if (config.start_time) {
        first = 1;
        while (first <= stream.last_sequence() && stream.at(first).stored_at < *config.start_time) ++first;
    }
    return std::clamp(first, std::max<std::uint64_t>(1, stream.first_sequence()), stream.last_sequence() + 1);
}

void fill_consumer(Bound& bound, const SimConsumer& consumer) {
    bound.ack_floor = consumer.ack_floor();
    bound.delivered_sequence = consumer.delivered_sequence();
    bound.ack_pending = consumer.ack_pending();
    bound.ack_wait = consumer.config().ack_wait;
    bound.max_deliver = consumer.config().max_deliver;
    bound.max_ack_pending = consumer.config().max_ack_pending;
}

}  // namespace

SimJetStream::SimJetStream(Parts parts)
    : parts_(std::move(parts)),
      random_(parts_.seed, "link " + parts_.name),
      outputs_(settings::outputs(parts_.pipeline)),
      owners_random_(parts_.seed, "owner's link " + parts_.name),
      client_(parts_.server.connect(*this)) {
    if (!parts_.server.up()) cut();
}

void SimJetStream::bind(Partition partition) {
    if (!parts_.gate.pass()) return;
    ask(partition, {}, [this, partition] { return look_up(partition); });
}

void SimJetStream::look(const Look& look) {
    if (!parts_.gate.pass()) return;
    ask(look.partition, {}, [this, look] { return look_at(look); });
}

void SimJetStream::position(const Position& position) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "position " + settings::consumer_name(parts_.pipeline, position) + " at " +
                                       std::to_string(position.start_sequence));
    watch_.positioning(position);
    ask(position.partition, position, [this, position] { return take_position(position); });
}

void SimJetStream::ask(Partition partition, std::optional<Position> position, std::function<Result<Bound>()> walk) {
    const auto refuse = [this, partition, position] {
        tell([partition, position] {
            return BindFailed{partition, Error{ErrorCode::unavailable, "no answer from JetStream"}, position};
        });
    };
    if (!connected_ || random_.chance(parts_.faults.fail_bind)) {
        parts_.trace.fault("bind failed", parts_.name);
        return parts_.scheduler.after(seconds(2), refuse);
    }
    out(0, "bind", [this, partition, position, walk = std::move(walk)] {
        in(0, "bound", [this, partition, position, found = walk()]() -> ports::JetStreamArrival {
            if (!found) return BindFailed{partition, found.error(), position};
            if (position) positioned_[partition] = settings::consumer_name(parts_.pipeline, *position);
            return *found;
        });
    });
}

// The streams as they are now, and nothing of a consumer.
Result<Bound> SimJetStream::streams(Partition partition) {
    auto& server = parts_.server;
    const auto& pipeline = parts_.pipeline;
    if (!server.has_leader()) return fail(ErrorCode::unavailable, "no leader");
    const auto* stream = server.stream(pipeline.input.stream);
    if (stream == nullptr) return fail(ErrorCode::not_found, "stream '" + pipeline.input.stream + "' does not exist");
    if (settings::is_owned(pipeline) && stream->config().retention != "limits")
        return fail(ErrorCode::misconfigured, "stream '" + pipeline.input.stream + "' drops what is read");
    Bound bound;
    bound.partition = partition;
    bound.duplicate_window = Duration::max();
    bound.max_input = stream->config().max_message;
    bound.output_last_sequence.assign(settings::output_slots(pipeline), 0);
    bound.together.assign(settings::output_slots(pipeline), false);
    const auto* home =
        server.stream_of_subject(filter_of(settings::is_owned(pipeline) ? settings::state_subject(pipeline, 0) : ""));
    for (const auto& row : outputs_) {
        const auto filter = filter_of(row.subject);
        const auto* behind = server.stream_of_subject(filter);
        if (behind == nullptr) return fail(ErrorCode::not_found, "no stream has the subject '" + filter + "'");
        bound.output_last_sequence[index(row.output)] = behind->last_sequence();
        bound.together[index(row.output)] = behind == home && behind->config().allow_atomic;
        const bool compared =
            row.output == Output::state || is_summary(row.output) || (row.output == Output::result && pipeline.ordered);
        const auto added = compared ? kAddedToCompared.size() : 0;
        bound.max_payload = std::min(bound.max_payload, behind->config().max_message - added);
        if (is_summary(row.output)) continue;
        if (row.output != Output::state) {
            bound.duplicate_window = std::min(bound.duplicate_window, behind->config().duplicate_window);
        } else if (const auto why = unfit_for_state(behind->config()); !why.empty()) {
            return fail(ErrorCode::misconfigured, "state stream '" + behind->config().name + "': " + why);
        }
    }
    bound.stream_created = stream->created();
    bound.input_first_sequence = stream->first_sequence();
    bound.input_last_sequence = stream->last_sequence();
    bound.server_now = parts_.scheduler.server_now();
    bound.oldest_unacked = bound.server_now;
    return bound;
}

Result<Bound> SimJetStream::look_at(const Look& look) {
    auto bound = streams(look.partition);
    if (!bound) return bound;
    auto config = consumer_config(parts_.pipeline, look.partition);
    const auto* stream = parts_.server.stream(parts_.pipeline.input.stream);
    if (std::holds_alternative<settings::StartNew>(parts_.pipeline.input.start))
        config.start_sequence = stream->last_sequence() + 1;
    if (config.start_time) *config.start_time -= look.before;
    bound->start_sequence = first_of(config, *stream);
    for (const auto* consumer : parts_.server.consumers()) {
        constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
        if (settings::is_earlier_consumer(parts_.pipeline, {look.partition, kLast, kLast, 0}, consumer->config().name))
            bound->ack_floor = std::max(bound->ack_floor, consumer->ack_floor());
    }
    return bound;
}

Result<Bound> SimJetStream::take_position(const Position& position) {
    auto bound = streams(position.partition);
    if (!bound) return bound;
    auto& server = parts_.server;
    const auto& input = parts_.pipeline.input;
    auto config = consumer_config(parts_.pipeline, position.partition);
    config.name = settings::consumer_name(parts_.pipeline, position);
    config.ack_policy = "all";
    config.ack_wait = std::chrono::hours(1);
    config.start_sequence = position.start_sequence;
    config.start_time.reset();
    if (server.consumer(input.stream, config.name) != nullptr)
        return fail(ErrorCode::conflict, "consumer '" + config.name + "' is there already");
    const auto& made = server.add_consumer(input.stream, std::move(config));
    std::vector<std::string> earlier;
    for (const auto* consumer : server.consumers()) {
        if (settings::is_earlier_consumer(parts_.pipeline, position, consumer->config().name))
            earlier.push_back(consumer->config().name);
    }
    for (const auto& name : earlier) server.delete_consumer(input.stream, name);
    bound->position = position;
    fill_consumer(*bound, made);
    return bound;
}

Result<Bound> SimJetStream::look_up(Partition partition) {
    auto found = streams(partition);
    if (!found) return found;
    auto& bound = *found;
    auto& server = parts_.server;
    const auto& pipeline = parts_.pipeline;
    const auto* stream = server.stream(pipeline.input.stream);
    auto config = consumer_config(pipeline, partition);
    if (std::holds_alternative<settings::StartNew>(pipeline.input.start))
        config.start_sequence = stream->last_sequence() + 1;
    const auto filter = config.filter;
    const auto& consumer = server.add_consumer(pipeline.input.stream, std::move(config));
    if (consumer.config().filter != filter || consumer.config().ack_policy != "explicit") {
        return fail(ErrorCode::misconfigured, "consumer '" + consumer.config().name + "' has filter '" +
                                                  consumer.config().filter + "' and ack policy '" +
                                                  consumer.config().ack_policy + "'");
    }
    fill_consumer(bound, consumer);
    if (consumer.last_active() && !server.forgetful()) {
        bound.idle_for = std::max(Duration::zero(), bound.server_now - *consumer.last_active());
    }
    const auto oldest = consumer.oldest_unacked();
    if (oldest) bound.oldest_unacked = stream->at(*oldest).stored_at;
    return found;
}

std::string SimJetStream::consumer_of(Partition partition) const {
    if (!settings::is_owned(parts_.pipeline)) return settings::consumer_name(parts_.pipeline, partition);
    const auto found = positioned_.find(partition);
    return found == positioned_.end() ? std::string() : found->second;
}

void SimJetStream::pull(const PullRequest& request) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name,
                      "pull " + std::to_string(request.batch) + " on " + std::to_string(request.partition));
    out(parts_.faults.lose_pull, "pull", [this, request, consumer = consumer_of(request.partition)] {
        parts_.server.pull(client_, parts_.pipeline.input.stream, consumer, request);
    });
}

void SimJetStream::ack(const std::string& subject) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "ack " + subject);
    watch_.acking(subject);
    out(parts_.faults.lose_ack, "ack", [this, subject] { parts_.server.answer_delivery(subject, "+ACK"); });
}

void SimJetStream::nak(const std::string& subject, Duration delay) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "nak " + subject);
    watch_.naking(subject);
    const auto body = delay > Duration::zero() ? "-NAK {\"delay\":" + std::to_string(delay.count()) + "}" : "-NAK";
    out(parts_.faults.lose_ack, "nak", [this, subject, body] { parts_.server.answer_delivery(subject, body); });
}

void SimJetStream::in_progress(const std::string& subject) {
    if (!parts_.gate.pass()) return;
    watch_.progressed(subject);
    out(parts_.faults.lose_progress, "in-progress",
        [this, subject] { parts_.server.answer_delivery(subject, "+WPI"); });
}

void SimJetStream::publish(ports::Publication publication) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "publish " + publication.subject + " " +
                                       std::string(header_value(publication.headers, "Nats-Msg-Id").value_or("-")));
    watch_.publishing(publication);
    if (std::ranges::find(outputs_, publication.output, &settings::OutputRow::output) == outputs_.end()) {
        return tell([id = publication.id] {
            return Stored{id, Error{ErrorCode::misconfigured, "the pipeline has no such output"}, true};
        });
    }
    const auto copies = random_.chance(parts_.faults.double_publish) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        out(parts_.faults.lose_publish, "publish", [this, publication] { land(publication); });
    }
}

// At the server: the PubAck takes the way back by itself.
void SimJetStream::land(const ports::Publication& publication) {
    auto wire = on_the_wire(publication);
    const auto ack =
        parts_.server.publish_by_client(std::move(wire.subject), std::move(wire.headers), std::move(wire.payload));
    if (ack) tell_stored(publication.id, *ack, publication.expected_last_subject_sequence.has_value());
}

void SimJetStream::tell_stored(StoreId id, const PubAck& ack, bool may_double) {
    const auto copies = may_double && owners_random_.chance(parts_.faults.double_answer) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        in(parts_.faults.lose_puback, "puback",
           [id, ack] { return Stored{id, ack.error, ack.error.has_value(), ack.sequence, ack.duplicate}; });
    }
}

// Several messages of which one is lost are a batch with a gap, of which nothing is stored and nobody hears.
void SimJetStream::publish_together(std::vector<ports::Publication> publications) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "publish " + std::to_string(publications.size()) + " together, the last one " +
                                       publications.back().subject);
    watch_.publishing_together(publications);
    std::vector<Unstored> batch;
    std::ranges::transform(publications, std::back_inserter(batch), on_the_wire);
    out(parts_.faults.lose_publish, "publish", [this, id = publications.back().id, batch = std::move(batch)] {
        if (const auto ack = parts_.server.publish_together_by_client(batch)) tell_stored(id, *ack, true);
    });
}

// What is lost on the way nobody misses.
void SimJetStream::post(ports::Publication publication) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "post " + publication.subject);
    out(parts_.faults.lose_publish, "post", [this, publication = std::move(publication)]() mutable {
        const auto ack = parts_.server.publish_by_client(std::move(publication.subject), std::move(publication.headers),
                                                         std::move(publication.payload));
        if (ack) tell_stored(publication.id, *ack, false);
    });
}

void SimJetStream::read(const Read& read) {
    if (!parts_.gate.pass()) return;
    watch_.reading(read);
    const auto lost = [this] { return owners_random_.chance(parts_.faults.lose_read) ? 1.0 : 0.0; };
    const bool stale = owners_random_.chance(parts_.faults.stale_read);
    const int copies = owners_random_.chance(parts_.faults.double_answer) ? 2 : 1;
    out(lost(), "read", [this, read, stale, copies, lost] {
        const auto got = look_for(read, stale);
        for (int copy = 0; copy < copies; ++copy) in(lost(), "message", [got] { return got; });
    });
}

GotMessage SimJetStream::look_for(const Read& read, bool stale) {
    GotMessage got{read.number, {}, {}};
    const auto& pipeline = parts_.pipeline;
    auto subject = read.subject;
    const SimStream* stream = nullptr;
    if (read.from == Read::From::input) {
        stream = parts_.server.stream(pipeline.input.stream);
        if (subject.empty()) subject = filter_of(pipeline.input.subject, pipeline, read.partition);
    } else if (read.from == Read::From::state) {
        const auto heads = settings::state_subject(pipeline, read.partition);
        stream = parts_.server.stream_of_subject(heads);
        if (subject.empty()) subject = heads;
    } else {
        const auto row = std::ranges::find(outputs_, read.output, &settings::OutputRow::output);
        if (row == outputs_.end()) {
            got.error = Error{ErrorCode::misconfigured, "the pipeline has no such output"};
            return got;
        }
        stream = parts_.server.stream_of_subject(filter_of(row->subject));
        if (subject.empty()) subject = filter_of(row->subject);
    }
    if (stream == nullptr || !parts_.server.has_leader()) {
        got.error = Error{ErrorCode::unavailable, "nobody answers for the stream"};
        return got;
    }
    const StoredMessage* found = nullptr;
    if (read.which == Read::Which::last) found = stream->last(subject);
    if (read.which == Read::Which::at) found = stream->message(read.sequence);
    if (read.which == Read::Which::next) found = stream->next(subject, read.sequence);
    // It knows everything but the stream's last message.
    if (stale && found != nullptr && found->sequence == stream->last_sequence()) {
        parts_.trace.fault("stale read", parts_.name);
        found = nullptr;
        for (auto at = stream->last_sequence() - 1; at > 0 && read.which == Read::Which::last && !found; --at) {
            const auto* before = stream->message(at);
            if (before != nullptr && subject_matches(subject, before->subject)) found = before;
        }
    }
    if (found != nullptr)
        got.message = {found->sequence, found->stored_at, found->subject, found->headers, found->payload};
    return got;
}

void SimJetStream::purge(const Purge& purge) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name, "purge below " + std::to_string(purge.below));
    watch_.purging(purge);
    out(owners_random_.chance(parts_.faults.lose_purge) ? 1.0 : 0.0, "purge", [this, purge] {
        const auto heads = settings::state_subject(parts_.pipeline, purge.partition);
        auto* stream = parts_.server.stream_of_subject(heads);
        if (stream == nullptr || !parts_.server.has_leader()) return;
        stream->purge(heads, purge.below);
        stream->purge(heads + ".>", purge.below);
    });
}

void SimJetStream::find(const Find& find) {
    if (!parts_.gate.pass()) return;
    watch_.finding(find);
    if (!connected_ || random_.chance(parts_.faults.fail_find)) {
        parts_.trace.fault("find failed", parts_.name);
        const auto number = find.number;
        return parts_.scheduler.after(seconds(2), [this, number] {
            tell([number] { return Found{number, {}, Error{ErrorCode::unavailable, "no answer from JetStream"}}; });
        });
    }
    out(0, "find", [this, find] { in(0, "found", [found = search(find)] { return found; }); });
}

Found SimJetStream::search(const Find& find) {
    Found found{find.number, {}, {}};
    if (!parts_.server.has_leader()) found.error = Error{ErrorCode::unavailable, "no leader"};
    if (found.error) return found;
    std::set<Identity> seen;
    for (const auto& row : outputs_) {
        const auto output = index(row.output);
        if (row.output == Output::state || is_summary(row.output) ||
            (find.from_sequence && output >= find.from_sequence->size()))
            continue;
        const auto filter = filter_of(row.subject);
        const auto* stream = parts_.server.stream_of_subject(filter);
        if (stream == nullptr) continue;
        for (const auto& message : stream->messages()) {
            const bool before = find.from_sequence ? message.sequence < (*find.from_sequence)[output]
                                                   : message.stored_at < find.from_time;
            if (before || !subject_matches(filter, message.subject) || !is_wanted(message, parts_.pipeline, find))
                continue;
            if (auto run = codec::batch_in(message.headers)) {
                if (run->last.sequence <= find.input_above) continue;
                run->place = {row.output, message.sequence};
                found.runs.push_back(std::move(*run));
                continue;
            }
            const auto id = subjects::identity_from_hex(header_value(message.headers, "Nats-Msg-Id").value_or(""));
            if (!id || !seen.insert(*id).second) continue;
            found.identities.push_back(*id);
            found.places.push_back({row.output, message.sequence});
        }
    }
    return found;
}

void SimJetStream::flush() {
    if (!parts_.gate.pass()) return;
    for (auto& action : std::exchange(unsent_, {})) action();
}

bool SimJetStream::is_lost(double probability, std::string_view kind) {
    if (parts_.chooser == nullptr) return random_.chance(probability);
    const bool may = kind == "delivery" || kind == "publish" || kind == "puback" || kind == "ack";
    return may && parts_.chooser->deviate() > 0;
}

void SimJetStream::out(double loss, std::string_view kind, Action at_server) {
    const bool lost = is_lost(loss, kind);
    if (lost) parts_.trace.fault("lost", std::string(kind) + " of " + parts_.name);
    unsent_.push_back([this, lost, kind = std::string(kind), at_server = std::move(at_server)] {
        if (lost) return;
        const auto epoch = epoch_;
        const bool lands = random_.chance(kSentBeforeCut);
        if (!connected_) {
            if (!random_.chance(kKeptWhileDown)) return;
            parts_.trace.fault("sent late", kind + " of " + parts_.name);
            parts_.scheduler.after(random_.between(milliseconds(10), seconds(8)), [this, at_server] {
                if (parts_.server.up()) at_server();
            });
            return;
        }
        parts_.scheduler.at(arrival(last_out_), [this, epoch, lands, at_server] {
            if (parts_.server.up() && (epoch == epoch_ || lands)) at_server();
        });
    });
}

void SimJetStream::in(double loss, std::string_view kind, std::function<ports::JetStreamArrival()> make) {
    if (is_lost(loss, kind)) return parts_.trace.fault("lost", std::string(kind) + " to " + parts_.name);
    if (!connected_) return;
    parts_.scheduler.at(arrival(last_in_), [this, epoch = epoch_, make = std::move(make)] { hand_in(epoch, make); });
}

void SimJetStream::hand_in(std::uint64_t epoch, std::function<ports::JetStreamArrival()> make) {
    if (dead_ || epoch != epoch_) return;
    if (parts_.scheduler.now() < frozen_until_ || !held_.empty()) return held_.push_back({epoch, std::move(make)});
    auto arrival = make();
    watch_.told(arrival);
    parts_.arrivals.put(std::move(arrival));
}

void SimJetStream::freeze(Time until) {
    frozen_until_ = until;
    parts_.scheduler.at(until, [this] { thaw(); });
}

void SimJetStream::thaw() {
    if (dead_ || parts_.scheduler.now() < frozen_until_) return;
    for (auto& held : std::exchange(held_, {})) hand_in(held.epoch, std::move(held.make));
}

Time SimJetStream::arrival(Time& last_in_line) {
    auto delay = random_.between(microseconds(100), milliseconds(2));
    if (random_.chance(parts_.faults.slow)) delay = random_.between(milliseconds(2), parts_.faults.slowest);
    const bool overtakes = random_.chance(parts_.faults.reorder);
    const auto when = parts_.scheduler.now() + delay;
    if (overtakes) return when;
    return last_in_line = std::max(last_in_line, when);
}

void SimJetStream::deliver(const PullRequest& request, const Delivered& delivered, const StoredMessage& message) {
    const auto copies = random_.chance(parts_.faults.double_delivery) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        in(parts_.faults.lose_delivery, "delivery",
           [this, partition = request.partition, slot = request.slot, delivered, message] {
               watch_.arrived(delivered, delivered.consumer);
               return ports::Message{partition,       slot,
                                     message.subject, ack_subject(parts_.pipeline.input.stream, delivered, message),
                                     message.headers, Payload(message.payload)};
           });
    }
}

void SimJetStream::status(const PullRequest& request, int code, std::string description) {
    in(parts_.faults.lose_status, "status", [request, code, description = std::move(description)] {
        return PullStatus{request.partition, request.slot, request.number, code, description};
    });
}

void SimJetStream::cut() { disconnect(random_.between(milliseconds(100), seconds(3))); }

void SimJetStream::disconnect(Duration duration) {
    if (!connected_ || dead_) return;
    connected_ = false;
    ++epoch_;
    parts_.trace.fault("disconnected", parts_.name);
    parts_.server.half_open(client_);
    parts_.scheduler.after(random_.between(Duration::zero(), seconds(2)),
                           [this, gone = client_] { parts_.server.disconnect(gone); });
    tell([this] {
        told_connected_ = false;
        return Disconnected{};
    });
    parts_.scheduler.after(duration, [this] { reconnect(); });
}

void SimJetStream::reconnect() {
    if (dead_) return;
    if (!parts_.server.up()) {
        return parts_.scheduler.after(random_.between(milliseconds(100), seconds(2)), [this] { reconnect(); });
    }
    connected_ = true;
    client_ = parts_.server.connect(*this);
    parts_.trace.line(parts_.name, "reconnected");
    tell([this] {
        told_connected_ = true;
        return Reconnected{};
    });
}

void SimJetStream::die() {
    const auto parts = unsent_.size() + 1;
    const auto left =
        parts_.chooser == nullptr ? random_.below(parts) : parts_.chooser->choose(static_cast<std::uint32_t>(parts));
    for (std::size_t n = 0; n < left; ++n) unsent_[n]();
    unsent_.clear();
    dead_ = true;
    parts_.server.half_open(client_);
    parts_.scheduler.after(random_.between(Duration::zero(), seconds(2)),
                           [this, gone = client_] { parts_.server.disconnect(gone); });
}

}  // namespace millrace::sim
