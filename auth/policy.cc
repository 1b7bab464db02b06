#include "auth/policy.h"

#include <algorithm>

namespace millrace::auth {
namespace {

// RFC 6901, of objects alone: ~1 is '/' and ~0 is '~'.
std::string unescaped(std::string_view part) {
    std::string out;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool escape = part[i] == '~' && i + 1 < part.size();
        out += !escape ? part[i] : part[++i] == '1' ? '/' : '~';
    }
    return out;
}

const Json* claim_at(const Json& claims, std::string_view name) {
    if (!name.starts_with('/')) return claims.find(name);
    const Json* at = &claims;
    while (at != nullptr && !name.empty()) {
        name.remove_prefix(1);
        const auto end = std::min(name.find('/'), name.size());
        at = at->find(unescaped(name.substr(0, end)));
        name.remove_prefix(end);
    }
    return at;
}

bool holds(const Condition& condition, const Json& claims) {
    const Json* claim = claim_at(claims, condition.claim);
    const auto is_wanted = [&](const Json& one) {
        return one.text() != nullptr && std::ranges::find(condition.values, *one.text()) != condition.values.end();
    };
    if (claim == nullptr) return false;
    return claim->list() == nullptr ? is_wanted(*claim) : std::ranges::any_of(*claim->list(), is_wanted);
}

bool fits(const Rule& rule, const Json& claims) {
    return !rule.when.empty() &&
           std::ranges::all_of(rule.when, [&](const Condition& condition) { return holds(condition, claims); });
}

}  // namespace

std::string_view word(Denial denial) { return denial == Denial::no_rule ? "no_rule" : "several_tenants"; }

std::expected<const Rule*, Denial> decide(const Policy& policy, const Json& claims) {
    const Rule* first = nullptr;
    for (const Rule& rule : policy.rules) {
        if (!fits(rule, claims)) continue;
        if (first == nullptr) first = &rule;
        if (rule.tenant != first->tenant) return std::unexpected(Denial::several_tenants);
    }
    if (first == nullptr) return std::unexpected(Denial::no_rule);
    return first;
}

}  // namespace millrace::auth
