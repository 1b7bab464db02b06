#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "bridge/io/curl_endpoint.h"
#include "tests/bridge/io/tls_wire.h"

using namespace std::chrono_literals;
using millrace::ports::HttpResponse;
using millrace::ports::Transport;
using millrace::testing::Connection;
using millrace::testing::Request;
using millrace::testing::TestTls;
using millrace::testing::TinyServer;

namespace {

struct File {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("tls-test-" + std::to_string(::getpid()) + ".pem");
    ~File() { std::filesystem::remove(path); }
};

HttpResponse ask(const TinyServer& server, const std::string& ca_file) {
    std::signal(SIGPIPE, SIG_IGN);  // the server side writes through OpenSSL
    millrace::io::CurlEndpoint endpoint({});
    millrace::ports::HttpRequest request;
    request.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    request.timeout = request.connect_timeout = 10s;
    request.max_response_bytes = 1000;
    request.tls.ca_file = ca_file;
    endpoint.send(request);
    std::vector<HttpResponse> out;
    while (out.empty()) endpoint.wait(1s, out);
    return out.front();
}

bool yes(const Request&, Connection& connection) { return connection.answer("yes"); }

}  // namespace

TEST_CASE("curl: a certificate nobody vouches for is refused, and the ca_file vouches") {
    const File file;
    const TestTls tls("IP:127.0.0.1", file.path);
    TinyServer server(yes, tls.wrap());
    const auto distrusted = ask(server, "");
    CHECK(distrusted.transport == Transport::unreachable);
    CHECK(distrusted.error.find("certificate") != std::string::npos);
    CHECK(server.requests() == 0);
    const auto trusted = ask(server, file.path);
    CHECK(trusted.transport == Transport::answered);
    CHECK(trusted.body == "yes");
}

TEST_CASE("curl: a trusted certificate of another host is refused") {
    const File file;
    const TestTls tls("DNS:elsewhere.example", file.path);
    TinyServer server(yes, tls.wrap());
    CHECK(ask(server, file.path).transport == Transport::unreachable);
    CHECK(server.requests() == 0);
}

TEST_CASE("curl: TLS below 1.2 is refused") {
    const File file;
    const TestTls tls("IP:127.0.0.1", file.path, TLS1_1_VERSION);
    TinyServer server(yes, tls.wrap());
    CHECK(ask(server, file.path).transport == Transport::unreachable);
    CHECK(server.requests() == 0);
}
