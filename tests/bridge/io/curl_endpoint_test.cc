#include "bridge/io/curl_endpoint.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>

#include "tests/bridge/io/tiny_server.h"

using namespace std::chrono_literals;
using millrace::RequestId;
using millrace::io::CurlEndpoint;
using millrace::ports::HttpRequest;
using millrace::ports::HttpResponse;
using millrace::ports::Transport;
using millrace::testing::Connection;
using millrace::testing::Request;
using millrace::testing::TinyServer;

namespace {

HttpRequest request_to(std::string url, std::uint64_t id = 1) {
    HttpRequest request;
    request.id = RequestId{id};
    request.url = std::move(url);
    request.body = "[[1,2]]";
    request.headers = {{"Content-Type", "application/json"}};
    request.timeout = 10s;
    request.connect_timeout = 5s;
    request.max_response_bytes = 1 << 20;
    return request;
}

std::vector<HttpResponse> wait_for(CurlEndpoint& endpoint, std::size_t count) {
    std::vector<HttpResponse> out;
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (out.size() < count && std::chrono::steady_clock::now() < until) endpoint.wait(1s, out);
    REQUIRE(out.size() == count);
    return out;
}

HttpResponse ask(CurlEndpoint& endpoint, HttpRequest request) {
    endpoint.send(std::move(request));
    return std::move(wait_for(endpoint, 1).front());
}

bool echo(const Request& request, Connection& connection) { return connection.answer(request.body); }

}  // namespace

TEST_CASE("curl: a request goes out as it was given and its answer comes back whole") {
    Request seen;
    TinyServer server([&](const Request& request, Connection& connection) {
        seen = request;
        return connection.answer("[0.5]", "HTTP/1.1 200 OK\r\nX-MS-Request-ID:  abc \r\nRetry-After: 3\r\n");
    });
    CurlEndpoint endpoint({});
    auto request = request_to(server.url("/score?v=1"), 7);
    request.headers.emplace_back("Authorization", "Bearer sesame");
    request.headers.emplace_back("X-Empty", "");
    const auto before = std::chrono::system_clock::now();
    const auto response = ask(endpoint, std::move(request));

    CHECK(response.id == RequestId{7});
    CHECK(response.transport == Transport::answered);
    CHECK(response.status == 200);
    CHECK(response.body == "[0.5]");
    CHECK(response.headers ==
          std::vector<millrace::Header>{{"x-ms-request-id", "abc"}, {"retry-after", "3"}, {"content-length", "5"}});
    CHECK(response.error.empty());
    CHECK(response.received_at >= before);
    CHECK(response.elapsed > 0s);
    CHECK(seen.head.starts_with("POST /score?v=1 HTTP/1.1\r\n"));
    CHECK(seen.body == "[[1,2]]");
    CHECK(seen.head.find("Authorization: Bearer sesame\r\n") != std::string::npos);
    CHECK(seen.head.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(seen.head.find("X-Empty:\r\n") != std::string::npos);
    CHECK(seen.head.find("Expect") == std::string::npos);
    CHECK(seen.head.contains("Accept-Encoding: gzip\r\n"));
}

TEST_CASE("curl: requests one after the other share a connection") {
    TinyServer server(echo);
    CurlEndpoint endpoint({});
    for (std::uint64_t i = 0; i < 10; ++i)
        CHECK(ask(endpoint, request_to(server.url(), i)).transport == Transport::answered);
    CHECK(server.requests() == 10);
    CHECK(server.connections() == 1);
}

TEST_CASE("curl: there are never more connections than requests in flight, and answers keep to their requests") {
    TinyServer server([](const Request& request, Connection& connection) {
        std::this_thread::sleep_for(2ms);
        return connection.answer(request.body);
    });
    CurlEndpoint endpoint({.max_connections = 4});
    std::map<std::uint64_t, std::string> answers;
    for (std::uint64_t wave = 0; wave < 10; ++wave) {
        for (std::uint64_t i = 0; i < 4; ++i) {
            auto request = request_to(server.url(), wave * 4 + i);
            request.body = "row " + std::to_string(wave * 4 + i);
            endpoint.send(std::move(request));
        }
        for (auto& response : wait_for(endpoint, 4)) answers[static_cast<std::uint64_t>(response.id)] = response.body;
    }
    CHECK(answers.size() == 40);
    for (const auto& [id, body] : answers) CHECK(body == "row " + std::to_string(id));
    CHECK(server.connections() <= 4);
}

TEST_CASE("curl: a redirect is an answer, and its target is never asked") {
    TinyServer canary(echo);
    TinyServer server([&](const Request&, Connection& connection) {
        return connection.answer("", "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + canary.url() + "\r\n");
    });
    CurlEndpoint endpoint({});
    const auto response = ask(endpoint, request_to(server.url()));
    CHECK(response.transport == Transport::answered);
    CHECK(response.status == 307);
    CHECK(canary.connections() == 0);
}

TEST_CASE("curl: no answer by the deadline is a timeout, and one that trickles is one too") {
    TinyServer server([](const Request& request, Connection& connection) {
        if (request.path() == "/trickle") connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (!connection.stopping() && (request.path() != "/trickle" || connection.write("x")))
            std::this_thread::sleep_for(10ms);
        return false;
    });
    CurlEndpoint endpoint({});
    for (const auto* path : {"/silent", "/trickle"}) {
        auto request = request_to(server.url(path));
        request.timeout = 200ms;
        const auto response = ask(endpoint, std::move(request));
        CHECK(response.transport == Transport::timed_out);
        CHECK(response.body.empty());
        CHECK_FALSE(response.error.empty());
        CHECK(response.elapsed >= 190ms);
        CHECK(response.elapsed < 5s);
    }
}

TEST_CASE("curl: a connection that cannot be made in time is no timeout of the request") {
    // A listener whose queue is full accepts nothing more: the connect hangs.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener, 0) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    std::vector<int> fillers;
    for (int i = 0; i < 4; ++i) {
        fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        static_cast<void>(::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size));
    }
    CurlEndpoint endpoint({});
    auto request = request_to("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
    request.connect_timeout = 200ms;
    CHECK(ask(endpoint, std::move(request)).transport == Transport::unreachable);
    for (const int fd : fillers) ::close(fd);
    ::close(listener);
}

TEST_CASE("curl: answers over a cap are cut off: endless body, announced body, header flood, one huge header") {
    std::atomic<std::uint64_t> sent = 0;
    TinyServer server([&](const Request& request, Connection& connection) {
        const std::string kilobyte(1024, 'x');
        if (request.path() == "/announced")
            return connection.write("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
        connection.write("HTTP/1.1 200 OK\r\n");
        if (request.path() == "/endless") connection.write("\r\n");
        if (request.path() == "/line") connection.write("X-Flood: ");
        const std::string part = request.path() == "/flood" ? "X-Flood: " + kilobyte + "\r\n" : kilobyte;
        while (!connection.stopping() && connection.write(part)) sent += part.size();
        return false;
    });
    CurlEndpoint endpoint({});
    for (const auto* path : {"/endless", "/announced", "/flood", "/line"}) {
        CAPTURE(path);
        auto request = request_to(server.url(path));
        request.max_response_bytes = 100'000;
        const auto response = ask(endpoint, std::move(request));
        CHECK(response.transport == Transport::oversized);
        CHECK(response.body.empty());
        CHECK(response.error.find("100000") != std::string::npos);
    }
    CHECK(sent < 64u << 20);
}

TEST_CASE("curl: a body of exactly the cap is whole") {
    TinyServer server([](const Request&, Connection& connection) { return connection.answer(std::string(1000, 'y')); });
    CurlEndpoint endpoint({});
    auto request = request_to(server.url());
    request.max_response_bytes = 1000;
    CHECK(ask(endpoint, std::move(request)).body.size() == 1000);
}

TEST_CASE("curl: refused, closed without a word, closed inside headers or body: all unreachable, nothing partial") {
    TinyServer server([](const Request& request, Connection& connection) {
        if (request.path() == "/header") connection.write("HTTP/1.1 200 OK\r\nX-Half: 1");
        if (request.path() == "/body") connection.write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[1,2");
        if (request.path() == "/chunk")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,");
        if (request.path() == "/garbage") connection.write("hello\r\n\r\n");
        return false;
    });
    std::string nobody;
    {
        TinyServer gone(echo);
        nobody = gone.url();
    }
    CurlEndpoint endpoint({});
    for (const auto& url : {nobody, server.url("/silent"), server.url("/header"), server.url("/body"),
                            server.url("/chunk"), server.url("/garbage"), std::string("ftp://127.0.0.1/x"),
                            std::string("file:///etc/passwd"), std::string("http://user:pw@127.0.0.1/")}) {
        CAPTURE(url);
        const auto response = ask(endpoint, request_to(url));
        CHECK(response.transport == Transport::unreachable);
        CHECK(response.body.empty());
        CHECK_FALSE(response.error.empty());
    }
}

TEST_CASE("curl: an interim answer and trailers do not leak into the headers") {
    TinyServer server([](const Request&, Connection& connection) {
        return connection.write(
            "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Final: 1\r\n\r\n"
            "2\r\nok\r\n0\r\nRetry-After: 9\r\n\r\n");
    });
    CurlEndpoint endpoint({});
    const auto response = ask(endpoint, request_to(server.url()));
    CHECK(response.status == 200);
    CHECK(response.body == "ok");
    CHECK(response.headers == std::vector<millrace::Header>{{"transfer-encoding", "chunked"}, {"x-final", "1"}});
}

TEST_CASE("curl: a header that would break the framing is answered without sending, and not quoted") {
    TinyServer server(echo);
    CurlEndpoint endpoint({});
    for (const millrace::Header& bad : {millrace::Header{"Authorization", "Bearer sesame\r\nX-Forged: 1"},
                                        millrace::Header{"X Y", "1"}, millrace::Header{"", "sesame"}}) {
        auto request = request_to(server.url(), 3);
        request.headers.push_back(bad);
        const auto response = ask(endpoint, std::move(request));
        CHECK(response.id == RequestId{3});
        CHECK(response.transport == Transport::unreachable);
        CHECK(response.error.find("sesame") == std::string::npos);
        CHECK(response.error.find("nothing was sent") != std::string::npos);
    }
    CHECK(server.requests() == 0);
}

TEST_CASE("curl: a wait ends when woken from another thread, also when woken before it began") {
    CurlEndpoint endpoint({});
    std::vector<HttpResponse> out;
    const auto begin = std::chrono::steady_clock::now();
    std::thread other([&] {
        std::this_thread::sleep_for(50ms);
        endpoint.wake();
    });
    endpoint.wait(30s, out);
    other.join();
    CHECK(std::chrono::steady_clock::now() - begin < 10s);

    endpoint.wake();
    endpoint.wait(30s, out);
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    CHECK(out.empty());
}

TEST_CASE("curl: a look that does not block leaves a wake to the next wait") {
    CurlEndpoint endpoint({});
    std::vector<HttpResponse> out;
    const auto begin = std::chrono::steady_clock::now();
    endpoint.wake();
    endpoint.wait(0ms, out);
    endpoint.wait(30s, out);
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("curl: a wait without traffic lasts as long as it was told") {
    CurlEndpoint endpoint({});
    std::vector<HttpResponse> out;
    const auto begin = std::chrono::steady_clock::now();
    endpoint.wait(60ms, out);
    CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
}

TEST_CASE("curl: after cancel_all nothing comes back, and the endpoint works on") {
    TinyServer server([](const Request& request, Connection& connection) {
        if (request.path() == "/slow") std::this_thread::sleep_for(100ms);
        return connection.answer("fine");
    });
    CurlEndpoint endpoint({});
    std::vector<HttpResponse> out;
    for (std::uint64_t i = 0; i < 3; ++i) endpoint.send(request_to(server.url("/slow"), i));
    endpoint.wait(10ms, out);
    endpoint.cancel_all();
    endpoint.wait(200ms, out);
    CHECK(out.empty());
    CHECK(ask(endpoint, request_to(server.url("/fast"))).body == "fine");
}

TEST_CASE("curl: the environment and netrc say nothing to it") {
    TinyServer proxy([](const Request&, Connection& connection) { return connection.answer("from the proxy"); });
    std::string head;
    TinyServer server([&](const Request& request, Connection& connection) {
        head = request.head;
        return connection.answer("direct");
    });
    const std::string home = std::string(::getenv("TMPDIR") != nullptr ? ::getenv("TMPDIR") : "/tmp") + "/netrc-" +
                             std::to_string(::getpid());
    REQUIRE(std::system(
                ("mkdir -p " + home + " && echo 'machine 127.0.0.1 login canary password canary' > " + home + "/.netrc")
                    .c_str()) == 0);
    for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::setenv(name, proxy.url("").c_str(), 1);
    const std::string old_home = ::getenv("HOME") != nullptr ? ::getenv("HOME") : "/";
    ::setenv("HOME", home.c_str(), 1);
    {
        CurlEndpoint endpoint({});
        CHECK(ask(endpoint, request_to(server.url())).body == "direct");
    }
    for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    ::setenv("HOME", old_home.c_str(), 1);
    REQUIRE(std::system(("rm -r " + home).c_str()) == 0);
    CHECK(proxy.connections() == 0);
    CHECK(head.find("Authorization") == std::string::npos);
}
