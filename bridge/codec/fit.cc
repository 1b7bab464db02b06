#include "bridge/codec/fit.h"

#include "bridge/base/digest.h"
#include "bridge/base/text.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/lineage.h"

namespace millrace::codec {
namespace {

constexpr std::size_t kMaxHeaderBlock = 65535;  // nats-server's own limit

}  // namespace

std::string misfit(const std::vector<Header>& headers, std::size_t payload_bytes, std::size_t max_bytes) {
    const auto block = wire_size(headers);
    if (block > kMaxHeaderBlock) {
        return "headers of " + std::to_string(block) + " bytes, the server takes " + std::to_string(kMaxHeaderBlock);
    }
    if (block + payload_bytes <= max_bytes) return {};
    return "message of " + std::to_string(block + payload_bytes) + " bytes, the limit is " + std::to_string(max_bytes);
}

std::string stand_in(std::string_view stream, const Delivery& delivery, const Event& event) {
    return "{\"truncated\":true,\"stream\":" + quoted(stream) +
           ",\"sequence\":" + std::to_string(delivery.stream_sequence) +
           ",\"element\":" + std::to_string(event.element) + ",\"length\":" + std::to_string(event.text.size()) +
           ",\"sha256\":\"" + hex(sha256(event.text)) + "\"}";
}

}  // namespace millrace::codec
