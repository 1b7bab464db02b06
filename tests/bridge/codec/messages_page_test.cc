// docs/messages.md names every header and every reason there is.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "bridge/base/reason.h"
#include "bridge/codec/lineage.h"
#include "tests/source_tree.h"

using namespace millrace;

TEST_CASE("docs/messages.md has every header and every reason") {
    std::ifstream file(tests::source_tree() / "docs/messages.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    REQUIRE_FALSE(page.empty());
    for (const std::string_view reason : kReasonNames) {
        CAPTURE(reason);
        CHECK(page.contains("\n| `" + std::string(reason) + "` |"));
    }
    settings::Pipeline pipeline;
    Delivery delivery;
    delivery.tenant = "a";
    delivery.subject = "events.a";
    Event event;
    event.settlement = {"1", std::nullopt, "blue", "r-1", 1};
    const Verdict verdict{Reason::rejected, "detail", 400, "answer"};
    std::vector<Header> headers;
    codec::add_lineage(pipeline, delivery, event, headers);
    codec::add_evidence(delivery, verdict, headers);
    codec::add_answer(verdict, headers);
    CHECK(headers.size() == 15);
    for (const auto& [name, value] : headers) {
        CAPTURE(name);
        CHECK(page.contains("`" + name + "`"));
    }
}
