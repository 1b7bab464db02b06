#include "tests/sim/sim_stream.h"

#include <algorithm>
#include <set>
#include <utility>

#include "bridge/base/stream.h"

namespace millrace::sim {
namespace {

std::string_view next_token(std::string_view& rest) {
    const auto dot = rest.find('.');
    const auto token = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    return token;
}

}  // namespace

bool subject_matches(std::string_view filter, std::string_view subject) {
    while (!filter.empty() && !subject.empty()) {
        const auto want = next_token(filter);
        if (want == ">") return true;
        if (const auto got = next_token(subject); want != "*" && want != got) return false;
    }
    return filter.empty() && subject.empty();
}

std::optional<std::string_view> header_value(const std::vector<Header>& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::uint64_t size_of(const std::vector<Header>& headers, std::string_view payload) {
    std::uint64_t size = payload.size();
    if (!headers.empty()) size += 12;                                                // "NATS/1.0\r\n" and "\r\n"
    for (const auto& [key, value] : headers) size += key.size() + value.size() + 4;  // ": " and "\r\n"
    return size;
}

bool SimStream::captures(std::string_view subject) const {
    return std::ranges::any_of(config_.subjects, [&](const auto& filter) { return subject_matches(filter, subject); });
}

std::uint64_t SimStream::first_sequence() const {
    const auto first = std::ranges::find(messages_, false, &StoredMessage::gone);
    if (first != messages_.end()) return first->sequence;
    return messages_.empty() ? 0 : messages_.size() + 1;
}

const StoredMessage* SimStream::message(std::uint64_t sequence) const {
    if (sequence < 1 || sequence > messages_.size() || at(sequence).gone) return nullptr;
    return &at(sequence);
}

const StoredMessage* SimStream::last(std::string_view filter) const {
    for (auto sequence = last_sequence(); sequence > 0; --sequence) {
        if (const auto* found = message(sequence); found && subject_matches(filter, found->subject)) return found;
    }
    return nullptr;
}

const StoredMessage* SimStream::next(std::string_view filter, std::uint64_t sequence) const {
    for (auto at = std::max<std::uint64_t>(1, sequence); at <= last_sequence(); ++at) {
        if (const auto* found = message(at); found && subject_matches(filter, found->subject)) return found;
    }
    return nullptr;
}

void SimStream::purge(std::string_view filter, std::uint64_t below) {
    for (auto& message : messages_) {
        if (message.sequence >= below) return;
        if (message.gone || !subject_matches(filter, message.subject)) continue;
        message.gone = true;
        message.payload = {};
        message.headers = {};
    }
}

bool SimStream::as_expected(std::string_view subject, const std::vector<Header>& headers) const {
    const auto expected = header_value(headers, "Nats-Expected-Last-Subject-Sequence");
    if (!expected) return true;
    const auto* there = last(subject);
    return *expected == std::to_string(there == nullptr ? 0 : there->sequence);
}

PubAck SimStream::store(std::string subject, std::vector<Header> headers, std::string payload, ServerTime now) {
    if (const auto expected = header_value(headers, "Nats-Expected-Stream"); expected && *expected != config_.name) {
        return {.error = Error{ErrorCode::misconfigured, "expected stream does not match"}};
    }
    if (size_of(headers, payload) > config_.max_message) {
        return {.error = Error{ErrorCode::too_large, "message size exceeds maximum allowed"}};
    }
    const PubAck refused{.error = Error{ErrorCode::conflict, "wrong last sequence"}};
    if (config_.expects_first && !as_expected(subject, headers)) return refused;
    const auto sequence = messages_.size() + 1;
    if (const auto id = header_value(headers, "Nats-Msg-Id"); id && !id->empty()) {
        const auto seen = ids_.find(*id);
        if (seen != ids_.end() && now - seen->second.at < config_.duplicate_window) {
            return {.error = {}, .sequence = seen->second.sequence, .duplicate = true};
        }
        if (!as_expected(subject, headers)) return refused;
        ids_.insert_or_assign(std::string(*id), Seen{sequence, now});
    } else if (!as_expected(subject, headers)) {
        return refused;
    }
    messages_.push_back(StoredMessage{sequence, now, std::move(subject), std::move(headers), std::move(payload)});
    return {.error = {}, .sequence = sequence, .duplicate = false};
}

PubAck SimStream::store_together(const std::vector<Unstored>& batch, ServerTime now) {
    const auto refused = [](ErrorCode code, std::string why) { return PubAck{.error = Error{code, std::move(why)}}; };
    if (!config_.allow_atomic) return refused(ErrorCode::misconfigured, "atomic publish is disabled");
    if (batch.size() > kMostTogether) return refused(ErrorCode::unavailable, "atomic publish batch is too large");
    std::set<std::string_view> ids;
    for (const auto& [subject, headers, payload] : batch) {
        if (size_of(headers, payload) > config_.max_message)
            return refused(ErrorCode::too_large, "message size exceeds maximum allowed");
        const auto id = header_value(headers, "Nats-Msg-Id");
        if (!id || id->empty()) continue;
        const auto seen = ids_.find(*id);
        const bool known = seen != ids_.end() && now - seen->second.at < config_.duplicate_window;
        if (known || !ids.insert(*id).second)
            return refused(ErrorCode::unavailable, "atomic publish batch contains duplicate message id");
    }
    for (const auto& [subject, headers, payload] : batch) {
        if (!as_expected(subject, headers)) return refused(ErrorCode::conflict, "wrong last sequence");
    }
    PubAck ack;
    for (const auto& [subject, headers, payload] : batch) ack = store(subject, headers, payload, now);
    return ack;
}

}  // namespace millrace::sim
