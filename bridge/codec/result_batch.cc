#include "bridge/codec/result_batch.h"

#include <algorithm>
#include <charconv>

#include "bridge/base/check.h"
#include "bridge/base/header.h"
#include "bridge/codec/element_reader.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/wanted_fields.h"
#include "subjects/identity.h"

namespace millrace::codec {
namespace {

template <typename Number>
std::optional<Number> number_in(const std::vector<Header>& headers, std::string_view name) {
    const std::string* text = find_header(headers, name);
    if (text == nullptr) return {};
    Number number{};
    const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || stop != text->data() + text->size()) return {};
    return number;
}

std::optional<EventPlace> place_in(const std::vector<Header>& headers, std::string_view sequence,
                                   std::string_view element) {
    const auto message = number_in<std::uint64_t>(headers, sequence);
    const auto which = number_in<std::uint32_t>(headers, element);
    if (!message || !which) return {};
    return EventPlace{*message, *which};
}

// Nothing where the headers do not say all of it.
std::optional<StoredRun> run_between(const std::vector<Header>& headers, std::optional<EventPlace> first,
                                     std::optional<EventPlace> last) {
    const auto generation = number_in<std::uint32_t>(headers, "Millrace-Generation");
    const auto partition = number_in<Partition>(headers, "Millrace-Partition");
    if (!first || !last || !generation || !partition) return {};
    return StoredRun{{},     *generation, *partition, std::string(header_or_empty(headers, "Millrace-Tenant")),
                     *first, *last};
}

subjects::EventOrigin origin_of(const settings::Pipeline& pipeline, const InBatch& event) {
    return {pipeline.name,          pipeline.generation,          pipeline.input.stream,
            event.first->stored_at, event.first->stream_sequence, event.second->element};
}

// The elements of a JSON array, as raw text.
std::vector<std::string_view> elements_of(std::string_view list) {
    std::vector<std::string_view> found;
    list = trim(list);
    if (list.size() < 2 || list.front() != '[' || trim(list.substr(1, list.size() - 2)).empty()) return found;
    for (std::size_t from = 1;;) {
        const std::size_t end = element_end(list, from);
        if (end == std::string_view::npos) return found;
        found.push_back(trim(list.substr(from, end - from)));
        if (list[end] != ',') return found;
        from = end + 1;
    }
}

}  // namespace

void add_order(const settings::Pipeline& pipeline, const Delivery& delivery, std::vector<Header>& headers) {
    headers.emplace_back("Millrace-Generation", std::to_string(pipeline.generation));
    headers.emplace_back("Millrace-Partition", std::to_string(delivery.partition));
}

std::vector<Header> batch_headers(const settings::Pipeline& pipeline, const std::vector<InBatch>& events) {
    MILLRACE_CHECK(!events.empty(), "a batch holds something");
    const auto& [delivery, first] = events.front();
    const auto& last = events.back();
    std::vector<Header> headers = {
        {"Nats-Msg-Id",
         subjects::to_hex(subjects::batch_identity(origin_of(pipeline, events.front()), origin_of(pipeline, last)))},
        {"Millrace-Pipeline", pipeline.name},
        {"Millrace-Tenant", delivery->tenant},
        {"Millrace-Kind", std::string(kBatchKind)},
        {"Millrace-Input-Stream", pipeline.input.stream},
        {"Millrace-First-Sequence", std::to_string(delivery->stream_sequence)},
        {"Millrace-First-Element", std::to_string(first->element)},
        {"Millrace-Last-Sequence", std::to_string(last.first->stream_sequence)},
        {"Millrace-Last-Element", std::to_string(last.second->element)},
        {"Millrace-Count", std::to_string(events.size())},
    };
    add_order(pipeline, *delivery, headers);
    return headers;
}

std::string batch_body(const std::vector<InBatch>& events, const std::vector<std::string>& results) {
    std::string sequences;
    std::string elements;
    std::string audited;
    std::uint64_t last_audited = 0;
    std::string list;
    std::size_t bytes = 0;
    for (const std::string& result : results) bytes += result.size() + 1;
    list.reserve(bytes);
    for (std::size_t i = 0; i < events.size(); ++i) {
        const char* const comma = i == 0 ? "" : ",";
        sequences.append(comma).append(std::to_string(events[i].first->stream_sequence));
        elements.append(comma).append(std::to_string(events[i].second->element));
        if (const std::uint64_t sequence = events[i].second->settlement.audited;
            sequence > 0 && sequence != last_audited)
            audited.append(audited.empty() ? "" : ",").append(std::to_string(last_audited = sequence));
        list.append(comma).append(results[i]);
    }
    std::string body = "{\"partition\":" + std::to_string(events.front().first->partition) +
                       ",\"first_sequence\":" + std::to_string(events.front().first->stream_sequence) +
                       ",\"last_sequence\":" + std::to_string(events.back().first->stream_sequence) +
                       ",\"count\":" + std::to_string(events.size());
    body.append(",\"sequences\":[").append(sequences).append("],\"elements\":[").append(elements);
    if (!audited.empty()) body.append("],\"audit\":[").append(audited);
    return body.append("],\"results\":[").append(list).append("]}");
}

std::optional<StoredRun> batch_in(const std::vector<Header>& headers) {
    if (header_or_empty(headers, "Millrace-Kind") != kBatchKind) return {};
    return run_between(headers, place_in(headers, "Millrace-First-Sequence", "Millrace-First-Element"),
                       place_in(headers, "Millrace-Last-Sequence", "Millrace-Last-Element"));
}

std::optional<StoredRun> results_in(const settings::Pipeline& pipeline, Partition partition,
                                    const StreamMessage& message) {
    const auto& headers = message.headers;
    if (header_or_empty(headers, "Millrace-Pipeline") != pipeline.name ||
        header_or_empty(headers, "Millrace-Input-Stream") != pipeline.input.stream)
        return {};
    auto run = batch_in(headers);
    if (!run) {
        const auto place = place_in(headers, "Millrace-Input-Sequence", "Millrace-Element");
        run = run_between(headers, place, place);
    }
    if (!run || run->generation != pipeline.generation || run->partition != partition) return {};
    run->place = {Output::result, message.sequence};
    return run;
}

std::string result_in(std::string_view batch, EventPlace place) {
    WantedFields fields;
    const std::size_t sequences = fields.add("sequences");
    const std::size_t elements = fields.add("elements");
    const std::size_t results = fields.add("results");
    if (ElementReader(fields).read(batch)) return {};
    const auto messages = elements_of(fields.at(sequences).raw);
    const auto which = elements_of(fields.at(elements).raw);
    const auto all = elements_of(fields.at(results).raw);
    if (messages.size() != all.size() || which.size() != all.size()) return {};
    const std::string message = std::to_string(place.sequence);
    const std::string element = std::to_string(place.element);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (messages[i] == message && which[i] == element) return std::string(all[i]);
    }
    return {};
}

std::vector<std::uint64_t> audited_in(std::string_view batch) {
    WantedFields fields;
    const std::size_t audit = fields.add("audit");
    std::vector<std::uint64_t> found;
    if (ElementReader(fields).read(batch)) return found;
    for (const std::string_view text : elements_of(fields.at(audit).raw)) {
        std::uint64_t sequence = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
        if (error == std::errc() && stop == text.data() + text.size() && sequence > 0) found.push_back(sequence);
    }
    std::ranges::sort(found);
    const auto [first, last] = std::ranges::unique(found);
    found.erase(first, last);
    return found;
}

}  // namespace millrace::codec
