#include "tests/sim/owned_scores.h"

#include <cstdlib>

#include "tests/sim/flat_json.h"
#include "tests/sim/token.h"

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

std::vector<std::uint64_t> numbers_in(const std::string& list) {
    std::vector<std::uint64_t> numbers;
    for (const char* at = list.c_str(); *at != 0;) {
        char* end = nullptr;
        const auto number = std::strtoull(at, &end, 10);
        if (end != at) numbers.push_back(number);
        at = end == at ? at + 1 : end;
    }
    return numbers;
}

// No text of a result here has a brace in it.
std::vector<std::string> objects_in(const std::string& list) {
    std::vector<std::string> objects;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < list.size(); ++at) {
        if (list[at] == '{' && depth++ == 0) begin = at;
        if (list[at] == '}' && --depth == 0) objects.push_back(list.substr(begin, at + 1 - begin));
    }
    return objects;
}

}  // namespace

void OwnedScores::published(const std::string& subject, std::uint64_t sequence, const std::vector<OwnedEvent>& events) {
    for (std::uint32_t element = 0; element < events.size(); ++element)
        events_[{sequence, element}] = {subject, events[element].token, {}, false, events[element].selected};
}

std::vector<OwnedScores::Place> OwnedScores::places_in(const StoredMessage& message) {
    if (value_of(message.headers, "Millrace-Kind") != "results") return {place_in(message.headers)};
    auto body = flat_json(message.payload);
    const auto sequences = numbers_in(body["sequences"]);
    const auto elements = numbers_in(body["elements"]);
    std::vector<Place> places;
    for (std::size_t i = 0; i < sequences.size() && i < elements.size(); ++i)
        places.emplace_back(sequences[i], static_cast<std::uint32_t>(elements[i]));
    return places;
}

std::optional<std::string> OwnedScores::result(const StoredMessage& message) {
    const auto places = places_in(message);
    if (value_of(message.headers, "Millrace-Kind") != "results")
        return result(places.front(), message.subject, message.payload);
    auto body = flat_json(message.payload);
    const auto results = objects_in(body["results"]);
    const auto text = [&](std::string_view name) { return std::string(value_of(message.headers, name)); };
    const auto count = std::to_string(results.size());
    const bool whole = !places.empty() && places.size() == results.size() && body["count"] == count &&
                       text("Millrace-Count") == count && body["partition"] == text("Millrace-Partition") &&
                       body["first_sequence"] == std::to_string(places.front().first) &&
                       body["last_sequence"] == std::to_string(places.back().first) &&
                       text("Millrace-First-Sequence") == std::to_string(places.front().first) &&
                       text("Millrace-First-Element") == std::to_string(places.front().second) &&
                       text("Millrace-Last-Sequence") == std::to_string(places.back().first) &&
                       text("Millrace-Last-Element") == std::to_string(places.back().second);
    if (!whole) return "a batch that does not say what it holds: " + message.payload;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (auto wrong = result(places[i], message.subject, results[i])) return wrong;
    }
    return std::nullopt;
}

std::optional<std::string> OwnedScores::result(Place place, const std::string& subject, const std::string& payload) {
    const auto found = events_.find(place);
    if (found == events_.end()) return "the result of no event: " + payload;
    Known& event = found->second;
    if (!event.selected) return "a score of an event that is not selected: " + payload;
    if (event.dead) return "a result of an event with a verdict: " + payload;
    if (subject != event.subject) return payload + " is on " + subject;
    constexpr std::string_view kBegin = R"({"score":)";
    if (!payload.starts_with(kBegin)) return "no result: " + payload;
    auto score = flat_json(payload.substr(kBegin.size(), payload.find('}') + 1 - kBegin.size()));
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
    const bool kills = value_of(entry.headers, "Millrace-Detail").starts_with("the bridge itself ended");
    if (kills && !found->second.token.ends_with(name(Kind::kills)))
        return "a verdict for the deaths of others: " + entry.payload;
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
