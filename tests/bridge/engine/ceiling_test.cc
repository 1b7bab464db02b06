// How large requests are: what an address teaches by 413, and the budget of tokens.
#include "bridge/engine/ceiling.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

std::size_t bytes_of(const Bench::Request& request) {
    std::size_t bytes = 0;
    for (const std::string& row : request.rows) bytes += row.size();
    return bytes;
}

// Delivers messages of ten rows of 100 bytes, and answers each request 413 above what its address takes.
struct Sent {
    std::map<std::size_t, std::size_t> refused, most_scored, last;  // by address: how many, bytes, bytes
    std::size_t requests = 0;
};
Sent run(Bench& bench, std::map<std::size_t, std::size_t> takes, std::uint64_t messages) {
    Sent sent;
    for (std::uint64_t n = 1; n <= messages; ++n) {
        bench.deliver(n, std::vector<std::string>(10, std::string(100, 'r')));
        bench.tick();
        while (!bench.requests.empty()) {
            const auto request = bench.take_request();
            const bool fits = bytes_of(request) <= takes[request.address];
            ++sent.requests;
            sent.last[request.address] = bytes_of(request);
            if (!fits) ++sent.refused[request.address];
            if (fits)
                sent.most_scored[request.address] = std::max(sent.most_scored[request.address], bytes_of(request));
            bench.answer(request, fits ? Outcome::scored : Outcome::too_large, fits ? 200 : 413);
        }
        bench.store_all();
        bench.advance(10ms);
    }
    return sent;
}

}  // namespace

TEST_CASE("ceiling: half of what was refused, until as much is scored or many were") {
    Ceiling ceiling;
    CHECK(ceiling.bytes() == Ceiling::kNone);
    ceiling.scored(100);
    ceiling.too_large(800);
    CHECK(ceiling.bytes() == 400);
    ceiling.too_large(900);
    CHECK(ceiling.bytes() == 400);
    ceiling.too_large(400);
    CHECK(ceiling.bytes() == 200);
    ceiling.scored(399);
    CHECK(ceiling.bytes() == 200);
    for (std::uint32_t i = 1; i < Ceiling::kTrial; ++i) ceiling.scored(200);
    CHECK(ceiling.bytes() == 400);
    ceiling.scored(800);
    CHECK(ceiling.bytes() == Ceiling::kNone);  // it had refused as much for another reason
}

TEST_CASE("ceiling: a refusal of what was scored is none of the size, unless it is so again") {
    Ceiling ceiling;
    ceiling.scored(800);
    for (const std::uint64_t bytes : {800u, 400u, 200u}) ceiling.too_large(bytes);  // as an event is found
    CHECK(ceiling.bytes() == Ceiling::kNone);
    ceiling.scored(300);
    ceiling.too_large(800);
    CHECK(ceiling.bytes() == 400);
}

TEST_CASE("ceiling: after a few refusals requests are as large as the address takes, and sometimes more is tried") {
    Bench bench;
    bench.bind();
    const Sent sent = run(bench, {{0, 350}}, 200);
    CHECK(sent.most_scored.at(0) == 300);
    CHECK(sent.refused.at(0) < 20);
    CHECK(std::ranges::count(bench.notes, "request_too_large", &Note::event) == 1);
}

TEST_CASE("ceiling: what one address refuses does not make requests to another smaller") {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.selection = settings::Selection::weights;
    pipeline.endpoint.addresses.resize(2);
    pipeline.endpoint.addresses[0].url = "http://a/score";
    pipeline.endpoint.addresses[1].url = "http://b/score";
    Bench bench(pipeline);
    bench.bind();
    const Sent sent = run(bench, {{0, 350}, {1, 100'000}}, 200);
    CHECK(sent.most_scored.at(0) == 200);  // a half, and a half of that, of 1000 bytes; halves go to the other
    CHECK(sent.most_scored.at(1) == 1000);
    CHECK(!sent.refused.contains(1));
}

TEST_CASE("ceiling: a 413 for what an event is leaves nothing behind") {
    Bench bench;
    bench.bind();
    std::vector<std::string> rows(10, "good");
    rows[3] = "bad!";
    bench.deliver(1, rows);
    bench.tick();
    bench.serve({"bad!"}, Outcome::too_large);
    bench.store_all();
    bench.deliver(2, std::vector<std::string>(10, "good"));
    bench.tick();
    CHECK(bench.take_request().rows.size() == 10);
}

TEST_CASE("tokens: their bytes bound a request; an event above it goes alone, and the endpoint decides") {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.max_batch_tokens = 10;
    pipeline.endpoint.bytes_per_token = 2.5;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"0123456789", "0123456789", "01234", "0123456789012345678901234567890", "0"});
    bench.tick();
    std::vector<std::size_t> sizes;
    while (!bench.requests.empty()) {
        const auto request = bench.take_request();
        sizes.push_back(request.rows.size());
        bench.answer(request, Outcome::scored);
    }
    CHECK(sizes == std::vector<std::size_t>{3, 1, 1});
}
