// A plain TCP connection with a deadline: to see whether somebody listens, and to read a greeting. Blocks.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace millrace::io {

struct TcpAddress {
    std::string host;
    std::string port;
};

// scheme://[user[:password]@]host[:port][/…]; the host may be [v6].
TcpAddress tcp_address(std::string_view url, std::string_view default_port);

class TcpSocket {
  public:
    TcpSocket() = default;
    explicit TcpSocket(int fd) : fd_(fd) {}
    TcpSocket(TcpSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    TcpSocket& operator=(TcpSocket&&) = delete;
    ~TcpSocket();

    // What arrives up to and without the first line end, at most `limit` bytes.
    Result<std::string> read_line(std::size_t limit, std::chrono::steady_clock::time_point until) const;

  private:
    int fd_ = -1;
};

Result<TcpSocket> tcp_connect(const TcpAddress& address, std::chrono::steady_clock::time_point until);

}  // namespace millrace::io
