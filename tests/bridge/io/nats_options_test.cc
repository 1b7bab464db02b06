#include "bridge/io/nats_options.h"

#include <doctest/doctest.h>
#include <nats/nats.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "bridge/io/nats_replies.h"

using namespace millrace;
using namespace millrace::io;

namespace {
// What OpenSSL would read authorities from after it was spared them, where there was "mine" before.
std::string authorities_of(const settings::Nats& nats) {
    setenv("SSL_CERT_FILE", "mine", 1);  // NOLINT(concurrency-mt-unsafe)
    spare_authorities(nats);
    std::string found = std::getenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe)
    unsetenv("SSL_CERT_FILE");                         // NOLINT(concurrency-mt-unsafe)
    return found;
}
}  // namespace

TEST_CASE("nats options: authorities are spared where a client that would read them has no TLS, and nowhere else") {
    const bool reads_them = nats_GetVersionNumber() < ((3u << 16) | (11u << 8));
    settings::Nats nats;
    nats.urls = {"nats://127.0.0.1:4222"};
    CHECK(authorities_of(nats) == (reads_them ? "/dev/null" : "mine"));
    nats.urls = {"nats://127.0.0.1:4222", "tls://127.0.0.1:4223"};
    CHECK(authorities_of(nats) == "mine");
    nats.urls = {"nats://127.0.0.1:4222"};
    nats.tls.enabled = true;
    CHECK(authorities_of(nats) == "mine");
}

TEST_CASE("sent subjects: the last 4,096 are remembered, each until it was denied") {
    SentSubjects sent;
    for (std::uint64_t number = 1; number <= 5000; ++number) sent.add(number, "results.acme");
    sent.add(5001, "results.borealis");
    const auto denied = sent.take({"results.acme"});
    CHECK(denied.size() == 4095);
    CHECK(std::ranges::min(denied) == 906);
    CHECK(std::ranges::max(denied) == 5000);
    CHECK(sent.take({"results.acme"}).empty());
    CHECK(sent.take({"results.borealis"}) == std::vector<std::uint64_t>{5001});
}
