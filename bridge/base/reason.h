// Why an event became a dead letter: the stable codes that stand in the `Millrace-Reason` header and in metrics.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace millrace {

enum class Reason {
    unroutable_tenant,     // the subject has no usable tenant token
    tenant_not_allowed,    // the tenant is none of those the pipeline takes events of
    not_json,              // the message or element is not JSON
    not_an_object,         // the element is JSON, but not an object
    field_missing,         // a feature is absent and has no default
    field_null,            // a feature is null
    field_wrong_type,      // a feature is an object or an array
    expression_failed,     // a cast in `where` or in a computed feature has no value
    timestamp_invalid,     // the event's timestamp is absent or no time
    signature_misfit,      // a feature is of a type that the endpoint does not take
    event_too_large,       // one row alone is over max_batch_bytes
    rejected,              // the endpoint refused the event alone, and a witness passed
    too_large,             // the endpoint called the event alone too large
    model_raised,          // the model raised on the event alone, again and again
    contract_broken,       // no usable answer for the event alone
    timeout,               // the event alone runs into the timeout while others pass
    endpoint_crash,        // the event alone breaks the endpoint while others pass
    result_too_large,      // the result does not fit the result stream
    deliveries_exhausted,  // the last delivery a foreign consumer allows
};

inline constexpr std::array<std::string_view, 19> kReasonNames = {
    "unroutable_tenant", "tenant_not_allowed", "not_json",          "not_an_object",        "field_missing",
    "field_null",        "field_wrong_type",   "expression_failed", "timestamp_invalid",    "signature_misfit",
    "event_too_large",   "rejected",           "too_large",         "model_raised",         "contract_broken",
    "timeout",           "endpoint_crash",     "result_too_large",  "deliveries_exhausted",
};
static_assert(kReasonNames.size() == static_cast<std::size_t>(Reason::deliveries_exhausted) + 1);

constexpr std::string_view name(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }

constexpr std::optional<Reason> reason_named(std::string_view name) {
    for (std::size_t i = 0; i < kReasonNames.size(); ++i) {
        if (kReasonNames[i] == name) return static_cast<Reason>(i);
    }
    return std::nullopt;
}

}  // namespace millrace
