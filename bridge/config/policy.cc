#include "bridge/config/policy.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "auth/nkey.h"
#include "auth/vault_reference.h"
#include "bridge/config/document.h"
#include "bridge/config/scalars.h"
#include "bridge/config/suggest.h"
#include "subjects/subject_template.h"
#include "subjects/tenant.h"

namespace millrace::config {
namespace {

using Complaint = std::string;  // behind the quoted value; empty: none

Complaint no_rule(std::string_view) { return {}; }

Complaint name_rule(std::string_view value) {
    return subjects::is_tenant(value) ? Complaint() : "is no name (1 to 64 of A-Z a-z 0-9 _ -)";
}

Complaint keys_rule(std::string_view value) {
    for (const std::string_view begin : {"https://", "http://127.0.0.1:", "http://[::1]:", "http://localhost:"})
        if (value.starts_with(begin) && value.size() > begin.size()) return {};
    return "is no https:// URL (http:// is taken on this machine only: whoever answers says who may come in)";
}

Complaint server_rule(std::string_view value) {
    return auth::decode_public(auth::NkeyKind::server, value)
               ? Complaint()
               : "is no server's key (nats-server logs it as its ID: N…)";
}

Complaint subject_rule(std::string_view value) {
    const auto parsed = subjects::SubjectTemplate::parse(value, subjects::Use::output);
    if (!parsed) return "is no subject to publish on";
    return parsed->has_tenant() || parsed->has_partition() ? "has a placeholder, and there is one such subject"
                                                           : Complaint();
}

Complaint source_rule(std::string_view value) {
    if (!auth::is_vault_reference(value)) return {};
    const auto found = auth::parse_vault_reference(value);
    return found ? Complaint() : found.error().text;
}

class PolicyReader {
  public:
    explicit PolicyReader(Problems& problems) : problems_(problems) {}

    auth::Policy read(const Node& document) {
        read_map(document, "",
                 {{"version", true, [&](const Node& node, const std::string& path) { read_version(node, path); }},
                  {"tokens", true, [&](const Node& node, const std::string& path) { read_tokens(node, path); }},
                  {"rules", true, [&](const Node& node, const std::string& path) { read_rules(node, path); }},
                  {"callout", false, [&](const Node& node, const std::string& path) { read_callout(node, path); }}});
        return std::move(policy_);
    }

  private:
    using Read = std::function<void(const Node&, const std::string&)>;
    struct Key {
        std::string_view name;
        bool required;
        Read read;
    };

    void refuse(const Node& at, const std::string& path, std::string text) {
        if (at.kind != Node::Kind::invalid) problems_.add(at.place, path, std::move(text));
    }

    void read_map(const Node& node, const std::string& path, const std::vector<Key>& keys) {
        if (node.kind != Node::Kind::map) return refuse(node, path, "must be a map");
        std::vector<std::string_view> names;
        for (const Key& key : keys) names.push_back(key.name);
        for (const Entry& entry : node.entries) {
            const auto key = std::ranges::find(keys, entry.key, &Key::name);
            const std::string where = join(path, entry.key);
            if (key != keys.end()) {
                key->read(entry.value, where);
                continue;
            }
            const std::string_view meant = nearest(entry.key, names);
            problems_.add(entry.place, where,
                          "key " + quote(entry.key) + " is not known here" +
                              (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)"));
        }
        for (const Key& key : keys)
            if (key.required && std::ranges::find(node.entries, key.name, &Entry::key) == node.entries.end())
                refuse(node, join(path, key.name), "is required");
    }

    std::string text(const Node& node, const std::string& path, Complaint (*rule)(std::string_view)) {
        if (node.kind != Node::Kind::scalar || node.text.empty()) {
            refuse(node, path, "must be a text");
        } else if (!node.in_quotes && is_typed(node.text)) {
            refuse(node, path, quote(node.text) + " is no text without quotes (put it in quotes)");
        } else if (const Complaint complaint = rule(node.text); !complaint.empty()) {
            refuse(node, path, quote(node.text) + " " + complaint);
        } else {
            return node.text;
        }
        return {};
    }

    // One text, or a list of some.
    std::vector<std::string> texts(const Node& node, const std::string& path, Complaint (*rule)(std::string_view)) {
        if (node.kind == Node::Kind::scalar) return {text(node, path, rule)};
        std::vector<std::string> out;
        if (node.kind != Node::Kind::list || node.items.empty()) {
            refuse(node, path, "must be a text, or a list of at least one");
            return out;
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) out.push_back(text(node.items[i], join(path, i), rule));
        return out;
    }

    Read to(std::string& into, Complaint (*rule)(std::string_view) = no_rule) {
        return [this, &into, rule](const Node& node, const std::string& path) { into = text(node, path, rule); };
    }
    Read to(std::vector<std::string>& into, Complaint (*rule)(std::string_view) = no_rule) {
        return [this, &into, rule](const Node& node, const std::string& path) { into = texts(node, path, rule); };
    }
    Read to(Duration& into, Duration least, Duration most) {
        return [this, &into, least, most](const Node& node, const std::string& path) {
            const auto parsed = parse_duration(node.text);
            if (node.kind != Node::Kind::scalar || !parsed)
                refuse(node, path, quote(node.text) + " is no duration (write 30s)");
            else if (*parsed < least || *parsed > most)
                refuse(node, path,
                       quote(node.text) + " is not between " + duration_text(least) + " and " + duration_text(most));
            else
                into = *parsed;
        };
    }

    void read_version(const Node& node, const std::string& path) {
        if (node.kind != Node::Kind::scalar || node.text != "1")
            refuse(node, path, quote(node.text) + " is no version (write 1)");
    }

    void read_tokens(const Node& node, const std::string& path) {
        read_map(node, path,
                 {{"issuer", true, to(policy_.tokens.issuer)},
                  {"audiences", true, to(policy_.tokens.audiences)},
                  {"keys", true, to(policy_.keys_url, keys_rule)},
                  {"leeway", false, to(policy_.tokens.leeway, Duration{}, std::chrono::minutes(5))}});
    }

    void read_rules(const Node& node, const std::string& path) {
        if (node.kind != Node::Kind::list || node.items.empty())
            return refuse(node, path, "must be a list of at least one rule");
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            auth::Rule rule;
            read_map(node.items[i], join(path, i),
                     {{"tenant", true, to(rule.tenant, name_rule)},
                      {"when", true, [&](const Node& at, const std::string& where) { read_when(at, where, rule); }},
                      {"may", true, [&](const Node& at, const std::string& where) { read_may(at, where, rule.grant); }},
                      {"pipelines", false, to(rule.grant.pipelines, name_rule)},
                      {"account", false, to(rule.account)}});
            policy_.rules.push_back(std::move(rule));
        }
    }

    void read_when(const Node& node, const std::string& path, auth::Rule& rule) {
        if (node.kind != Node::Kind::map || node.entries.empty())
            return refuse(node, path, "must be a map of claims to values (without one, anybody would be this tenant)");
        for (const Entry& entry : node.entries)
            rule.when.push_back({entry.key, texts(entry.value, join(path, entry.key), no_rule)});
    }

    void read_may(const Node& node, const std::string& path, subjects::Grant& grant) {
        for (const std::string& right : texts(node, path, no_rule)) {
            if (right == "publish")
                grant.publish = true;
            else if (right == "subscribe")
                grant.subscribe = true;
            else if (right == "stored")
                grant.stored = true;
            else
                refuse(node, path, quote(right) + " is no right (publish, subscribe, stored)");
        }
    }

    void read_token_in(const Node& node, const std::string& path) {
        if (node.text == "password")
            policy_.callout.token_in = auth::CalloutSettings::TokenIn::password;
        else if (node.text != "auth_token")
            refuse(node, path, quote(node.text) + " is neither auth_token nor password");
    }

    // `any`, or their keys. A server makes itself a new key when it starts.
    void read_servers(const Node& node, const std::string& path) {
        if (node.kind != Node::Kind::scalar || node.text != "any")
            policy_.callout.servers = texts(node, path, server_rule);
    }

    void read_callout(const Node& node, const std::string& path) {
        auth::CalloutSettings& out = policy_.callout;
        read_map(node, path,
                 {{"servers", true, [&](const Node& at, const std::string& where) { read_servers(at, where); }},
                  {"account", true, to(out.account)},
                  {"signing_seed_file", true, to(out.signing_seed_file, source_rule)},
                  {"xkey_seed_file", false, to(out.xkey_seed_file, source_rule)},
                  {"token_in", false, [&](const Node& at, const std::string& where) { read_token_in(at, where); }},
                  {"audit_subject", false, to(out.audit_subject, subject_rule)},
                  {"longest_session", false, to(out.longest_session, std::chrono::seconds(10), std::chrono::hours(24))},
                  {"user", false, to(out.user)},
                  {"password_file", false, to(out.password_file, source_rule)},
                  {"credentials_file", false, to(out.credentials_file, source_rule)}});
        if (problems_.empty() && out.servers.empty() && out.xkey_seed_file.empty())
            refuse(node, join(path, "servers"), "'any' needs an xkey_seed_file (a request would prove nothing)");
        if (out.user.empty() != out.password_file.empty())
            refuse(node, join(path, out.user.empty() ? "user" : "password_file"),
                   "is missing (a user and its password go together)");
        if (!out.user.empty() && !out.credentials_file.empty())
            refuse(node, join(path, "credentials_file"), "is a second login beside user (keep one)");
    }

    Problems& problems_;
    auth::Policy policy_;
};

}  // namespace

std::expected<auth::Policy, std::vector<Problem>> load_policy(const std::string& file_name, std::string_view yaml) {
    Problems problems(file_name);
    auth::Policy policy;
    if (const auto document = parse_document(yaml, problems))
        policy = PolicyReader(problems).read(*document);
    else if (problems.empty())
        problems.add({}, "", "there is nothing in this file (docs/security.md shows a policy)");
    if (!problems.empty()) return std::unexpected(std::move(problems).take());
    return policy;
}

}  // namespace millrace::config
