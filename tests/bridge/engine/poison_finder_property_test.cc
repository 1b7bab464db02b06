// The poison finder: an endpoint refuses every request that holds one of k bad events. Exactly these become dead
// letters, all others are scored, and the price in requests is bounded.
//
// A bad event costs the refused requests on its way down, ⌈log2 n⌉ + 1 from the whole batch to the event alone, and one
// more refusal alone, on the other side of a witness (SEMANTICS F2). A refused batch has two halves, so at most as many
// requests are scored as are split, and a witness is asked for at most once for each refusal alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>

#include "tests/bridge/engine/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

const std::string kControl = "control";

settings::Pipeline pipeline(std::uint32_t parallel, const std::string& control) {
    auto pipeline = small_pipeline();
    pipeline.endpoint.max_batch_count = 1000;
    pipeline.endpoint.parallel_requests_per_partition = parallel;
    pipeline.endpoint.control = control;
    pipeline.endpoint.max_dead_letter_ratio = 1;
    return pipeline;
}

// One batch of events 1 … n, some of them bad, and an endpoint that counts.
class Hunt {
  public:
    Hunt(std::size_t n, std::set<std::uint64_t> bad, std::uint32_t parallel, const std::string& control)
        : n_(n), bad_(std::move(bad)), bench(pipeline(parallel, control)) {
        bench.bind();
        for (std::uint64_t i = 1; i <= n; ++i) bench.deliver(i, {std::to_string(i)});
        bench.tick();
    }

    void serve() {
        while (!bench.requests.empty()) {
            const Bench::Request request = bench.take_request();
            const std::string& row = request.rows.front();
            const bool witness = row == kControl || good_.contains(row);  // a row that was scored before
            const bool refuse = !witness && std::ranges::any_of(request.rows, [&](const std::string& r) {
                return bad_.contains(std::stoull(r));
            });
            if (!refuse) good_.insert(request.rows.begin(), request.rows.end());
            witnesses += witness ? 1 : 0;
            refused += refuse ? 1 : 0;
            ++requests;
            bench.answer(request, refuse ? Outcome::rejected : Outcome::scored, refuse ? 400 : 200);
        }
    }

    void check_outcome() const {
        std::set<std::uint64_t> dead, scored;
        for (const auto& publication : bench.publications) {
            const bool is_new = (publication.reason ? dead : scored).insert(publication.sequence).second;
            RC_ASSERT(is_new);
            if (publication.reason) {
                RC_ASSERT(*publication.reason == Reason::rejected);
            } else {
                RC_ASSERT(publication.score == "score of " + std::to_string(publication.sequence));
            }
        }
        RC_ASSERT(dead == bad_);
        RC_ASSERT(scored.size() == n_ - bad_.size());
    }

    void check_price() const {
        const std::size_t k = bad_.size();
        const auto levels = static_cast<std::size_t>(std::bit_width(n_ - 1));  // ⌈log2 n⌉
        RC_ASSERT(refused <= k * (levels + 1) + k);
        RC_ASSERT(witnesses <= 2 * k);
        RC_ASSERT(requests - refused - witnesses <= std::max<std::size_t>(1, k * levels));
    }

  private:
    std::size_t n_;
    std::set<std::uint64_t> bad_;
    std::set<std::string> good_;  // rows that were scored

  public:
    Bench bench;
    std::size_t requests = 0, refused = 0, witnesses = 0;
};

// k of 1 … n, spread at random or side by side.
std::set<std::uint64_t> some(std::size_t n, std::size_t k) {
    std::vector<std::uint64_t> all(n);
    std::iota(all.begin(), all.end(), 1);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    if (*rc::gen::arbitrary<bool>()) {
        for (std::size_t i = n - 1; i > 0; --i) std::swap(all[i], all[random.next() % (i + 1)]);
    } else {
        std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(random.next() % n));
    }
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k)};
}

// 1 … most, small numbers as often as large ones.
std::size_t any_count(std::size_t most) {
    const std::size_t limit = *rc::gen::element<std::size_t>(3, 40, most);
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(1, std::min(limit, most) + 1));
}

}  // namespace

TEST_CASE("poison finder property: exactly the bad events are dead letters, and each costs no more than its share") {
    holds([] {
        const std::size_t n = any_count(1000);
        const std::size_t k = any_count(n);
        Hunt hunt(n, some(n, k), *rc::gen::inRange(1u, 5u), kControl);
        RC_ASSERT(hunt.bench.requests.size() == 1u);
        RC_ASSERT(hunt.bench.requests[0].rows.size() == n);
        hunt.serve();  // without a turn of the clock
        hunt.check_outcome();
        hunt.check_price();
    });
}

TEST_CASE("poison finder property: when nothing is ever scored nobody is blamed, and it says so") {
    holds([] {
        const std::size_t n = any_count(300) + Conviction::kHopeless;
        Hunt hunt(n, some(n, n), *rc::gen::inRange(1u, 5u), {});
        hunt.serve();
        RC_ASSERT(!hunt.bench.engine().snapshot(hunt.bench.now).hold.empty());
        for (int minute = 0; minute < 60; ++minute) {
            hunt.bench.pass(1min);
            hunt.serve();
        }
        RC_ASSERT(hunt.bench.publications.empty());
        RC_ASSERT(hunt.bench.acks.empty());
    });
}
