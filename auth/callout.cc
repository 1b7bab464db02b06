#include "auth/callout.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "auth/jws.h"
#include "bridge/base/text.h"
#include "subjects/headers.h"

namespace millrace::auth {

struct Callout::Decision {
    std::string_view reason;  // empty: granted
    std::optional<Jwt> token;
    UserClaims user;
    std::string tenant;
    bool lacks_key = false;
};

namespace {

constexpr std::size_t kLongestName = 128;  // of a subject in the server's logs

void append(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += out.ends_with('{') ? "" : ",";
    append_quoted(out, name);
    out += ':';
    append_quoted(out, value);
}

void append(std::string& out, std::string_view name, const std::vector<std::string>& values) {
    out += ',';
    append_quoted(out, name);
    out += ":[";
    for (const std::string& value : values) {
        out += out.ends_with('[') ? "" : ",";
        append_quoted(out, value);
    }
    out += ']';
}

std::string begun_audit(std::string_view decision, std::string_view reason, ServerTime now) {
    std::string out = "{";
    append(out, "event", "login");
    append(out, "decision", decision);
    append(out, "reason", reason);
    out += ",\"at\":" + std::to_string(numeric_date(now));
    return out;
}

}  // namespace

Result<Callout> Callout::make(Policy policy, subjects::Tenancy tenancy, SigningKey account_key) {
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        const auto rights = subjects::permissions_of(tenancy, rule.tenant, rule.grant);
        if (!rights) return fail(rights.error().code, "rules[" + std::to_string(i) + "]: " + rights.error().text);
    }
    return Callout(std::move(policy), std::move(tenancy), std::move(account_key));
}

Callout::Decision Callout::decide_on(const LoginRequest& request, const KeySet* keys, ServerTime now) const {
    Decision out;
    if (keys == nullptr) {
        out.reason = "no_keys";
        out.lacks_key = true;
        return out;
    }
    const bool in_token = policy_.callout.token_in == CalloutSettings::TokenIn::auth_token;
    auto token = verify((in_token ? request.auth_token : request.password).reveal(), *keys, policy_.tokens, now);
    if (!token) {
        out.reason = word(token.error());
        out.lacks_key = token.error() == Refusal::unknown_key;
        return out;
    }
    out.token = std::move(*token);
    const auto rule = decide(policy_, out.token->claims);
    if (!rule) {
        out.reason = word(rule.error());
        return out;
    }
    out.tenant = (*rule)->tenant;
    const ServerTime end = std::min(out.token->expires_at, now + policy_.callout.longest_session);
    if (numeric_date(end) <= numeric_date(now)) {  // what the leeway lets through is over all the same
        out.reason = word(Refusal::expired);
        return out;
    }
    auto rights = subjects::permissions_of(tenancy_, out.tenant, (*rule)->grant);
    if (!rights) {
        out.reason = "rights";
        return out;
    }
    out.user = {request.user, out.tenant + "/" + subjects::printable(out.token->subject, kLongestName),
                (*rule)->account.empty() ? policy_.callout.account : (*rule)->account, end, std::move(*rights)};
    return out;
}

Verdict Callout::judge(std::string_view jwt, const KeySet* keys, ServerTime now) const {
    Verdict out;
    const auto request = read_login_request(jwt, policy_.callout.servers, now);
    if (!request) {
        out.audit = begun_audit("dropped", word(request.error()), now) + "}";
        return out;
    }
    const Decision made = decide_on(*request, keys, now);
    out.granted = made.reason.empty();
    out.lacks_key = made.lacks_key;
    out.server_xkey = request->server_xkey;
    out.answer = login_answer(account_key_, *request, out.granted ? user_jwt(account_key_, made.user, now) : "",
                              "not authorized", now);
    out.audit = begun_audit(out.granted ? "granted" : "refused", made.reason, now);
    append(out.audit, "server", request->server);
    append(out.audit, "host", request->host);
    append(out.audit, "user", request->user);
    if (made.token) {
        append(out.audit, "issuer", made.token->issuer);
        append(out.audit, "subject", made.token->subject);
        append(out.audit, "token_id", made.token->id);
    }
    append(out.audit, "tenant", made.tenant);
    if (out.granted) {
        append(out.audit, "account", made.user.account);
        out.audit += ",\"expires_at\":" + std::to_string(numeric_date(made.user.expires_at));
        append(out.audit, "publish", made.user.permissions.publish.allow);
        append(out.audit, "subscribe", made.user.permissions.subscribe.allow);
    }
    out.audit += "}";
    return out;
}

}  // namespace millrace::auth
