#include "bridge/app/permissions.h"

#include <ostream>
#include <string_view>

#include "bridge/app/tenancy.h"
#include "bridge/base/text.h"
#include "subjects/permissions.h"

namespace millrace::app {
namespace {

// nats-server reads JSON where it reads its own form, so that one writer makes both.
std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

std::string list(const std::vector<std::string>& items, std::string_view indent) {
    std::string out = "[";
    for (const std::string& item : items)
        out.append(out.size() > 1 ? ",\n" : "\n").append(indent).append("  ").append(item);
    return out.append("\n").append(indent).append("]");
}

std::string subject_list(const std::vector<std::string>& subjects, std::string_view indent) {
    std::vector<std::string> items;
    for (const std::string& subject : subjects) items.push_back(quoted(subject));
    return list(items, indent);
}

std::string rights(const subjects::Rights& rights) {
    std::string out;
    if (!rights.allow.empty()) out += "\"allow\": " + subject_list(rights.allow, "      ");
    if (!rights.deny.empty()) out += (out.empty() ? "" : ", ") + ("\"deny\": " + subject_list(rights.deny, "      "));
    return "{ " + out + " }";
}

std::string permissions(const subjects::Permissions& both) {
    return "\"permissions\": {\n    \"publish\": " + rights(both.publish) +
           ",\n    \"subscribe\": " + rights(both.subscribe) + "\n}\n";
}

// What one account exports to another and this imports: events as a service, whose answer (the PubAck) goes to the
// account that asked and nowhere else; what comes of them as streams.
std::string accounts(const subjects::Permissions& both, const PermissionsOptions& options) {
    std::vector<std::string> exports;
    std::vector<std::string> imports;
    const auto share = [&](std::string_view kind, const std::string& subject) {
        const std::string name = "{ " + quoted(kind) + ": ";
        exports.push_back(name + quoted(subject) + ", \"accounts\": [" + quoted(options.tenant) + "] }");
        imports.push_back(name + "{ \"account\": " + quoted(options.account) + ", \"subject\": " + quoted(subject) +
                          " } }");
    };
    for (const std::string& subject : both.publish.allow) share("service", subject);
    for (const std::string& subject : both.subscribe.allow)
        if (subject != subjects::inbox_of(options.tenant) + ".>") share("stream", subject);
    return "\"accounts\": {\n    " + quoted(options.account) + ": { \"exports\": " + list(exports, "    ") +
           " },\n    " + quoted(options.tenant) + ": { \"imports\": " + list(imports, "    ") + " }\n}\n";
}

}  // namespace

int print_permissions(const settings::Settings& settings, const PermissionsOptions& options, std::ostream& out,
                      std::ostream& err) {
    const subjects::Grant grant{
        .publish = true, .subscribe = true, .stored = options.stored, .pipelines = options.pipelines};
    auto made = subjects::permissions_of(tenancy_of(settings), options.tenant, grant);
    if (made && !options.account.empty() && options.stored)
        made = fail(ErrorCode::invalid, "--stored is not shared between accounts (leave out --stored, or --account)");
    if (made && options.account == options.tenant)
        made = fail(ErrorCode::invalid, "--account names the bridge's account, not the tenant's");
    if (!made) {
        err << "millrace: " << made.error().text << "\n";
        return 2;
    }
    const bool shared = options.account.empty();
    const std::string text = shared ? permissions(*made) : accounts(*made, options);
    if (options.json) {
        out << "{\n" << text << "}\n";
        return 0;
    }
    if (shared)
        out << "# Tenant " << options.tenant << " in the account of the bridge. Saved as FILE, within its user:\n"
            << "#   { user: ..., password: ..., include FILE }\n"
            << "# A tenant that publishes here chooses where the server's answer goes (docs/security.md); --account "
               "closes that.\n";
    else
        out << "# Tenant " << options.tenant << " in an account of its own: add to each account its users.\n";
    out << text;
    return 0;
}

}  // namespace millrace::app
