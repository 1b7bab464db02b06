// What a tenant may do in NATS, as the lists of subjects that nats-server enforces. The one home of that rule:
// `millrace permissions` prints it, `millrace auth-callout` puts it into user JWTs.
//
// A tenant publishes its own events, subscribes to what came of them and to its own inboxes (_INBOX_TENANT.>), and with
// `stored` reads its own results back. Everything else is refused by not being listed; nothing is listed for two
// tenants. Two things a tenant never has:
//   - The right to create consumers: the delivery subject stands in the request's body, where no permission reaches it,
//     so the server itself would carry messages to another tenant's subjects.
//   - allow_responses: what Millrace stores carries its reply subject to every subscriber, and a tenant that may answer
//     could forge the server's PubAck.
// What lists cannot refuse is the reply subject of a message that may be sent: see docs/security.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "subjects/subject_template.h"

namespace millrace::subjects {

// A subject of the configuration on which tenants have a place of their own.
struct TenantSubject {
    enum class Way { published, subscribed };  // by the tenant

    std::string pipeline;
    std::string field;  // `pipelines[0].input.subject`, for errors
    Way way = Way::published;
    SubjectTemplate subject;             // with {tenant}
    std::string stream;                  // what `stored` reads it from; empty: it cannot be read back
    bool has_reader = false;             // a consumer made by the operator may be pulled from: reader_name
    std::vector<std::string> allowed{};  // patterns of the tenants it is for; empty: everybody
};

// What a configuration means to tenants.
struct Tenancy {
    std::vector<TenantSubject> subjects;
    std::vector<std::string> closed;  // filters that no tenant may reach: state, what cannot be routed, inboxes
    std::string api = "$JS.API";
};

struct Grant {
    bool publish = false;
    bool subscribe = false;
    bool stored = false;
    std::vector<std::string> pipelines = {};  // these only; empty: all
};

// Empty `deny` means nothing is denied beside what is not allowed. An empty `allow` would mean everything to the
// server, so that it never comes without a `deny` of everything.
struct Rights {
    std::vector<std::string> allow;
    std::vector<std::string> deny;
};
struct Permissions {
    Rights publish;
    Rights subscribe;
};

// Fails where the configuration's subjects are such that a tenant's list would reach another tenant's subjects, its own
// results for writing, or what is closed; where the tenant is none, or begins with _INBOX; where the grant names a
// pipeline that does not exist or reads what is not stored in a stream of a known name.
Result<Permissions> permissions_of(const Tenancy& tenancy, std::string_view tenant, const Grant& grant);

// The private inboxes of a tenant, without the `.>`.
std::string inbox_of(std::string_view tenant);
// The consumer a tenant may pull its stored results from. '@' is in no name of a tenant or pipeline.
std::string reader_name(std::string_view tenant, std::string_view pipeline);

}  // namespace millrace::subjects
