#include "tests/sim/owned_scores.h"

#include <cstdlib>

#include "tests/sim/flat_json.h"

namespace millrace::sim {
namespace {

std::string_view value_of(const std::vector<Header>& headers, std::string_view name) {
    return header_value(headers, name).value_or("");
}

std::pair<std::uint64_t, std::uint32_t> place_in(const std::vector<Header>& headers) {
    const auto number = [&](std::string_view name) {
        return std::strtoull(std::string(value_of(headers, name)).c_str(), nullptr, 10);
    };
    return {number("Millrace-Input-Sequence"), static_cast<std::uint32_t>(number("Millrace-Element"))};
}

}  // namespace

void OwnedScores::published(const std::string& tenant, std::uint64_t sequence, const std::vector<OwnedEvent>& events) {
    for (std::uint32_t element = 0; element < events.size(); ++element)
        events_[{sequence, element}] = {tenant, events[element].token, {}, false, events[element].selected};
}

std::optional<std::string> OwnedScores::result(const StoredMessage& message) {
    const auto found = events_.find(place_in(message.headers));
    if (found == events_.end()) return "the result of no event: " + message.payload;
    Known& event = found->second;
    if (!event.selected) return "a score of an event that is not selected: " + message.payload;
    if (event.dead) return "a result of an event with a verdict: " + message.payload;
    if (message.subject != "results." + event.tenant + ".trips") return message.payload + " is on " + message.subject;
    constexpr std::string_view kBegin = R"({"score":)";
    if (!message.payload.starts_with(kBegin)) return "no result: " + message.payload;
    auto score = flat_json(message.payload.substr(kBegin.size(), message.payload.find('}') + 1 - kBegin.size()));
    if (event.token.empty() || score["echo"] != '"' + event.token + '"')
        return "the score of " + score["echo"] + " for " + event.token;
    event.scored = Scored{std::stoll(score["value"]), std::stoll(score["nonce"])};
    return std::nullopt;
}

std::optional<std::string> OwnedScores::committed(const state::OutboxEntry& entry) {
    const auto reason = value_of(entry.headers, "Millrace-Reason");
    if (reason.empty() || reason == "late" || reason == "early") return std::nullopt;
    const auto found = events_.find(place_in(entry.headers));
    if (found == events_.end()) return "a dead letter of no event: " + entry.payload;
    if (found->second.scored) return "a verdict on an event with a result: " + entry.payload;
    found->second.dead = true;
    return std::nullopt;
}

std::optional<OwnedEvent> OwnedScores::settled(const OwnedEvent& event, std::uint64_t sequence,
                                               std::uint32_t element) const {
    const Known& known = events_.at({sequence, element});
    OwnedEvent settled = event;
    settled.scored = known.scored;
    settled.dead = known.dead;
    return known.scored || known.dead || !known.selected ? std::optional(settled) : std::nullopt;
}

}  // namespace millrace::sim
