// The greeting of a NATS server, read over a plain socket: libnats keeps it to itself. It comes before TLS and login,
// unless the server insists on TLS first.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "bridge/io/nats_admin.h"

namespace millrace::io {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxGreeting = 64 << 10;

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

struct Address {
    std::string host;
    std::string port = "4222";
};

// scheme://[user[:password]@]host[:port]; the host may be [v6].
Address address_in(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
    url = url.substr(0, url.find('/'));
    Address out;
    const auto bracket = url.find(']');
    const auto colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
    out.host = url.substr(0, colon);
    if (colon != std::string_view::npos) out.port = url.substr(colon + 1);
    if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
    return out;
}

bool wait_for(int fd, short events, steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    pollfd item{fd, events, 0};
    return left.count() > 0 && ::poll(&item, 1, static_cast<int>(left.count())) == 1;
}

bool connect_to(int fd, const addrinfo& place, steady_clock::time_point until) {
    if (::connect(fd, place.ai_addr, place.ai_addrlen) == 0) return true;
    int error = 0;
    socklen_t size = sizeof error;
    return errno == EINPROGRESS && wait_for(fd, POLLOUT, until) &&
           ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

Result<std::string> first_line(int fd, steady_clock::time_point until) {
    std::string line;
    while (!line.contains('\n') && line.size() < kMaxGreeting && wait_for(fd, POLLIN, until)) {
        std::array<char, 4096> some{};
        const auto count = ::recv(fd, some.data(), some.size(), 0);
        if (count <= 0) break;
        line.append(some.data(), static_cast<std::size_t>(count));
    }
    if (!line.starts_with("INFO ") || !line.contains('\n'))
        return fail(ErrorCode::unavailable, "the server sent no greeting (is this a NATS server?)");
    return line.substr(5, line.find('\n') - 5);
}

}  // namespace

Result<ServerInfo> read_server_info(const std::string& url, milliseconds timeout) {
    const auto until = steady_clock::now() + timeout;
    const Address address = address_in(url);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); error != 0) {
        return fail(ErrorCode::unavailable, "cannot resolve \"" + address.host + "\": " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> places(found, ::freeaddrinfo);
    for (const addrinfo* place = found; place != nullptr; place = place->ai_next) {
        const Socket socket(::socket(place->ai_family, place->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (socket.fd() < 0 || !connect_to(socket.fd(), *place, until)) continue;
        const auto line = first_line(socket.fd(), until);
        if (!line) return std::unexpected(line.error());
        return parse_server_info(*line);
    }
    return fail(ErrorCode::unavailable, "nobody listens on " + address.host + ":" + address.port);
}

}  // namespace millrace::io
