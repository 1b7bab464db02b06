#include "tests/sim/fake_jetstream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

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

std::string ack_subject(std::string_view stream, std::string_view consumer, const Delivered& delivered,
                        const StoredMessage& message) {
    std::string subject = "$JS.ACK.";
    subject.append(stream).append(".").append(consumer);
    const auto stored = static_cast<std::uint64_t>(message.stored_at.time_since_epoch().count());
    for (const auto part :
         {delivered.count, delivered.stream_sequence, delivered.consumer_sequence, stored, delivered.pending}) {
        subject.append(".").append(std::to_string(part));
    }
    return subject;
}

std::string filter_of(const std::string& subject, settings::Pipeline const& pipeline, Partition partition) {
    const auto parsed = subjects::SubjectTemplate::parse(subject, subjects::Use::input);
    if (!parsed) return subject;
    return pipeline.partitions > 1 ? parsed->filter(partition) : parsed->filter();
}

std::array<std::string, kOutputs> output_filters(const settings::Pipeline& pipeline) {
    return {filter_of(pipeline.results.subject, pipeline, 0), filter_of(pipeline.dead_letter.subject, pipeline, 0),
            filter_of(pipeline.dead_letter.unroutable_subject, pipeline, 0)};
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
    if (!text || header_value(message.headers, kPipelineHeader) != pipeline.name) return false;
    std::uint64_t sequence = 0;
    std::from_chars(text->data(), text->data() + text->size(), sequence);
    return sequence > find.input_above && sequence <= find.input_to;
}

}  // namespace

SimJetStream::SimJetStream(Parts parts)
    : parts_(std::move(parts)), random_(parts_.seed, "link " + parts_.name), client_(parts_.server.connect(*this)) {
    if (!parts_.server.up()) cut();
}

void SimJetStream::bind(Partition partition) {
    if (!parts_.gate.pass()) return;
    const auto refuse = [this, partition] {
        tell([partition] { return BindFailed{partition, Error{ErrorCode::unavailable, "no answer from JetStream"}}; });
    };
    if (!connected_ || random_.chance(parts_.faults.fail_bind)) {
        parts_.trace.fault("bind failed", parts_.name);
        return parts_.scheduler.after(seconds(2), refuse);
    }
    out(0, "bind", [this, partition] {
        in(0, "bound", [partition, found = look_up(partition)]() -> ports::JetStreamArrival {
            if (!found) return BindFailed{partition, found.error()};
            return *found;
        });
    });
}

Result<Bound> SimJetStream::look_up(Partition partition) {
    auto& server = parts_.server;
    const auto& pipeline = parts_.pipeline;
    if (!server.has_leader()) return fail(ErrorCode::unavailable, "no leader");
    const auto* stream = server.stream(pipeline.input.stream);
    if (stream == nullptr) return fail(ErrorCode::not_found, "stream '" + pipeline.input.stream + "' does not exist");
    Bound bound;
    bound.partition = partition;
    bound.duplicate_window = Duration::max();
    bound.max_input = stream->config().max_message;
    const auto filters = output_filters(pipeline);
    for (std::size_t output = 0; output < kOutputs; ++output) {
        const auto* behind = server.stream_of_subject(filters[output]);
        if (behind == nullptr) return fail(ErrorCode::not_found, "no stream has the subject '" + filters[output] + "'");
        bound.output_last_sequence[output] = behind->last_sequence();
        bound.duplicate_window = std::min(bound.duplicate_window, behind->config().duplicate_window);
        bound.max_payload = std::min(bound.max_payload, behind->config().max_message);
    }
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
    bound.stream_created = stream->created();
    bound.input_first_sequence = stream->first_sequence();
    bound.input_last_sequence = stream->last_sequence();
    bound.ack_floor = consumer.ack_floor();
    bound.delivered_sequence = consumer.delivered_sequence();
    bound.ack_pending = consumer.ack_pending();
    bound.ack_wait = consumer.config().ack_wait;
    bound.max_deliver = consumer.config().max_deliver;
    bound.max_ack_pending = consumer.config().max_ack_pending;
    bound.server_now = parts_.scheduler.server_now();
    if (consumer.last_active() && !server.forgetful()) {
        bound.idle_for = std::max(Duration::zero(), bound.server_now - *consumer.last_active());
    }
    const auto oldest = consumer.oldest_unacked();
    bound.oldest_unacked = oldest ? stream->at(*oldest).stored_at : bound.server_now;
    return bound;
}

void SimJetStream::pull(const PullRequest& request) {
    if (!parts_.gate.pass()) return;
    parts_.trace.line(parts_.name,
                      "pull " + std::to_string(request.batch) + " on " + std::to_string(request.partition));
    out(parts_.faults.lose_pull, "pull", [this, request] {
        parts_.server.pull(client_, parts_.pipeline.input.stream,
                           settings::consumer_name(parts_.pipeline, request.partition), request);
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
    const auto copies = random_.chance(parts_.faults.double_publish) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        out(parts_.faults.lose_publish, "publish", [this, publication] { land(publication); });
    }
}

// At the server: the PubAck takes the way back by itself.
void SimJetStream::land(const ports::Publication& publication) {
    const auto ack = parts_.server.publish_by_client(publication.subject, publication.headers, publication.payload);
    if (!ack) return;
    in(parts_.faults.lose_puback, "puback", [id = publication.id, ack = *ack] {
        return Stored{id, ack.error, ack.error.has_value(), ack.sequence, ack.duplicate};
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
    const auto filters = output_filters(parts_.pipeline);
    std::vector<const SimStream*> read;
    for (std::size_t output = 0; output < kOutputs; ++output) {
        const auto* stream = parts_.server.stream_of_subject(filters[output]);
        if (stream == nullptr || std::ranges::find(read, stream) != read.end()) continue;
        read.push_back(stream);
        for (const auto& message : stream->messages()) {
            const bool before = find.from_sequence ? message.sequence < (*find.from_sequence)[output]
                                                   : message.stored_at < find.from_time;
            if (before || !is_wanted(message, parts_.pipeline, find)) continue;
            const auto id = subjects::identity_from_hex(header_value(message.headers, "Nats-Msg-Id").value_or(""));
            if (id) found.identities.push_back(*id);
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
    const auto consumer = settings::consumer_name(parts_.pipeline, request.partition);
    const auto copies = random_.chance(parts_.faults.double_delivery) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        in(parts_.faults.lose_delivery, "delivery",
           [this, consumer, partition = request.partition, slot = request.slot, delivered, message] {
               watch_.arrived(delivered, consumer);
               return ports::Message{
                   partition,       slot,
                   message.subject, ack_subject(parts_.pipeline.input.stream, consumer, delivered, message),
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
