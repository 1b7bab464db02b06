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

TEST_CASE("settings: an owned partition has a consumer for each position, and those before it are told by name") {
    Pipeline pipeline;
    pipeline.name = "trip-fares";
    const Position position{1, 20, 3, 77};
    CHECK(consumer_name(pipeline, position) == "trip-fares-p1-20-3");
    const auto is_earlier = [&](std::string_view name) { return is_earlier_consumer(pipeline, position, name); };
    for (const auto* name : {"trip-fares-p1-20-2", "trip-fares-p1-19-9", "trip-fares-p1-9-100", "trip-fares-p1-0-0"})
        CHECK_MESSAGE(is_earlier(name), name);
    for (const auto* name :
         {"trip-fares-p1-20-3", "trip-fares-p1-20-4", "trip-fares-p1-21-1", "trip-fares-p1", "trip-fares-p1-",
          "trip-fares-p1-1", "trip-fares-p1-1-", "trip-fares-p1-1-1-1", "trip-fares-p1-1-1-p0", "trip-fares-p1-01-1",
          "trip-fares-p1-1-x", "trip-fares-p1--1-1", "trip-fares-p1-99999999999999999999-1", "trip-fares-p0-1-1",
          "trip-fares-p11-1-1", "other-p1-1-1", ""})
        CHECK_MESSAGE(!is_earlier(name), name);
}

}  // namespace millrace::settings
