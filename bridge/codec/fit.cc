#include "bridge/codec/fit.h"

#include <openssl/evp.h>

#include <array>

#include "bridge/base/check.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/lineage.h"

namespace millrace::codec {
namespace {

constexpr std::size_t kMaxHeaderBlock = 65535;  // nats-server's own limit

std::string sha256_hex(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    MILLRACE_CHECK(done == 1, "SHA-256 is always there");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += kHex[digest[i] >> 4];
        hex += kHex[digest[i] & 15];
    }
    return hex;
}

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
           ",\"sha256\":\"" + sha256_hex(event.text) + "\"}";
}

}  // namespace millrace::codec
