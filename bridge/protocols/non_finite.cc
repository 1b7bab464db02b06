#include "bridge/protocols/non_finite.h"

#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {

// Outside strings, N and I begin nothing else.
std::string finite(std::string_view text, settings::NonFinite policy) {
    std::string out;
    while (!text.empty()) {
        JsonReader reader(text, true);
        const JsonReader::Kind kind = reader.peek();
        if (kind != JsonReader::Kind::string && kind != JsonReader::Kind::non_finite) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        const std::string_view value = reader.skip();
        const std::size_t blanks = static_cast<std::size_t>(value.data() - text.data());
        out += text.substr(0, blanks);
        if (kind == JsonReader::Kind::string) {
            out += value;
        } else {
            out += policy == settings::NonFinite::null ? "null" : '"' + std::string(value) + '"';
        }
        text.remove_prefix(blanks + value.size());
    }
    return out;
}

}  // namespace millrace::protocols
