// Header rules: which of a publisher's headers are passed on, and what may leave at all.
//
// Passed on: traceparent, tracestate and ce-* (names matched without regard to case). Never a Nats-* of the publisher,
// and never a Millrace-*, so lineage cannot be forged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/result.h"

namespace millrace::subjects {

bool is_passed_on(std::string_view name);
// Name: 1 to 64 of [A-Za-z0-9-]. Value: printable ASCII, at most 4096 bytes; no CR, LF, NUL. For what a publisher sent;
// the bytes are refused, not replaced.
bool is_safe_header(const Header& header);
// A value for a header of our own from text we do not control (an endpoint's reason): everything but printable ASCII
// becomes '?', and it is cut at `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 512);

}  // namespace millrace::subjects
