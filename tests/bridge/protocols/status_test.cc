#include "bridge/protocols/status.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::protocols;

TEST_CASE("status: the table is total, and what it does not name is misconfigured") {
    const std::map<int, Outcome> named = {
        {200, Outcome::scored},    {400, Outcome::rejected},  {422, Outcome::rejected},  {401, Outcome::unauthorized},
        {408, Outcome::timed_out}, {504, Outcome::timed_out}, {413, Outcome::too_large}, {424, Outcome::failed},
        {425, Outcome::failed},    {500, Outcome::failed},    {502, Outcome::failed},    {429, Outcome::throttled},
        {503, Outcome::throttled},
    };
    for (int status = -1; status < 1000; ++status) {
        CAPTURE(status);
        const auto row = named.find(status);
        CHECK(outcome_of(status, {}) == (row == named.end() ? Outcome::misconfigured : row->second));
    }
}

TEST_CASE("status: behind a 424 the model's own status decides") {
    const std::map<std::string, Outcome> cases = {
        {"400", Outcome::rejected},      {"422", Outcome::rejected},
        {" 404 ", Outcome::rejected},    {"429", Outcome::throttled},
        {"503", Outcome::throttled},     {"500", Outcome::model_raised},
        {"502", Outcome::model_raised},  {"504", Outcome::model_raised},
        {"302", Outcome::misconfigured}, {"204", Outcome::misconfigured},
        {"", Outcome::failed},           {"soon", Outcome::failed},
        {"4000", Outcome::failed},       {"99999999999", Outcome::failed},
        {"-500", Outcome::failed},
    };
    for (const auto& [inner, outcome] : cases) {
        CAPTURE(inner);
        const std::vector<Header> headers = {{"ms-azureml-model-error-statuscode", inner}};
        CHECK(outcome_of(424, headers) == outcome);
        CHECK(outcome_of(400, headers) == Outcome::rejected);
    }
}

TEST_CASE("status: a 500 is the model's only when it says so, in any case of letters") {
    for (const char* yes : {"True", "true", "TRUE", " True "}) {
        const std::vector<Header> headers = {{"x-ms-run-function-failed", yes}};
        CHECK(outcome_of(500, headers) == Outcome::model_raised);
        CHECK(outcome_of(502, headers) == Outcome::failed);
    }
    for (const char* no : {"False", "", "1", "Truely"}) {
        const std::vector<Header> headers = {{"x-ms-run-function-failed", no}};
        CHECK(outcome_of(500, headers) == Outcome::failed);
    }
}
