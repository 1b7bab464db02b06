#include "subjects/permissions.h"

#include <algorithm>

#include "subjects/headers.h"
#include "subjects/tenant.h"
#include "subjects/tokens.h"

namespace millrace::subjects {
namespace {

using Way = TenantSubject::Way;

std::string quoted(std::string_view text) { return "\"" + printable(text, 80) + "\""; }

std::unexpected<Error> refused(const TenantSubject& own, const std::string& rule) {
    return fail(ErrorCode::invalid, own.field + " " + quoted(own.subject.text()) + " " + rule);
}

// Names `other` may stand for that are not `tenant`: one that no literal means, and each literal of the filter.
std::vector<std::string> other_tenants(std::string_view filter, std::string_view tenant) {
    std::vector<std::string> names{tenant == "a" ? "b" : "a"};
    for (Tokens tokens(filter); const auto token = tokens.next();)
        if (*token != tenant && is_tenant(*token)) names.emplace_back(*token);
    return names;
}

bool reaches_others(std::string_view filter, const SubjectTemplate& subject, std::string_view tenant) {
    return std::ranges::any_of(other_tenants(filter, tenant),
                               [&](const std::string& other) { return overlap(filter, subject.filter_of(other)); });
}

// A wildcard in front would match $JS and $SYS too.
bool begins_with_server_space(std::string_view filter) {
    return filter.starts_with('$') || filter.starts_with('*') || filter.starts_with('>');
}

Result<void> examine(const Tenancy& tenancy, const TenantSubject& own, std::string_view tenant) {
    const std::string filter = own.subject.filter_of(tenant);
    if (!own.subject.has_tenant()) return refused(own, "has no {tenant}, so that no part of it is one tenant's");
    if (own.way == Way::published && begins_with_server_space(filter))
        return refused(own, "begins in the server's own space (begin with a literal that has no $)");
    for (const std::string& closed : tenancy.closed)
        if (overlap(filter, closed))
            return refused(own, "would give tenant " + quoted(tenant) + " a part of " + quoted(closed) +
                                    ", which is the bridge's own");
    for (const TenantSubject& other : tenancy.subjects) {
        if (own.way == Way::published && other.way == Way::subscribed && overlap(filter, other.subject.filter()))
            return refused(own, "would let tenant " + quoted(tenant) + " write on " + quoted(other.subject.text()) +
                                    " of " + other.field + " (give events a first token of their own)");
        if (reaches_others(filter, other.subject, tenant))
            return refused(own, "would give tenant " + quoted(tenant) + " subjects of other tenants of " +
                                    quoted(other.subject.text()) + " of " + other.field +
                                    " (put {tenant} at one place of both, or give them different first tokens)");
    }
    return {};
}

// Reads what the tenant's own filter selects, and nothing that a request's body could choose.
void add_stored(const Tenancy& tenancy, const TenantSubject& own, std::string_view tenant, Permissions& out) {
    const auto allow = [&](std::string subject) { out.publish.allow.push_back(std::move(subject)); };
    allow(tenancy.api + ".DIRECT.GET." + own.stream + "." + own.subject.filter_of(tenant));
    if (!own.has_reader) return;
    const std::string reader = own.stream + "." + reader_name(tenant, own.pipeline);
    allow(tenancy.api + ".CONSUMER.INFO." + reader);
    allow(tenancy.api + ".CONSUMER.MSG.NEXT." + reader);
    // Not the longer form ($JS.ACK.*.*.STREAM…): its wildcards match acks of other consumers in the shorter.
    allow("$JS.ACK." + reader + ".>");
}

Result<void> check_grant(const Tenancy& tenancy, const Grant& grant) {
    for (const std::string& name : grant.pipelines)
        if (std::ranges::find(tenancy.subjects, name, &TenantSubject::pipeline) == tenancy.subjects.end())
            return fail(ErrorCode::invalid, "pipeline " + quoted(name) + " does not exist");
    return {};
}

bool covers_pipeline(const Grant& grant, const std::string& name) {
    return grant.pipelines.empty() || std::ranges::find(grant.pipelines, name) != grant.pipelines.end();
}

void tidy(Rights& rights) {
    std::ranges::sort(rights.allow);
    const auto [first, last] = std::ranges::unique(rights.allow);
    rights.allow.erase(first, last);
    if (rights.allow.empty()) rights.deny = {">"};
}

}  // namespace

std::string inbox_of(std::string_view tenant) { return "_INBOX_" + std::string(tenant); }

std::string reader_name(std::string_view tenant, std::string_view pipeline) {
    return std::string(tenant) + "@" + std::string(pipeline);
}

Result<Permissions> permissions_of(const Tenancy& tenancy, std::string_view tenant, const Grant& grant) {
    if (!is_tenant(tenant))
        return fail(ErrorCode::invalid, quoted(tenant) + " is no tenant's name (1 to 64 of A-Z a-z 0-9 _ -)");
    if (tenant.starts_with("_INBOX"))
        return fail(ErrorCode::invalid, "tenant " + quoted(tenant) + " begins with _INBOX, where replies go");
    if (auto known = check_grant(tenancy, grant); !known) return std::unexpected(std::move(known.error()));
    const auto takes = [&](const TenantSubject& own) {
        return covers_pipeline(grant, own.pipeline) && is_allowed(own.allowed, tenant);
    };
    if (!tenancy.subjects.empty() && std::ranges::none_of(tenancy.subjects, takes))
        return fail(ErrorCode::invalid,
                    "tenant " + quoted(tenant) + " is allowed in no pipeline (add it to tenants.allowed of one)");
    Permissions out;
    bool reads = false;
    for (const TenantSubject& own : tenancy.subjects) {
        if (!takes(own)) continue;
        const bool published = own.way == Way::published;
        const bool readable = grant.stored && !published && !own.stream.empty();
        const bool listed = published ? grant.publish : grant.subscribe;
        if (!listed && !readable) continue;
        if (auto fits = examine(tenancy, own, tenant); !fits) return std::unexpected(std::move(fits.error()));
        if (listed) (published ? out.publish : out.subscribe).allow.push_back(own.subject.filter_of(tenant));
        if (readable) add_stored(tenancy, own, tenant, out);
        reads = reads || readable;
    }
    if (grant.stored && !reads)
        return fail(ErrorCode::invalid,
                    "`stored` reads nothing: no stream is named (set results.stream, or kv_bucket)");
    if (!out.publish.allow.empty()) {
        std::string inbox = inbox_of(tenant) + ".>";
        for (const std::string& closed : tenancy.closed)
            if (overlap(inbox, closed))
                return fail(ErrorCode::invalid, "tenant " + quoted(tenant) + " would have the inboxes " +
                                                    quoted(closed) +
                                                    ", which are the bridge's own (choose another nats.inbox_prefix)");
        out.subscribe.allow.push_back(std::move(inbox));
    }
    tidy(out.publish);
    tidy(out.subscribe);
    return out;
}

}  // namespace millrace::subjects
