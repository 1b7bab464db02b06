#include "bridge/io/tcp_connect.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace millrace::io {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool wait_for(int fd, short events, steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    pollfd item{fd, events, 0};
    return left.count() > 0 && ::poll(&item, 1, static_cast<int>(left.count())) == 1;
}

// 0, or why not.
int connect_error(int fd, const addrinfo& place, steady_clock::time_point until) {
    if (fd < 0) return errno;
    if (::connect(fd, place.ai_addr, place.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait_for(fd, POLLOUT, until)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

TcpAddress tcp_address(std::string_view url, std::string_view default_port) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
    const auto bracket = url.find(']');
    const auto colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto host = url.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto port = colon == std::string_view::npos ? std::string_view() : url.substr(colon + 1);
    return {std::string(host), std::string(port.empty() ? default_port : port)};
}

TcpSocket::~TcpSocket() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::string> TcpSocket::read_line(std::size_t limit, steady_clock::time_point until) const {
    std::string line;
    while (!line.contains('\n') && line.size() < limit && wait_for(fd_, POLLIN, until)) {
        std::array<char, 4096> some{};
        const auto count = ::recv(fd_, some.data(), some.size(), 0);
        if (count <= 0) break;
        line.append(some.data(), static_cast<std::size_t>(count));
    }
    const auto end = line.find('\n');
    if (end == std::string::npos) return fail(ErrorCode::unavailable, "no line arrived");
    return line.substr(0, end);
}

Result<TcpSocket> tcp_connect(const TcpAddress& address, steady_clock::time_point until) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); error != 0) {
        return fail(ErrorCode::unavailable, "cannot resolve \"" + address.host + "\": " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> places(found, ::freeaddrinfo);
    int error = 0;
    for (const addrinfo* place = found; place != nullptr; place = place->ai_next) {
        const int fd = ::socket(place->ai_family, place->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        TcpSocket socket(fd);
        error = connect_error(fd, *place, until);
        if (error == 0) return socket;
    }
    return fail(ErrorCode::unavailable,
                "cannot connect to " + address.host + ":" + address.port + ": " + std::strerror(error));
}

}  // namespace millrace::io
