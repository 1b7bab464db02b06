#include "tests/sim/sim_server.h"

#include <charconv>
#include <utility>

#include "bridge/base/check.h"

namespace millrace::sim {
namespace {

constexpr std::string_view kNakDelay = "-NAK {\"delay\":";

std::vector<std::string_view> split(std::string_view subject) {
    std::vector<std::string_view> tokens;
    for (std::size_t from = 0; from <= subject.size();) {
        const auto dot = std::min(subject.find('.', from), subject.size());
        tokens.push_back(subject.substr(from, dot - from));
        from = dot + 1;
    }
    return tokens;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

SimStream& SimServer::add_stream(StreamConfig config) {
    auto& stream = streams_[config.name];
    stream = std::make_unique<SimStream>(std::move(config), scheduler_.server_now());
    return *stream;
}

SimConsumer& SimServer::add_consumer(std::string_view stream_name, ConsumerConfig config) {
    const auto* found = stream(stream_name);
    MILLRACE_CHECK(found != nullptr, "a consumer needs its stream");
    auto& consumer = consumers_[{std::string(stream_name), config.name}];
    if (!consumer) {
        consumer = std::make_unique<SimConsumer>(std::move(config), *found, scheduler_, [this](ClientId client) {
            const auto sink = sinks_.find(client);
            return sink == sinks_.end() ? nullptr : sink->second;
        });
    }
    return *consumer;
}

void SimServer::delete_consumer(std::string_view stream_name, std::string_view name) {
    const auto found = consumers_.find({std::string(stream_name), std::string(name)});
    if (found == consumers_.end()) return;
    found->second->end();
    deleted_.push_back(std::move(found->second));
    consumers_.erase(found);
}

void SimServer::delete_stream(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& [key, consumer] : consumers_) {
        if (key.first == name) names.push_back(key.second);
    }
    for (const auto& consumer : names) delete_consumer(name, consumer);
    const auto found = streams_.find(name);
    if (found == streams_.end()) return;
    deleted_streams_.push_back(std::move(found->second));
    streams_.erase(found);
}

SimStream* SimServer::stream(std::string_view name) {
    const auto found = streams_.find(name);
    return found == streams_.end() ? nullptr : found->second.get();
}

SimStream* SimServer::stream_of_subject(std::string_view subject) {
    for (const auto& [name, stream] : streams_) {
        if (stream->captures(subject)) return stream.get();
    }
    return nullptr;
}

SimConsumer* SimServer::consumer(std::string_view stream_name, std::string_view name) {
    const auto found = consumers_.find({std::string(stream_name), std::string(name)});
    return found == consumers_.end() ? nullptr : found->second.get();
}

std::vector<SimConsumer*> SimServer::consumers() {
    std::vector<SimConsumer*> all;
    for (const auto& [name, consumer] : consumers_) all.push_back(consumer.get());
    return all;
}

void SimServer::stop(Duration unflushed_acks) {
    up_ = false;
    for (const auto& [name, consumer] : consumers_) consumer->stop(unflushed_acks);
    const auto connected = std::exchange(sinks_, {});
    for (const auto& [client, sink] : connected) sink->cut();
}

void SimServer::start() {
    up_ = true;
    if (!has_leader_) return;
    for (const auto& [name, consumer] : consumers_) consumer->start();
}

void SimServer::lose_leader() {
    has_leader_ = false;
    for (const auto& [name, consumer] : consumers_) consumer->lose_leader();
}

void SimServer::gain_leader() {
    has_leader_ = true;
    if (up_) start();
}

ClientId SimServer::connect(PullSink& sink) {
    sinks_[++last_client_] = &sink;
    return last_client_;
}

void SimServer::disconnect(ClientId client) {
    sinks_.erase(client);
    for (const auto& [name, consumer] : consumers_) consumer->forget(client);
}

template <typename Publish>
std::optional<PubAck> SimServer::by_client(Publish publish) {
    switch (fate_ ? fate_() : Fate::stored) {
        case Fate::stored:
            break;
        case Fate::unanswered:
            publish();
            return std::nullopt;
        case Fate::lost:
            return std::nullopt;
        case Fate::no_leader:
            return PubAck{.error = Error{ErrorCode::unavailable, "no responders"}};
        case Fate::full:
            return PubAck{.error = Error{ErrorCode::unavailable, "maximum messages exceeded"}};
        case Fate::denied:
            return PubAck{.error = Error{ErrorCode::misconfigured, "permissions violation"}};
    }
    return publish();
}

std::optional<PubAck> SimServer::publish_by_client(std::string subject, std::vector<Header> headers,
                                                   std::string payload) {
    return by_client([&] { return publish(std::move(subject), std::move(headers), std::move(payload)); });
}

std::optional<PubAck> SimServer::publish_together_by_client(std::vector<Unstored> batch) {
    return by_client([&] { return publish_together(batch); });
}

PubAck SimServer::publish_together(const std::vector<Unstored>& batch) {
    auto* stream = stream_of_subject(batch.back().subject);
    if (stream == nullptr)
        return {.error = Error{ErrorCode::misconfigured, "no responders: no stream has this subject"}};
    PubAck ack = stream->store_together(batch, scheduler_.server_now());
    if (ack.error) return ack;
    const auto& all = stream->messages();
    const std::vector<StoredMessage> stored(all.end() - static_cast<std::ptrdiff_t>(batch.size()), all.end());
    watch_.together(stored);
    watch_.stored(*stream, stored.back());
    for (std::size_t i = 0; i + 1 < stored.size(); ++i) watch_.stored(*stream, stored[i]);
    pump_consumers(*stream);
    return ack;
}

PubAck SimServer::publish(std::string subject, std::vector<Header> headers, std::string payload) {
    auto* stream = stream_of_subject(subject);
    if (stream == nullptr)
        return {.error = Error{ErrorCode::misconfigured, "no responders: no stream has this subject"}};
    PubAck ack = stream->store(std::move(subject), std::move(headers), std::move(payload), scheduler_.server_now());
    if (ack.error || ack.duplicate) return ack;
    watch_.stored(*stream, stream->at(ack.sequence));
    pump_consumers(*stream);
    return ack;
}

void SimServer::pump_consumers(const SimStream& stream) {
    for (const auto& [name, consumer] : consumers_) {
        if (name.first == stream.config().name) consumer->pump();
    }
}

void SimServer::pull(ClientId client, std::string_view stream_name, std::string_view name, const PullRequest& request) {
    if (!up_) return;
    // A pull on a missing consumer is answered by nothing at all, as nats-server 2.9 does.
    if (auto* found = consumer(stream_name, name)) found->pull(client, request);
}

void SimServer::answer_delivery(std::string_view ack_subject, std::string_view body) {
    if (!up_) return;
    const auto tokens = split(ack_subject);
    if (tokens.size() != 9 || tokens[0] != "$JS" || tokens[1] != "ACK") return;
    auto* found = consumer(tokens[2], tokens[3]);
    if (found == nullptr) return;
    const auto sequence = number(tokens[5]);
    if (body.empty() || body == "+ACK" || body == "+OK") {
        for (const auto acked : found->ack(sequence)) watch_.acked(*found, acked);
    } else if (body == "+WPI") {
        found->in_progress(sequence);
    } else if (body.starts_with(kNakDelay)) {
        found->nak(sequence, Duration(static_cast<Duration::rep>(number(body.substr(kNakDelay.size())))));
    } else if (body == "-NAK") {
        found->nak(sequence, Duration::zero());
    }
}

}  // namespace millrace::sim
