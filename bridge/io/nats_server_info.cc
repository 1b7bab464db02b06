// The greeting of a NATS server, read over a plain socket: libnats keeps it to itself. It comes before TLS and login,
// unless the server insists on TLS first.
#include "bridge/io/nats_admin.h"
#include "bridge/io/tcp_connect.h"

namespace millrace::io {

namespace {

constexpr std::size_t kMaxGreeting = 64 << 10;
constexpr std::string_view kInfo = "INFO ";

}  // namespace

Result<ServerInfo> read_server_info(const std::string& url, std::chrono::milliseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    const auto socket = tcp_connect(tcp_address(url, "4222"), until);
    if (!socket) return std::unexpected(socket.error());
    const auto line = socket->read_line(kMaxGreeting, until);
    if (!line || !line->starts_with(kInfo))
        return fail(ErrorCode::unavailable, "the server sent no greeting (is this a NATS server?)");
    return parse_server_info(std::string_view(*line).substr(kInfo.size()));
}

}  // namespace millrace::io
