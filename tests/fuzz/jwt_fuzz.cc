// Any bytes as a token, and as what a server asks the auth callout: nobody has the keys, so nothing is let in, and what
// is said of it is a word of the list. And any bytes as JSON: what is read is within its bounds.
#include <string>

#include "auth/jwt.h"
#include "auth/nats_jwt.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::auth;

namespace {

// The examples of RFC 7515 (A.3) and RFC 8037 (A.2).
const KeySet& keys() {
    static const KeySet set =
        KeySet::parse(
            R"({"keys":[{"kty":"EC","crv":"P-256","kid":"es","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
            R"({"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})")
            .value();
    return set;
}

int depth(const Json& json) {
    int most = 0;
    if (json.list() != nullptr)
        for (const Json& each : *json.list()) most = std::max(most, depth(each));
    if (json.members() != nullptr)
        for (const auto& [key, value] : *json.members()) most = std::max(most, depth(value));
    return most + (json.list() != nullptr || json.members() != nullptr ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    constexpr ServerTime kNow{std::chrono::seconds(1'300'819'000)};
    const auto token = verify(text, keys(), {"joe", {"millrace"}, std::chrono::seconds(60)}, kNow);
    MILLRACE_CHECK(!token && !word(token.error()).empty(), "nobody can make a good one");
    const auto request = read_login_request(text, {}, kNow);
    MILLRACE_CHECK(!request && !word(request.error()).empty(), "nor ask as a server");
    if (const auto json = parse_json(text, 4096)) {
        MILLRACE_CHECK(size <= 4096 && json->members() != nullptr, "an object of bounded size");
        MILLRACE_CHECK(depth(*json) <= kDeepestJson, "of bounded depth");
        for (const auto& [key, value] : *json->members())
            MILLRACE_CHECK(json->find(key) == &value, "whose members have one name each");
    }
    return 0;
}
