// Any bytes as a policy file: it is refused with a reason, or every rule of it has a condition and a tenant, and nobody
// without claims fits one.
#include "bridge/base/check.h"
#include "bridge/config/policy.h"
#include "subjects/tenant.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto policy = config::load_policy("p.yaml", text);
    if (!policy) {
        MILLRACE_CHECK(!policy.error().empty() && !policy.error().front().text.empty(), "a refusal says why");
        return 0;
    }
    MILLRACE_CHECK(!policy->rules.empty() && !policy->tokens.issuer.empty() && !policy->tokens.audiences.empty(),
                   "whole");
    for (const auth::Rule& rule : policy->rules) {
        MILLRACE_CHECK(subjects::is_tenant(rule.tenant) && !rule.when.empty(),
                       "a rule is about a tenant, and conditional");
        for (const auth::Condition& condition : rule.when) MILLRACE_CHECK(!condition.values.empty(), "by a value");
    }
    MILLRACE_CHECK(!auth::decide(*policy, auth::Json(auth::Json::Members{})), "who says nothing is nobody");
    MILLRACE_CHECK(policy->tokens.leeway <= std::chrono::minutes(5), "clocks do not differ by more");
    return 0;
}
