#include "bridge/settings/settings.h"

#include <doctest/doctest.h>

namespace millrace::settings {

namespace {

std::uint32_t pending(std::uint32_t batch, std::uint32_t parallel, std::uint32_t configured = 0) {
    Pipeline pipeline;
    pipeline.endpoint.max_batch_count = batch;
    pipeline.endpoint.parallel_requests_per_partition = parallel;
    pipeline.input.max_ack_pending = configured;
    return effective_max_ack_pending(pipeline);
}

}  // namespace

TEST_CASE("settings: unless configured, four full rounds of requests may be unacked, between 1000 and a million") {
    CHECK(pending(500, 2) == 4000);
    CHECK(pending(10'000, 4) == 160'000);
    CHECK(pending(1, 1) == 1000);
    CHECK(pending(10'000, 1000) == 1'000'000);
    CHECK(pending(65'536, 16'384) == 1'000'000);  // 2^32, which wraps nowhere
}

TEST_CASE("settings: what is configured counts as it is") {
    CHECK(pending(500, 2, 7) == 7);
    CHECK(pending(500, 2, 5'000'000) == 5'000'000);
}

TEST_CASE("settings: each partition has a durable of its own") {
    Pipeline pipeline;
    pipeline.name = "trip-fares";
    CHECK(consumer_name(pipeline, 0) == "trip-fares-p0");
    CHECK(consumer_name(pipeline, 12) == "trip-fares-p12");
}

}  // namespace millrace::settings
