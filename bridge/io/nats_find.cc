#include "bridge/io/nats_find.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "bridge/base/header.h"
#include "bridge/codec/result_batch.h"
#include "bridge/io/nats_wire.h"
#include "subjects/ack_subject.h"
#include "subjects/identity.h"

namespace millrace::io {

namespace {

constexpr std::uint64_t kChunk = 500;
constexpr std::chrono::milliseconds kPullExpires{2000};
constexpr std::chrono::milliseconds kPullLimit{4000};
constexpr Duration kConsumerLife = std::chrono::seconds(30);

Error incomplete(const std::string& stream, const std::string& why) {
    return {ErrorCode::unavailable, "search of stream \"" + stream + "\" is incomplete: " + why};
}

}  // namespace

struct NatsFinder::Place {
    std::optional<std::uint64_t> sequence;
    ServerTime time{};
};

std::optional<Identity> wanted_identity(std::span<const Header> headers, std::string_view pipeline, const Find& find) {
    if (header_or_empty(headers, "Millrace-Pipeline") != pipeline) return {};
    const auto id = subjects::identity_from_hex(header_or_empty(headers, "Nats-Msg-Id"));
    constexpr std::string_view kInput = "Millrace-Input-Sequence";
    const std::string* found = find_header(headers, kInput);
    if (found == nullptr) return id;  // an aggregate tells of no single input
    const std::string& text = *found;
    std::uint64_t sequence = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
    if (error != std::errc() || stop != text.data() + text.size()) return {};
    if (sequence <= find.input_above || sequence > find.input_to) return {};
    return id;
}

void NatsFinder::Sightings::add(const std::vector<Header>& headers, std::uint64_t sequence, std::string_view pipeline,
                                const Find& find) {
    if (header_or_empty(headers, "Millrace-Pipeline") == pipeline) {
        if (auto run = codec::batch_in(headers)) {
            if (run->last.sequence <= find.input_above) return;
            run->place = {Output{}, sequence};
            return runs.push_back(std::move(*run));
        }
    }
    if (const auto id = wanted_identity(headers, pipeline, find)) all.push_back({*id, {Output{}, sequence}});
}

NatsFinder::NatsFinder(NatsConnection& connection, const NatsAdmin& admin, std::string pull_prefix,
                       std::string pipeline)
    : connection_(connection),
      admin_(admin),
      pull_prefix_(std::move(pull_prefix)),
      pipeline_(std::move(pipeline)),
      inbox_(connection.inbox() + ".find") {
    connection_.subscribe(inbox_ + ".*", [this](NatsMessage&& message) { arrived(std::move(message)); });
}

void NatsFinder::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_one();
}

Result<void> NatsFinder::go_on(const std::string& stream) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return std::unexpected(incomplete(stream, "Millrace is leaving"));
    return {};
}

Result<Found> NatsFinder::find(const Find& find, const OutputStreams& outputs) {
    Found found;
    std::vector<Sighting> all;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto output = static_cast<Output>(i);
        if (outputs[i].name.empty() || output == Output::state || is_summary(output)) continue;
        if (find.from_sequence && i >= find.from_sequence->size()) break;
        Place from{std::nullopt, find.from_time};
        if (find.from_sequence) from.sequence = std::max<std::uint64_t>(1, (*find.from_sequence)[i]);
        Sightings here;
        if (auto read = read_output(find, outputs[i], from, here); !read)
            return std::unexpected(std::move(read.error()));
        for (Sighting& each : here.all) each.place.output = output;
        for (StoredRun& each : here.runs) each.place.output = output;
        all.insert(all.end(), here.all.begin(), here.all.end());
        found.runs.insert(found.runs.end(), here.runs.begin(), here.runs.end());
    }
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all, {}, &Sighting::id);
    all.erase(repeated.begin(), repeated.end());
    for (const Sighting& each : all) {
        found.identities.push_back(each.id);
        found.places.push_back(each.place);
    }
    return found;
}

Result<void> NatsFinder::read_output(const Find& find, const OutputStream& output, const Place& from, Sightings& out) {
    if (output.keeps_all) return read_by_consumer(find, output, from, out);
    const auto stream = admin_.stream(output.name);
    if (!stream) return std::unexpected(stream.error());
    const auto first = std::max(from.sequence.value_or(1), stream->first_sequence);
    return read_one_by_one(find, output, first, stream->last_sequence, out);
}

Result<void> NatsFinder::read_one_by_one(const Find& find, const OutputStream& output, std::uint64_t first,
                                         std::uint64_t last, Sightings& out) {
    for (std::uint64_t next = first; next <= last;) {
        if (auto wanted = go_on(output.name); !wanted) return wanted;
        const auto message = admin_.next_message(output.name, next, output.filter);
        if (!message && message.error().code == ErrorCode::not_found) return {};
        if (!message) return std::unexpected(incomplete(output.name, message.error().text));
        out.add(message->headers, message->sequence, pipeline_, find);
        next = message->sequence + 1;
    }
    return {};
}

Result<void> NatsFinder::read_by_consumer(const Find& find, const OutputStream& output, const Place& from,
                                          Sightings& out) {
    ConsumerWish wish;
    wish.stream = output.name;
    wish.filter = output.filter;
    wish.start = from.sequence ? settings::Start(*from.sequence) : settings::Start(from.time);
    wish.ack_policy = "none";
    wish.headers_only = true;
    wish.inactive_threshold = kConsumerLife;
    const auto consumer = admin_.create_consumer(wish);
    if (!consumer) return std::unexpected(incomplete(output.name, consumer.error().text));
    auto read = drain(find, output.name, *consumer, out);
    {
        const std::lock_guard lock(mutex_);
        consumer_.clear();
    }
    (void)admin_.delete_consumer(output.name, consumer->name);
    return read;
}

// Everything that matched when the consumer was made: `pending`. A consumer without acks delivers each message once, in
// order; a gap in its own sequence would be a message lost on the way.
Result<void> NatsFinder::drain(const Find& find, const std::string& stream, const ConsumerFound& consumer,
                               Sightings& out) {
    std::uint64_t received = 0;
    while (received < consumer.pending) {
        if (auto wanted = go_on(stream); !wanted) return wanted;
        auto messages = pull(stream, consumer.name, std::min(kChunk, consumer.pending - received));
        if (!messages) return std::unexpected(std::move(messages.error()));
        for (const NatsMessage& message : *messages) {
            const auto place = subjects::parse_ack_subject(message.reply);
            if (!place || place->consumer_sequence != ++received)
                return std::unexpected(incomplete(stream, "a message was lost on the way"));
            out.add(message.headers, place->stream_sequence, pipeline_, find);
        }
        if (!messages->empty()) continue;
        if (auto wanted = go_on(stream); !wanted) return wanted;
        // Nothing more came although something was there: removed meanwhile by the stream's limits, or late.
        const auto now = admin_.consumer(stream, consumer.name);
        if (now && now->pending == 0 && now->delivered_sequence >= consumer.delivered_sequence) return {};
        return std::unexpected(incomplete(stream, now ? "messages did not arrive in time" : now.error().text));
    }
    return {};
}

Result<std::vector<NatsMessage>> NatsFinder::pull(const std::string& stream, const std::string& consumer,
                                                  std::uint64_t count) {
    {
        const std::lock_guard lock(mutex_);
        consumer_ = consumer;
        arrived_.clear();
        ended_ = false;
    }
    PullRequest request;
    request.batch = static_cast<std::uint32_t>(count);
    request.expires = kPullExpires;
    const std::string reply = inbox_ + "." + std::to_string(++pulls_);
    const auto sent = connection_.publish({pull_prefix_ + stream + "." + consumer, reply, nullptr, pull_body(request)});
    if (!sent) return std::unexpected(incomplete(stream, sent.error().text));
    connection_.push();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPullLimit, [&] { return stopped_ || ended_ || arrived_.size() >= count; });
    return std::exchange(arrived_, {});
}

void NatsFinder::arrived(NatsMessage&& message) {
    const std::lock_guard lock(mutex_);
    if (const auto number = parse_number_token(message.subject, inbox_)) {
        if (*number == pulls_) ended_ = true;
    } else if (const auto place = subjects::parse_ack_subject(message.reply); place && place->consumer == consumer_) {
        arrived_.push_back(std::move(message));
    }
    changed_.notify_one();
}

}  // namespace millrace::io
