// Partition mapping against a small reading of the server's mapping language: what the mapping makes of a publisher's
// subject is a subject of the template, of the same tenant, in the partition of its hash.
#include "bridge/app/partition_mapping.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "subjects/partitioner.h"
#include "subjects/subject_template.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::app;

namespace {

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == at) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

void append(std::string& subject, const std::string& token) { subject += (subject.empty() ? "" : ".") + token; }

// What the server makes of a subject whose wildcards have these values.
std::string mapped(const std::string& target, const std::vector<std::string>& wildcards) {
    std::string out;
    for (const std::string& token : split(target, '.')) {
        if (!token.starts_with("{{")) {
            append(out, token);
            continue;
        }
        const auto open = token.find('(');
        const std::string what = token.substr(2, open - 2);
        const auto numbers = split(token.substr(open + 1, token.find(')') - open - 1), ',');
        if (what == "wildcard") {
            append(out, wildcards.at(std::stoul(numbers.at(0)) - 1));
        } else {
            RC_ASSERT(what == "partition");
            std::vector<std::string_view> hashed;
            for (std::size_t i = 1; i < numbers.size(); ++i)
                hashed.emplace_back(wildcards.at(std::stoul(numbers[i]) - 1));
            const auto partitions = static_cast<std::uint32_t>(std::stoul(numbers[0]));
            append(out, std::to_string(subjects::partition_of(hashed, partitions)));
        }
    }
    return out;
}

}  // namespace

TEST_CASE("partition mapping property: makes subjects of the template, each tenant's in one partition") {
    holds([] {
        // The template and a publisher's subject for it, token by token, in any order.
        std::vector<std::string> kinds = {"{partition}", "{tenant}"};
        for (auto more = *rc::gen::inRange(0, 4); more > 0; --more)
            kinds.push_back(*rc::gen::element<std::string>("*", "events", "trips"));
        for (std::size_t i = kinds.size(); i > 1; --i)
            std::swap(kinds[i - 1], kinds[*rc::gen::inRange<std::size_t>(0, i)]);
        const auto tenant = *rc::gen::element<std::string>("acme", "a", "Globex-EU_1", "0");
        const auto partitions = *rc::gen::inRange(1u, 20u);
        std::string text;
        std::string published;
        std::vector<std::string> wildcards;
        for (const std::string& kind : kinds) {
            append(text, kind);
            if (kind == "{partition}") continue;
            const std::string token = kind == "{tenant}" ? tenant
                                      : kind == "*"      ? *rc::gen::element<std::string>("x", "1", "acme")
                                                         : kind;
            append(published, token);
            if (kind == "{tenant}" || kind == "*") wildcards.push_back(token);
        }
        const auto mapping = partition_mapping(text, partitions);
        RC_ASSERT(mapping.has_value());
        RC_ASSERT(subjects::covers(mapping->source, published));
        const auto parsed = subjects::SubjectTemplate::parse(text, subjects::Use::input);
        RC_ASSERT(parsed.has_value());
        const std::string subject = mapped(mapping->target, wildcards);
        const std::vector<std::string_view> key = {tenant};
        RC_ASSERT(subjects::covers(parsed->filter(subjects::partition_of(key, partitions)), subject));
        RC_ASSERT(parsed->tenant_in(subject) == tenant);
    });
}
