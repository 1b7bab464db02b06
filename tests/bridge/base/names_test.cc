// The names of outcomes and reasons stand in headers, metrics and documents: each its own, and nothing to escape.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "bridge/base/outcome.h"
#include "bridge/base/reason.h"

namespace millrace {

namespace {

template <typename Names>
void check_names(const Names& names) {
    const std::set<std::string_view> distinct(names.begin(), names.end());
    CHECK(distinct.size() == names.size());
    for (const std::string_view one : names) {
        CAPTURE(one);
        CHECK(!one.empty());
        CHECK(std::ranges::all_of(one, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    }
}

}  // namespace

TEST_CASE("names: outcomes and reasons are distinct and in snake case") {
    check_names(kOutcomeNames);
    check_names(kReasonNames);
}

TEST_CASE("names: the lists follow the order of the enums") {
    CHECK(name(Outcome::scored) == "scored");
    CHECK(name(Outcome::throttled) == "throttled");
    CHECK(name(Outcome::contract_broken) == "contract_broken");
    CHECK(name(Outcome::misconfigured) == "misconfigured");
    CHECK(name(Reason::unroutable_tenant) == "unroutable_tenant");
    CHECK(name(Reason::rejected) == "rejected");
    CHECK(name(Reason::endpoint_crash) == "endpoint_crash");
    CHECK(name(Reason::deliveries_exhausted) == "deliveries_exhausted");
}

}  // namespace millrace
