#include "bridge/io/gzip.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/io/curl_endpoint.h"
#include "tests/bridge/io/tiny_server.h"
#include "tests/property.h"

using namespace std::chrono_literals;
using millrace::RequestId;
using millrace::io::CurlEndpoint;
using millrace::io::Gunzip;
using millrace::io::gzip;
using millrace::ports::HttpRequest;
using millrace::ports::HttpResponse;
using millrace::ports::Transport;
using millrace::testing::Connection;
using millrace::testing::Request;
using millrace::testing::TinyServer;

namespace {

constexpr std::string_view kPacked = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n";

// Fed in parts of so many bytes.
Gunzip::Fed unpack(std::string_view packed, std::string& out, std::size_t part, std::uint64_t most = 64 << 20) {
    Gunzip gunzip;
    for (std::size_t at = 0; at < packed.size(); at += part) {
        const auto fed = gunzip.feed(packed.substr(at, part), out, most);
        if (fed != Gunzip::Fed::well) return fed;
    }
    return gunzip.is_whole() ? Gunzip::Fed::well : Gunzip::Fed::broken;
}

HttpResponse ask(const std::string& url, bool packed, std::uint64_t most = 64 << 20) {
    CurlEndpoint endpoint({});
    HttpRequest request;
    request.id = RequestId{1};
    request.url = url;
    request.body = "[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]";
    request.gzip = packed;
    request.timeout = 20s;
    request.connect_timeout = 5s;
    request.max_response_bytes = most;
    endpoint.send(std::move(request));
    std::vector<HttpResponse> out;
    while (out.empty()) endpoint.wait(1s, out);
    return out.front();
}

}  // namespace

TEST_CASE("gzip property: what was packed unpacks to itself, in parts of any size") {
    millrace::holds([] {
        std::string text = *rc::gen::arbitrary<std::string>();
        const auto times = *rc::gen::inRange(1, 400);
        std::string long_text;
        for (int i = 0; i < times; ++i) long_text += text;
        std::string out;
        RC_ASSERT(unpack(gzip(long_text), out, *rc::gen::inRange<std::size_t>(1, 5000)) == Gunzip::Fed::well);
        RC_ASSERT(out == long_text);
    });
}

TEST_CASE("gzip: several members are their texts one behind the other") {
    std::string out;
    CHECK(unpack(gzip("[1,") + gzip("2]"), out, 3) == Gunzip::Fed::well);
    CHECK(out == "[1,2]");
}

TEST_CASE("gzip: a bomb is found before it goes off") {
    const std::string bomb = gzip(std::string(100 << 20, '0'));
    CHECK(bomb.size() < 1 << 20);
    std::string out;
    CHECK(unpack(bomb, out, 64 << 10, 1 << 30) == Gunzip::Fed::too_much);
    CHECK(out.size() < 32 << 20);  // of what one part may become
    out.clear();
    CHECK(unpack(bomb, out, 64 << 10, 5000) == Gunzip::Fed::too_much);
    CHECK(out.size() <= 5000);
    // What is alike row by row is none.
    out.clear();
    CHECK(unpack(gzip(std::string(900'000, '0')), out, 64 << 10) == Gunzip::Fed::well);
}

TEST_CASE("gzip: what is no gzip, and what ends early, is broken") {
    std::string out;
    CHECK(unpack("[0.5]", out, 100) == Gunzip::Fed::broken);
    const std::string whole = gzip("a text that is long enough to be cut somewhere in its middle");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        out.clear();
        CHECK(unpack(whole.substr(0, size), out, 7) == Gunzip::Fed::broken);
    }
    std::string bent = whole;
    bent[bent.size() - 6] = static_cast<char>(bent[bent.size() - 6] ^ 1);  // its checksum
    CHECK(unpack(bent, out, 7) == Gunzip::Fed::broken);
}

TEST_CASE("curl: a packed request says so and unpacks to the body") {
    Request seen;
    TinyServer server([&](const Request& request, Connection& connection) {
        seen = request;
        return connection.answer("[0.5]");
    });
    CHECK(ask(server.url("/score"), true).body == "[0.5]");
    CHECK(seen.head.contains("Content-Encoding: gzip\r\n"));
    CHECK(seen.head.contains("Content-Length: " + std::to_string(seen.body.size())));
    std::string body;
    CHECK(unpack(seen.body, body, 1000) == Gunzip::Fed::well);
    CHECK(body == "[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]");
    CHECK(seen.body.size() < body.size());
    CHECK(ask(server.url("/score"), false).body == "[0.5]");
    CHECK_FALSE(seen.head.contains("Content-Encoding"));
    CHECK(seen.head.contains("Accept-Encoding: gzip\r\n"));
}

TEST_CASE("curl: a packed answer is unpacked, a bomb cut off, and what is no gzip refused") {
    std::string answer;
    TinyServer server([&](const Request&, Connection& connection) { return connection.answer(answer, kPacked); });
    answer = gzip("[0.5,0.25]");
    CHECK(ask(server.url("/score"), false).body == "[0.5,0.25]");
    answer = gzip(std::string(100 << 20, '0'));
    const auto bomb = ask(server.url("/score"), false, 1 << 30);
    CHECK(bomb.transport == Transport::oversized);
    CHECK(bomb.error.contains("200 times its size"));
    CHECK(bomb.body.empty());
    answer = gzip(std::string(900'000, '0'));
    CHECK(ask(server.url("/score"), false, 1 << 10).transport == Transport::oversized);
    answer = "[0.5]";
    CHECK(ask(server.url("/score"), false).error == "the answer is no gzip, though it says so");
    answer = gzip("[0.5,0.25]");
    answer.resize(answer.size() - 4);
    CHECK(ask(server.url("/score"), false).transport == Transport::oversized);
}
