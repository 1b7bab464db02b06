// Whether a message fits, and what stands for an event that does not. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"

namespace millrace::codec {

// Why the headers and that many bytes of payload cannot be sent; empty when they can.
std::string misfit(const std::vector<Header>& headers, std::size_t payload_bytes, std::size_t max_bytes);

// Stands for an event that is too long for its message: enough to find it in the input stream and to know it again.
std::string stand_in(std::string_view stream, const Delivery& delivery, const Event& event);

}  // namespace millrace::codec
