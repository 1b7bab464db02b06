#include "bridge/io/nats_bind.h"

#include <doctest/doctest.h>

#include "bridge/io/nats_outputs.h"
#include "bridge/io/nats_position.h"

using millrace::io::ConsumerFound;
using millrace::io::is_behind;
using millrace::io::StreamFound;

TEST_CASE("bind: a stream that ends before what its consumer delivered is behind") {
    StreamFound stream;
    stream.last_sequence = 90;
    ConsumerFound consumer;
    consumer.deliveries = 40;
    consumer.delivered_sequence = 90;
    CHECK_FALSE(is_behind(stream, consumer));
    consumer.delivered_sequence = 91;
    CHECK(is_behind(stream, consumer));
}

TEST_CASE("bind: a consumer that is to start beyond the end of the stream is not") {
    StreamFound stream;
    stream.last_sequence = 10;
    ConsumerFound consumer;
    consumer.deliveries = 0;
    consumer.delivered_sequence = 999;
    CHECK_FALSE(is_behind(stream, consumer));
}

TEST_CASE("state: only a stream that keeps everything until it is told otherwise") {
    StreamFound stream;
    stream.retention = "limits";
    stream.discard = "new";
    CHECK(millrace::io::unfit_for_state(stream).empty());
    std::string word;
    SUBCASE("age") {
        stream.max_age = std::chrono::hours(1000);
        word = "max_age: 0";
    }
    SUBCASE("count") {
        stream.max_msgs_per_subject = 100;
        word = "max_msgs_per_subject: -1";
    }
    SUBCASE("room") {
        stream.discard = "old";
        word = "discard: new";
    }
    SUBCASE("readers") {
        stream.retention = "interest";
        word = "retention: limits";
    }
    CHECK(millrace::io::unfit_for_state(stream).contains(word));
}

TEST_CASE("owned partitions: only an input that can be read again") {
    StreamFound stream;
    stream.retention = "limits";
    CHECK(millrace::io::unfit_for_owners(stream).empty());
    stream.retention = "workqueue";
    CHECK(millrace::io::unfit_for_owners(stream).contains("sources"));
}
