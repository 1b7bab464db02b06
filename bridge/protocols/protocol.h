// Protocol: how rows become a request body, and how a response becomes an Answer.
//
// One file per protocol, one line in registry.cc, one test; the conformance test runs over everything registered.
// Thread: one shard's (an implementation may keep a parser). Pure otherwise: no clock, no socket, no log.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/outcome.h"
#include "bridge/base/time.h"

namespace millrace::protocols {

struct Encoded {
    std::string body;
    std::vector<Header> headers;  // content type and whatever the protocol wants beside it
};

struct Response {
    int status = 0;
    std::span<const Header> headers;  // names in lower case
    std::string_view body;
    ServerTime received_at{};  // wall clock, for a Retry-After that is a date and a response without Date
};

class Protocol {
  public:
    virtual ~Protocol() = default;

    // `rows` are raw JSON texts, at least one.
    [[nodiscard]] virtual Encoded encode(std::span<const std::string_view> rows) const = 0;
    // Total: every response gives an Answer, and `scored` only with exactly `rows` results, each a whole JSON value.
    [[nodiscard]] virtual Answer decode(const Response& response, std::size_t rows) = 0;
};

}  // namespace millrace::protocols
