// TinyServer: an HTTP/1.1 server for tests on a free loopback port, one thread per connection. The test says what comes
// back for a request as raw bytes, so it can misbehave in every way; it counts connections and requests.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace millrace::testing {

struct Request {
    std::string head;  // request line and headers
    std::string body;
    [[nodiscard]] std::string path() const {
        const auto from = head.find(' ') + 1;
        return head.substr(from, head.find(' ', from) - from);
    }
};

// What a connection's bytes go through; TLS replaces it.
struct Wire {
    std::function<long(char*, std::size_t)> read;
    std::function<long(const char*, std::size_t)> write;
};

inline Wire plain(int fd) {
    return {[fd](char* to, std::size_t room) { return ::recv(fd, to, room, 0); },
            [fd](const char* from, std::size_t size) { return ::send(fd, from, size, MSG_NOSIGNAL); }};
}

class Connection {
  public:
    Connection(Wire wire, const std::atomic<bool>& stop) : wire_(std::move(wire)), stop_(stop) {}
    // False when the peer is gone.
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const long sent = wire_.write(bytes.data(), bytes.size());
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    bool answer(std::string_view body, std::string_view head = "HTTP/1.1 200 OK\r\n") {
        return write(std::string(head) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                     std::string(body));
    }
    bool read(Request& request) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return false;
        }
        request.head = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        const auto at = request.head.find("Content-Length: ");
        const std::size_t size = at == std::string::npos ? 0 : std::stoul(request.head.substr(at + 16));
        while (buffer_.size() < size) {
            if (!fill()) return false;
        }
        request.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return true;
    }
    [[nodiscard]] bool stopping() const { return stop_; }

  private:
    bool fill() {
        std::array<char, 4096> chunk{};
        const long got = wire_.read(chunk.data(), chunk.size());
        if (got <= 0) return false;
        buffer_.append(chunk.data(), static_cast<std::size_t>(got));
        return true;
    }
    Wire wire_;
    const std::atomic<bool>& stop_;
    std::string buffer_;
};

class TinyServer {
  public:
    // Answers one request; false closes the connection.
    using Serve = std::function<bool(const Request&, Connection&)>;
    using Wrap = std::function<Wire(int fd)>;  // may give a Wire without functions: refused

    explicit TinyServer(Serve serve, Wrap wrap = plain) : serve_(std::move(serve)), wrap_(std::move(wrap)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("no loopback port");
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~TinyServer() {
        stop_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
    }
    TinyServer(const TinyServer&) = delete;
    TinyServer& operator=(const TinyServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/score") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int requests() const { return requests_; }

  private:
    void accept_all() {
        while (true) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            ++connections_;
            const std::lock_guard lock(mutex_);
            open_.push_back(fd);
            threads_.emplace_back([this, fd] { talk(fd); });
        }
    }
    void talk(int fd) {
        if (Wire wire = wrap_(fd); wire.read) {
            Connection connection(std::move(wire), stop_);
            Request request;
            while (connection.read(request)) {
                ++requests_;
                if (!serve_(request, connection)) break;
            }
        }
        const std::lock_guard lock(mutex_);
        std::erase(open_, fd);
        ::close(fd);
    }

    Serve serve_;
    Wrap wrap_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stop_ = false;
    std::atomic<int> connections_ = 0;
    std::atomic<int> requests_ = 0;
    std::mutex mutex_;
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace millrace::testing
