// Who may be which tenant: rules from the claims of a verified token to a tenant and what it may do.
//
// A rule fits when each of its conditions holds: the claim is one of the values, or a list that has one of them. Texts
// are compared exactly. The first rule that fits decides what may be done; tokens that fit rules of two tenants are
// refused, as nothing says which of them the holder means to be. Pure; filled by config/policy.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "subjects/permissions.h"

namespace millrace::auth {

struct Condition {
    std::string claim;  // a name, or a JSON Pointer when it begins with '/'
    std::vector<std::string> values;
};

struct Rule {
    std::string tenant;
    std::vector<Condition> when;  // at least one
    subjects::Grant grant;
    std::string account = {};  // that its users are put into; empty: the callout's
};

// What `millrace auth-callout` is besides its rules.
struct CalloutSettings {
    enum class TokenIn { auth_token, password };

    std::vector<std::string> servers;  // public keys of the servers that may ask; empty: any, which needs an xkey
    std::string account;               // that users are put into where their rule names none
    std::string signing_seed_file;     // of the account named as `issuer` in the server's auth_callout
    std::string xkey_seed_file;        // empty: requests and answers are not encrypted
    TokenIn token_in = TokenIn::auth_token;
    std::string audit_subject = "millrace.audit.logins";
    Duration longest_session = std::chrono::hours(1);
    std::string user;  // instead of the login in the configuration's nats
    std::string password_file;
    std::string credentials_file;
    std::string nkey_file;
};

struct Policy {
    Expectation tokens;
    std::string keys_url;
    std::vector<Rule> rules;
    CalloutSettings callout;
};

enum class Denial { no_rule, several_tenants };
std::string_view word(Denial denial);

// The rule that decides; it lives as long as the policy.
std::expected<const Rule*, Denial> decide(const Policy& policy, const Json& claims);

}  // namespace millrace::auth
