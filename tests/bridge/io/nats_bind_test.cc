#include "bridge/io/nats_bind.h"

#include <doctest/doctest.h>

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
