// A template, a subject and a tenant of any bytes. What a template makes for a tenant is one subject of that tenant:
// the pattern allows it, the filter matches it, and the tenant is read back from it. Matching is told as by a regular
// expression made from the template's text.
#include <regex>
#include <string>

#include "bridge/base/check.h"
#include "subjects/headers.h"
#include "subjects/subject_template.h"
#include "subjects/tenant.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using subjects::SubjectTemplate;
using subjects::Use;

namespace {

// The second opinion on filters: tokens one by one, from the end.
bool matches(std::string_view filter, std::string_view subject) {
    if (filter == ">") return !subject.empty();
    const std::size_t f = filter.find('.');
    const std::size_t s = subject.find('.');
    const std::string_view token = subject.substr(0, s);
    if (token.empty() || (filter.substr(0, f) != "*" && filter.substr(0, f) != token)) return false;
    if (f == filter.npos || s == subject.npos) return f == filter.npos && s == subject.npos;
    return matches(filter.substr(f + 1), subject.substr(s + 1));
}

// The second opinion on templates. Group 1 is the tenant, where there is one.
std::string pattern_of(std::string_view text) {
    std::string pattern;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        const std::string_view token = rest.substr(0, rest.find('.'));
        if (token == "{tenant}") {
            pattern += "([^.]+)";
        } else if (token == "{partition}") {
            pattern += "(?:0|[1-9][0-9]*)";
        } else if (token == "*") {
            pattern += "[^.]+";
        } else if (token == ">") {
            // Nothing but its first token is looked at.
            pattern += "[^.]+(?:\\.[^]*)?";
        } else {
            for (const char c : token) (pattern += '[') += c, pattern += ']';
        }
        at += token.size();
        if (at < text.size()) pattern += "\\.", ++at;
    }
    return pattern;
}

void check_output(const SubjectTemplate& made, std::string_view tenant, std::uint32_t partition) {
    const auto subject = made.render(tenant, partition);
    MILLRACE_CHECK(subject.has_value() == (!made.has_tenant() || subjects::is_tenant(tenant)),
                   "a subject is made for each usable tenant and for no other");
    if (!subject) return;
    MILLRACE_CHECK(made.allows(*subject, tenant), "what was made is allowed");
    MILLRACE_CHECK(!made.has_tenant() || !made.allows(*subject, std::string(tenant) + "x"), "and to nobody else");
    MILLRACE_CHECK(matches(made.filter(), *subject), "the filter covers it");
    MILLRACE_CHECK(matches(made.filter(partition), *subject), "that of its partition, too");
    MILLRACE_CHECK(subject->find_first_of("*> \t\r\n") == std::string::npos, "it is one plain subject");
    const auto input = SubjectTemplate::parse(made.text(), Use::input);
    MILLRACE_CHECK(input && (!made.has_tenant() || input->tenant_in(*subject) == tenant), "the tenant is read back");
}

void check_input(const SubjectTemplate& made, std::string_view subject) {
    const std::string_view tenant = made.tenant_in(subject);
    std::match_results<std::string_view::const_iterator> found;
    // A number beyond 32 bits is no partition, which no expression tells.
    const bool same = std::regex_match(subject.begin(), subject.end(), found, std::regex(pattern_of(made.text())));
    if (!made.has_tenant()) {
        MILLRACE_CHECK(tenant.empty(), "without a tenant there is none");
    } else if (!made.has_partition()) {
        MILLRACE_CHECK(tenant == (same ? std::string_view(found[1].first, found[1].second) : ""), "the tenant's token");
    } else {
        MILLRACE_CHECK(tenant.empty() || (same && tenant == found[1].str()), "the tenant's token beside a partition");
    }
    MILLRACE_CHECK(tenant.empty() || matches(made.filter(), subject), "the filter covers what has a tenant");
}

void check_filters(std::string_view a, std::string_view b, std::string_view subject) {
    const auto is_filter = [](std::string_view text) { return SubjectTemplate::parse(text, Use::input).has_value(); };
    if (!is_filter(a) || !is_filter(b)) return;
    const bool both = matches(a, subject) && matches(b, subject);
    MILLRACE_CHECK(!both || subjects::overlap(a, b), "filters with a common subject overlap");
    MILLRACE_CHECK(subjects::overlap(a, b) == subjects::overlap(b, a), "overlap goes both ways");
    MILLRACE_CHECK(!subjects::covers(a, b) || !matches(b, subject) || matches(a, subject), "covers means all of it");
    MILLRACE_CHECK(!subjects::covers(a, b) || subjects::overlap(a, b), "what covers overlaps");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 512) return 0;
    fuzz::Tape tape(bytes, size);
    const std::string_view text = tape.line();
    const std::string_view other = tape.line();
    const std::string_view tenant = tape.line();
    const std::string_view subject = tape.rest();
    const auto partition = static_cast<std::uint32_t>(size);
    if (const auto output = SubjectTemplate::parse(text, Use::output)) check_output(*output, tenant, partition);
    const auto input = SubjectTemplate::parse(text, Use::input);
    if (input && subject.size() < 300) check_input(*input, subject);
    check_filters(text, other, subject);
    static const std::regex kTenant("[A-Za-z0-9_-]{1,64}");
    MILLRACE_CHECK(subjects::is_tenant(tenant) == std::regex_match(tenant.begin(), tenant.end(), kTenant), "a tenant");
    return 0;
}
