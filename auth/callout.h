// The decision of `millrace auth-callout`: a server's request and the provider's keys in, an answer and an audit
// message out. Pure: no clock, no network, no file.
//
// The user that is let in has what subjects::permissions_of gives for the rule that fits, and lives no longer than the
// token, nor than `longest_session`. Who is refused is told nothing of why; the audit message says it, in words of a
// fixed list and, where the token is good, with its issuer, subject and id. A token is in neither.
#pragma once

#include <string>
#include <string_view>

#include "auth/nats_jwt.h"
#include "auth/policy.h"

namespace millrace::auth {

struct Verdict {
    std::string answer;  // a JWT; empty: nobody is to be answered (a request that is late, or no server's)
    std::string audit;   // a JSON object
    std::string server_xkey;
    bool lacks_key = false;  // the token names a key that is not in the set, or there is no set
    bool granted = false;
};

class Callout {
  public:
    // The error is about a rule whose rights cannot be handed out.
    static Result<Callout> make(Policy policy, subjects::Tenancy tenancy, SigningKey account_key);

    // `keys` null: there are none at hand.
    [[nodiscard]] Verdict judge(std::string_view request, const KeySet* keys, ServerTime now) const;
    [[nodiscard]] const Policy& policy() const { return policy_; }

  private:
    Callout(Policy policy, subjects::Tenancy tenancy, SigningKey account_key)
        : policy_(std::move(policy)), tenancy_(std::move(tenancy)), account_key_(std::move(account_key)) {}

    struct Decision;
    [[nodiscard]] Decision decide_on(const LoginRequest& request, const KeySet* keys, ServerTime now) const;

    Policy policy_;
    subjects::Tenancy tenancy_;
    SigningKey account_key_;
};

}  // namespace millrace::auth
