// Any status, headers and body as the answer of a token endpoint. A token can be carried by a header and lives for a
// while, and an error repeats nothing that its sender chose.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <variant>

#include "auth/token.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    auth::TokenResponse response;
    response.answered = true;
    response.status = std::atoi(std::string(tape.line()).c_str());
    response.headers = {{"retry-after", std::string(tape.line())}};
    const std::string needle(tape.line());
    response.body = std::string(tape.rest());
    const ServerTime wall(std::chrono::seconds(1'700'000'000));
    const auth::TokenStep step = auth::read_token(response, wall);
    if (const auto* const token = std::get_if<auth::Token>(&step)) {
        MILLRACE_CHECK(response.status == 200, "a token comes with a 200");
        const auto visible = [](char c) { return c > ' ' && c <= '~'; };
        MILLRACE_CHECK(!token->value.empty() && std::ranges::all_of(token->value.reveal(), visible),
                       "a header carries it");
        MILLRACE_CHECK(token->lifetime > Duration::zero() && token->lifetime <= std::chrono::hours(24), "it lives");
        MILLRACE_CHECK(!token->refresh_in || *token->refresh_in < token->lifetime, "advice is for its life");
        return 0;
    }
    MILLRACE_CHECK(std::holds_alternative<auth::TokenFailure>(step), "an answer is a token or a failure");
    const auto& failure = std::get<auth::TokenFailure>(step);
    MILLRACE_CHECK(!failure.retry_after || *failure.retry_after <= std::chrono::minutes(5), "a wait is clamped");
    // Longer than any word of ours.
    const bool chosen_by_sender = needle.size() > 24 && response.body.find(needle) != std::string::npos;
    MILLRACE_CHECK(!chosen_by_sender || failure.why.find(needle) == std::string::npos,
                   "nothing of the sender's is told");
    return 0;
}
