#include "bridge/io/admin.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>

using namespace std::chrono_literals;
using millrace::Snapshot;
using millrace::Time;
using millrace::io::Admin;
using millrace::io::Metrics;
using millrace::io::ShardStatus;

namespace {

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

// Sends raw bytes, reads until the server closes.
std::string talk(int port, const std::string& bytes) {
    const int fd = connect_to(port);
    REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<long>(bytes.size()));
    std::string answer;
    std::array<char, 4096> part{};
    for (long got = 0; (got = ::recv(fd, part.data(), part.size(), 0)) > 0;)
        answer.append(part.data(), static_cast<std::size_t>(got));
    ::close(fd);
    return answer;
}

std::string ask(const Admin& admin, const std::string& target, const std::string& method = "GET") {
    return talk(admin.port(), method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

struct World {
    Metrics metrics{{}};
    millrace::ports::Observer& shard = metrics.add_shard("fares");
    std::atomic<std::chrono::seconds> now{3600s};
    std::unique_ptr<Admin> admin =
        std::move(*Admin::start("127.0.0.1:0", {[this] { return metrics.text(); }, [this] { return metrics.shards(); },
                                                [this] { return Time{now.load()}; }}));

    void publish(bool connected) {
        Snapshot s;
        s.at = Time{now.load()};
        s.connected = connected;
        s.partitions = s.bound = 1;
        shard.publish(s);
    }
};

}  // namespace

TEST_CASE("admin: /metrics is the Prometheus text") {
    World world;
    world.shard.acked();
    const auto answer = ask(*world.admin, "/metrics");
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(answer.find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
    CHECK(answer.find("\nmillrace_acks_total{pipeline=\"fares\"} 1\n") != std::string::npos);
}

TEST_CASE("admin: live, ready and started follow the shard, each in its way") {
    World world;
    CHECK(ask(*world.admin, "/livez").starts_with("HTTP/1.1 200 "));
    CHECK(ask(*world.admin, "/startupz").starts_with("HTTP/1.1 503 "));
    CHECK(ask(*world.admin, "/readyz").starts_with("HTTP/1.1 503 "));

    world.publish(false);
    CHECK(ask(*world.admin, "/livez").starts_with("HTTP/1.1 200 "));
    CHECK(ask(*world.admin, "/startupz").starts_with("HTTP/1.1 200 "));
    CHECK(ask(*world.admin, "/readyz").ends_with("\r\n\r\nnot ready\n"));
    CHECK(ask(*world.admin, "/readyz?verbose").find("[-] fares/0 connected: no connection to NATS") !=
          std::string::npos);

    world.publish(true);
    CHECK(ask(*world.admin, "/readyz").starts_with("HTTP/1.1 200 "));
    CHECK(ask(*world.admin, "/readyz?verbose=1").ends_with("[+] fares/0 not draining\nready\n"));

    world.now = 3611s;  // eleven seconds without a turn
    CHECK(ask(*world.admin, "/livez").starts_with("HTTP/1.1 503 "));
    CHECK(ask(*world.admin, "/readyz").starts_with("HTTP/1.1 503 "));
    CHECK(ask(*world.admin, "/startupz").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("admin: HEAD has no body, other methods are refused, other paths are not found") {
    World world;
    const auto head = ask(*world.admin, "/livez", "HEAD");
    CHECK(head.starts_with("HTTP/1.1 200 "));
    CHECK(head.ends_with("\r\n\r\n"));
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
        CAPTURE(method);
        const auto refused = ask(*world.admin, "/metrics", method);
        CHECK(refused.starts_with("HTTP/1.1 405 "));
        CHECK(refused.find("Allow: GET, HEAD") != std::string::npos);
    }
    for (const std::string path : {"/", "/metrics/", "/../etc/passwd", "/livez%2f", "//livez"}) {
        CAPTURE(path);
        CHECK(ask(*world.admin, path).starts_with("HTTP/1.1 404 "));
    }
    const auto body = talk(world.admin->port(), "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(body.starts_with("HTTP/1.1 405 "));
}

TEST_CASE("admin: a flood of headers is refused and a crowd of idle connections does not grow without end") {
    World world;
    std::string flood = "GET /livez HTTP/1.1\r\nHost: x\r\n";
    while (flood.size() < 64 << 10) flood += "X-Flood: 0123456789\r\n";
    const int fd = connect_to(world.admin->port());
    static_cast<void>(::send(fd, flood.data(), flood.size(), MSG_NOSIGNAL));
    std::array<char, 4096> part{};
    const long got = ::recv(fd, part.data(), part.size(), 0);
    CHECK(std::string(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0).find(" 200 ") == std::string::npos);
    ::close(fd);

    std::vector<int> idle;
    for (int i = 0; i < 100; ++i) idle.push_back(connect_to(world.admin->port()));
    for (const int each : idle) ::close(each);
    for (int tries = 0; tries < 100 && !ask(*world.admin, "/livez").starts_with("HTTP/1.1 200 "); ++tries)
        ::usleep(20'000);
    CHECK(ask(*world.admin, "/livez").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("admin: a listen address that cannot be used is an error that says why") {
    const Admin::Sources none{[] { return std::string(); }, [] { return std::vector<ShardStatus>(); },
                              [] { return Time{}; }};
    for (const std::string bad : {"9465", ":9465", "localhost", "example.com:80", "127.0.0.1:http", "127.0.0.1:"}) {
        CAPTURE(bad);
        const auto result = Admin::start(bad, none);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == millrace::ErrorCode::invalid);
        CHECK(result.error().text.find("\"" + bad + "\"") != std::string::npos);
    }
    const auto first = Admin::start("127.0.0.1:0", none);
    REQUIRE(first);
    const auto taken = "127.0.0.1:" + std::to_string((*first)->port());
    const auto second = Admin::start(taken, none);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find(taken) != std::string::npos);
    CHECK(Admin::start("localhost:0", none));
}

// The server closes first, so its port keeps a connection in TIME_WAIT for a minute: a restarted bridge must not care.
TEST_CASE("admin: the port can be had again at once after a stop") {
    const Admin::Sources none{[] { return std::string(); }, [] { return std::vector<ShardStatus>(); },
                              [] { return Time{}; }};
    auto first = Admin::start("127.0.0.1:0", none);
    REQUIRE(first);
    const auto listen = "127.0.0.1:" + std::to_string((*first)->port());
    CHECK(ask(**first, "/livez").starts_with("HTTP/1.1 200 "));
    first->reset();
    CHECK(Admin::start(listen, none));
}
