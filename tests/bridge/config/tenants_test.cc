// `tenants` and `audit` in the configuration: what is read, and what is said of mistakes.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

std::string with(std::string_view yaml) { return sample_with("name: fares", "name: fares\n    " + std::string(yaml)); }
settings::Pipeline loaded_with(std::string_view yaml) { return loaded(with(yaml)).pipelines.at(0); }
std::string said_of(std::string_view yaml) { return complaints(with(yaml)); }

}  // namespace

TEST_CASE("every tenant is taken unless some are allowed") {
    CHECK(loaded_with("generation: 1").tenants.allowed.empty());
    CHECK(loaded_with("tenants: {allowed: [acme, 'team-*']}").tenants.allowed ==
          std::vector<std::string>{"acme", "team-*"});
    CHECK(said_of("tenants: {}").contains("allowed"));
    CHECK(said_of("tenants: {allowed: []}").contains("allowed"));
    CHECK(said_of("tenants: {allowed: ['a.b']}").contains("'a.b' is neither a tenant's name"));
    CHECK(said_of("tenants: {allowed: ['']}").contains("is neither a tenant's name"));
}

TEST_CASE("nothing is audited unless it is asked for") {
    CHECK_FALSE(settings::has_audit(loaded_with("generation: 1")));
    CHECK(said_of("audit: {}").contains("audit.subject"));
    CHECK(loaded_with("audit: {subject: trail.fares}").audit.subject == "trail.fares");
    CHECK(said_of("audit: {subject: 'audit.{tenant}.fares'}").contains("audit.subject"));
    CHECK(said_of("audit: {subject: 'audit.*'}").contains("audit.subject"));
}

TEST_CASE("audit messages go where nothing else does, and nothing reads them as events") {
    CHECK(said_of("audit: {subject: results.a.fares}").contains("overlaps"));
    CHECK(said_of("audit: {subject: dead-unroutable.fares}").contains("overlaps"));
    CHECK(said_of("audit: {subject: events.a.trips}").contains("loop"));
}
