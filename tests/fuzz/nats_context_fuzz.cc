// Any bytes as a context of the NATS CLI: it is refused with a reason, or means servers and one login that the rules of
// a configuration allow. What stands in a member that holds a secret is never said.
#include <algorithm>
#include <array>
#include <string>

#include "auth/nats_context.h"
#include "bridge/base/check.h"
#include "bridge/config/context_path.h"
#include "bridge/config/nats_context.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::config;

namespace {

constexpr std::string_view kCanary = "Canary";

void check_meaning(const settings::Nats& nats) {
    MILLRACE_CHECK(!nats.urls.empty(), "a server");
    for (const std::string& url : nats.urls) MILLRACE_CHECK(!rules::nats_url(url), "an address");
    const std::array logins = {!nats.credentials_file.empty(), !nats.nkey_file.empty(), !nats.user.empty(),
                               !nats.token_file.empty()};
    MILLRACE_CHECK(std::ranges::count(logins, true) <= 1, "one way to log in");
    MILLRACE_CHECK(nats.user.empty() == nats.password_file.empty(), "a user has a password");
    MILLRACE_CHECK(nats.tls.cert_file.empty() == nats.tls.key_file.empty(), "a certificate has a key");
    MILLRACE_CHECK(nats.jetstream_domain.empty() || nats.api_prefix.empty(), "one prefix");
    MILLRACE_CHECK(nats.inbox_prefix.empty() || !rules::subject_prefix(nats.inbox_prefix), "a prefix");
}

void check_silence(auth::NatsContext context) {
    for (const auto member : {&auth::NatsContext::password, &auth::NatsContext::token, &auth::NatsContext::user_jwt,
                              &auth::NatsContext::user_seed}) {
        std::string value = (context.*member).reveal();
        // A path is no secret; all else that can be told of is the scheme.
        if (value.empty() || lower(scheme_of(value)) == "file") continue;
        const auto at = value.find(':');
        value.insert(at == std::string::npos ? 0 : at + 1, kCanary);
        context.*member = Secret(value);
    }
    static_cast<void>(nats_of(context, "/ctx.json", [&](std::string_view, const std::string& text) {
        MILLRACE_CHECK(!text.contains(kCanary), "no secret is said");
    }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto context = auth::parse_nats_context(text);
    if (!context) {
        MILLRACE_CHECK(!context.error().text.empty() && context.error().text.size() < 200, "a refusal says why");
        return 0;
    }
    bool told = false;
    const auto nats = nats_of(*context, "/ctx.json", [&](std::string_view member, const std::string& why) {
        told = true;
        MILLRACE_CHECK(!member.empty() && !why.empty(), "a refusal says why");
    });
    MILLRACE_CHECK(nats.has_value() != told, "one or the other");
    if (nats) check_meaning(*nats);
    if (!text.contains(kCanary)) check_silence(*context);
    return 0;
}
