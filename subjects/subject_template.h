// A subject with {tenant} and {partition} tokens: read from the configuration once, then matched against what arrives
// and rendered for what leaves.
//
//     events.{partition}.{tenant}.trips     filter for partition 3: events.3.*.trips
//
// {tenant} and {partition} each stand for one whole token, at most once. Other tokens are literals of [A-Za-z0-9_-] and
// of $ / = : + @ ~ %; `*` and a final `>` are allowed only in templates that are matched (inputs), and an output never
// begins with $, which is the server's. At most 256 bytes. Value type, safe to share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace millrace::subjects {

enum class Use { input, output };

class SubjectTemplate {
  public:
    SubjectTemplate() = default;
    // The error quotes the token and the rule it breaks.
    static Result<SubjectTemplate> parse(std::string_view text, Use use);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool has_tenant() const;
    [[nodiscard]] bool has_partition() const;

    // The subject filter that covers every tenant: {tenant} becomes *, {partition} the number given, or * for none.
    [[nodiscard]] std::string filter(std::optional<std::uint32_t> partition = std::nullopt) const;
    // The same for one tenant, as filters of rights are: every partition. Requires: is_tenant.
    [[nodiscard]] std::string filter_of(std::string_view tenant) const;
    // The raw tenant token of a subject that has this shape; empty when it has another shape or there is no {tenant}.
    // Not checked: pass it to is_tenant.
    [[nodiscard]] std::string_view tenant_in(std::string_view subject) const;
    // The subject for a tenant (checked again here) and a partition. Fails rather than make a subject of another shape.
    [[nodiscard]] Result<std::string> render(std::string_view tenant, std::uint32_t partition = 0) const;
    // Whether `subject` is exactly what this template can make for `tenant`. The last check before the client call.
    [[nodiscard]] bool allows(std::string_view subject, std::string_view tenant) const;

  private:
    enum class Kind { literal, tenant, partition, any, rest };
    struct Token {
        Kind kind = Kind::literal;
        std::string literal;
    };

    static Result<Token> parse_token(std::string_view text, std::string_view token, Use use);
    [[nodiscard]] bool has(Kind kind) const;
    [[nodiscard]] bool makes_subjects() const;

    std::string text_;
    std::vector<Token> tokens_;
};

// Whether two filters can match a common subject; for finding streams that would capture each other's subjects.
bool overlap(std::string_view filter_a, std::string_view filter_b);
// Whether every subject of `inner` is matched by `outer`.
bool covers(std::string_view outer, std::string_view inner);

}  // namespace millrace::subjects
