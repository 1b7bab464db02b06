// Any bytes as a subject, an ack subject or a tenant: what is rendered is one subject of the template's shape.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "subjects/ack_subject.h"
#include "subjects/headers.h"
#include "subjects/subject_template.h"
#include "subjects/tenant.h"

using namespace millrace::subjects;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    static const SubjectTemplate input = *SubjectTemplate::parse("events.{tenant}.trips", Use::input);
    static const SubjectTemplate output = *SubjectTemplate::parse("results.{tenant}.fares", Use::output);
    (void)parse_ack_subject(text);
    (void)SubjectTemplate::parse(text, Use::input);
    (void)is_passed_on(text);
    for (const char c : printable(text)) {
        if (c < 0x20 || c > 0x7e) std::abort();
    }
    for (const std::string_view tenant : {text, input.tenant_in(text)}) {
        const auto rendered = output.render(tenant);
        if (rendered.has_value() != is_tenant(tenant)) std::abort();
        if (!rendered) continue;
        if (std::ranges::count(*rendered, '.') != 2 || !output.allows(*rendered, tenant)) std::abort();
        if (std::ranges::any_of(*rendered, [](char c) { return c <= ' ' || c == '*' || c == '>' || c == 0x7f; }))
            std::abort();
    }
    return 0;
}
