// Any text as a reference to a vault, any status, challenge and body as its answer, and any secret as credentials of
// NATS. A reference makes a URL that is what it looks like; what counts as a secret is within bounds and is what was
// asked for; and an error repeats nothing that its sender chose.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <variant>

#include "auth/credentials_text.h"
#include "auth/vault.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

bool is_clean(const std::string& text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    const auto parsed = auth::parse_vault_reference("keyvault://" + std::string(tape.line()));
    MILLRACE_CHECK(!parsed || (is_clean(parsed->vault) && is_clean(parsed->secret) && is_clean(parsed->version)),
                   "nothing in it changes the URL");
    const auth::VaultReference asked = parsed ? *parsed : auth::VaultReference{"kv-millrace", "a", ""};
    auth::TokenResponse response;
    response.answered = true;
    response.status = std::atoi(std::string(tape.line()).c_str());
    response.headers = {{"www-authenticate", std::string(tape.line())}};
    const std::string needle(tape.line());
    response.body = std::string(tape.rest());
    const auto step = auth::read_vault_answer(asked, response, ServerTime(std::chrono::seconds(1'700'000'000)));
    std::string why;
    std::string text = response.body;
    if (const auto* const found = std::get_if<auth::VaultValue>(&step)) {
        MILLRACE_CHECK(response.status == 200, "a secret comes with a 200");
        MILLRACE_CHECK(!found->value.empty() && found->value.reveal().size() <= auth::kMostVaultSecret,
                       "it is within bounds");
        MILLRACE_CHECK(found->version.size() == 32 && is_clean(found->version), "its version is one");
        MILLRACE_CHECK(asked.version.empty() || asked.version.size() == found->version.size(),
                       "of the version asked for");
        text = found->value.reveal();
    } else {
        why = std::get<auth::VaultFailure>(step).why;
    }
    if (const auto credentials = auth::parse_credentials(text); !credentials) why += credentials.error().text;
    // Longer than any word of ours or Azure's; the audience is of the vault's own name.
    const bool chosen_by_sender = needle.size() > 40 && text.find(needle) != std::string::npos;
    MILLRACE_CHECK(!chosen_by_sender || why.find(needle) == std::string::npos, "nothing of the sender's is told");
    return 0;
}
