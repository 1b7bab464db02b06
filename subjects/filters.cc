// Set questions about subject filters: do they meet, does one hold the other.
#include "subjects/subject_template.h"
#include "subjects/tokens.h"

namespace millrace::subjects {

bool overlap(std::string_view filter_a, std::string_view filter_b) {
    Tokens tokens_a(filter_a);
    Tokens tokens_b(filter_b);
    for (;;) {
        const auto a = tokens_a.next();
        const auto b = tokens_b.next();
        if (!a || !b) return !a && !b && !filter_a.empty();
        if (a->empty() || b->empty()) return false;
        if (*a == ">" || *b == ">") return true;
        if (*a != "*" && *b != "*" && *a != *b) return false;
    }
}

bool covers(std::string_view outer, std::string_view inner) {
    Tokens tokens_outer(outer);
    Tokens tokens_inner(inner);
    for (;;) {
        const auto o = tokens_outer.next();
        const auto i = tokens_inner.next();
        if (!o || !i) return !o && !i && !outer.empty();
        if (o->empty() || i->empty()) return false;
        if (*o == ">") return true;
        // Nothing but a final > reaches as far as a final >.
        if (*i == ">" || (*o != "*" && *o != *i)) return false;
    }
}

}  // namespace millrace::subjects
