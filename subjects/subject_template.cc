#include "subjects/subject_template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "subjects/headers.h"
#include "subjects/tenant.h"
#include "subjects/tokens.h"

namespace millrace::subjects {

namespace {

constexpr std::size_t kMaxText = 256;
constexpr std::string_view kTenant = "{tenant}";
constexpr std::string_view kPartition = "{partition}";

std::string quoted(std::string_view text) { return "\"" + printable(text, 80) + "\""; }

std::unexpected<Error> refused(std::string_view text, const std::string& rule) {
    return fail(ErrorCode::invalid, "subject " + quoted(text) + " " + rule);
}

bool is_literal_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("_-$/=:+@~%").contains(c);
}

// The one way to write a partition's number: no sign, no leading zero.
bool is_partition(std::string_view token) {
    std::uint32_t number = 0;
    const auto* end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data(), end, number);
    return error == std::errc{} && stop == end && (token.size() == 1 || token.front() != '0');
}

void append_number(std::string& out, std::uint32_t number) {
    std::array<char, std::numeric_limits<std::uint32_t>::digits10 + 1> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

}  // namespace

Result<SubjectTemplate::Token> SubjectTemplate::parse_token(std::string_view text, std::string_view token, Use use) {
    if (token.empty()) return refused(text, "has an empty token (write single dots, between tokens only)");
    if (token == kTenant) return Token{Kind::tenant, {}};
    if (token == kPartition) return Token{Kind::partition, {}};
    if (token == "*" || token == ">") {
        if (use == Use::output) {
            return refused(text,
                           "has the wildcard " + quoted(token) + ", but messages go to one subject (write it out)");
        }
        return Token{token == "*" ? Kind::any : Kind::rest, {}};
    }
    if (token.find_first_of("{}") != std::string_view::npos) {
        return refused(text, "has the token " + quoted(token) +
                                 ", which is no whole {tenant} or {partition} (placeholders are whole tokens)");
    }
    if (!std::ranges::all_of(token, is_literal_char)) {
        return refused(text, "has the token " + quoted(token) +
                                 " with a character that is not allowed (use A-Z a-z 0-9 _ - $ / = : + @ ~ %)");
    }
    return Token{Kind::literal, std::string(token)};
}

Result<SubjectTemplate> SubjectTemplate::parse(std::string_view text, Use use) {
    if (text.empty()) return refused(text, "is empty (write for example events.{tenant}.trips)");
    if (text.size() > kMaxText) return refused(text, "is longer than 256 bytes");
    if (use == Use::output && text.front() == '$')
        return refused(text, "begins with $, which is the server's own space");
    SubjectTemplate made;
    made.text_ = text;
    for (Tokens tokens(text); const auto next = tokens.next();) {
        auto token = parse_token(text, *next, use);
        if (!token) return std::unexpected(std::move(token.error()));
        if (made.has(Kind::rest)) return refused(text, "has > before its end (it stands for all that follows)");
        const bool placeholder = token->kind == Kind::tenant || token->kind == Kind::partition;
        if (placeholder && made.has(token->kind))
            return refused(text, "has " + quoted(*next) + " twice (once is enough)");
        made.tokens_.push_back(std::move(*token));
    }
    return made;
}

bool SubjectTemplate::has(Kind kind) const {
    return std::ranges::any_of(tokens_, [kind](const Token& token) { return token.kind == kind; });
}

bool SubjectTemplate::has_tenant() const { return has(Kind::tenant); }
bool SubjectTemplate::has_partition() const { return has(Kind::partition); }

bool SubjectTemplate::makes_subjects() const { return !tokens_.empty() && !has(Kind::any) && !has(Kind::rest); }

std::string SubjectTemplate::filter(std::optional<std::uint32_t> partition) const {
    std::string out;
    for (const auto& token : tokens_) {
        if (!out.empty()) out += '.';
        if (token.kind == Kind::literal)
            out += token.literal;
        else if (token.kind == Kind::partition && partition)
            append_number(out, *partition);
        else
            out += token.kind == Kind::rest ? '>' : '*';
    }
    return out;
}

std::string SubjectTemplate::filter_of(std::string_view tenant) const {
    std::string out;
    for (const auto& token : tokens_) {
        if (!out.empty()) out += '.';
        if (token.kind == Kind::literal)
            out += token.literal;
        else if (token.kind == Kind::tenant)
            out += tenant;
        else
            out += token.kind == Kind::rest ? '>' : '*';
    }
    return out;
}

std::string_view SubjectTemplate::tenant_in(std::string_view subject) const {
    std::string_view tenant;
    Tokens tokens(subject);
    for (const auto& expected : tokens_) {
        const auto token = tokens.next();
        if (!token || token->empty()) return {};
        switch (expected.kind) {
            case Kind::literal:
                if (*token != expected.literal) return {};
                break;
            case Kind::partition:
                if (!is_partition(*token)) return {};
                break;
            case Kind::tenant:
                tenant = *token;
                break;
            case Kind::any:
                break;
            case Kind::rest:
                return tenant;  // the last one: whatever follows has this shape
        }
    }
    return tokens.next() ? std::string_view{} : tenant;
}

Result<std::string> SubjectTemplate::render(std::string_view tenant, std::uint32_t partition) const {
    if (!makes_subjects()) return refused(text_, "is a filter and makes no subjects");
    if (has_tenant() && !is_tenant(tenant)) {
        return refused(text_, "takes no tenant " + quoted(tenant) + " (a tenant is 1 to 64 of A-Z a-z 0-9 _ -)");
    }
    std::string out;
    out.reserve(text_.size() + tenant.size());
    for (const auto& token : tokens_) {
        if (!out.empty()) out += '.';
        if (token.kind == Kind::tenant)
            out += tenant;
        else if (token.kind == Kind::partition)
            append_number(out, partition);
        else
            out += token.literal;
    }
    return out;
}

bool SubjectTemplate::allows(std::string_view subject, std::string_view tenant) const {
    if (!makes_subjects() || (has_tenant() && !is_tenant(tenant))) return false;
    Tokens tokens(subject);
    const bool same = std::ranges::all_of(tokens_, [&](const Token& expected) {
        const auto token = tokens.next();
        if (!token) return false;
        if (expected.kind == Kind::tenant) return *token == tenant;
        if (expected.kind == Kind::partition) return is_partition(*token);
        return *token == expected.literal;
    });
    return same && !tokens.next();
}

}  // namespace millrace::subjects
