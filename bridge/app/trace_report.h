// What `millrace trace` found, read from the messages themselves and made into text or JSON. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"

namespace millrace::app {

// A message of a stream.
struct Traced {
    std::string stream;
    StreamMessage message;
};

// What a message of Millrace's says about where it comes from.
struct Origin {
    std::string pipeline;
    std::string tenant;
    std::string kind;  // result, dead letter, bypassed, late, difference, results, aggregate, summary
    std::string input_stream;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;     // the same where it is of one event
    std::optional<std::string> element;  // where it is of one event
    std::vector<std::uint64_t> audited;  // sequences of the audit messages that tell of its requests

    [[nodiscard]] bool is_of_one_event() const { return element.has_value(); }
};
// Fails for what is no message of Millrace's about events.
Result<Origin> origin_of(const StreamMessage& message);

// What an audit message says of a request.
struct Request {
    std::string id;
    std::string address;
    std::string deployment;
    std::uint64_t status = 0;
    std::string at;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::uint64_t count = 0;
    std::vector<std::string> tenants;
    std::string text;  // all of it
};
Result<Request> request_in(const StreamMessage& message);
// Whether the audit message tells of the result.
bool tells_of(const Request& request, const Origin& origin, const StreamMessage& result);

struct AuditedBy {
    Traced message;
    Request request;
};

struct TraceReport {
    Traced result;
    Origin origin;
    std::optional<Traced> input;
    std::vector<AuditedBy> audit;
    std::vector<std::string> gaps;  // what is not known, and why
};
std::string text(const TraceReport& report);
std::string json(const TraceReport& report);

}  // namespace millrace::app
