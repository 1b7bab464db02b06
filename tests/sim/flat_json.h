// The members of a JSON object whose names and strings have no escapes, with their values as raw text.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace millrace::sim {

inline std::map<std::string, std::string> flat_json(std::string_view text) {
    std::map<std::string, std::string> members;
    std::string name;
    std::string value;
    int depth = 0;
    bool quoted = false;
    const auto end_member = [&] {
        if (!name.empty()) members[name.substr(1, name.size() - 2)] = value;
        name.clear();
        value.clear();
    };
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (!quoted) {
            if ((c == '}' || c == ']') && --depth == 0) end_member();
            if ((c == '{' || c == '[') && depth++ == 0) continue;
            if (c == ',' && depth == 1) {
                end_member();
                continue;
            }
            if (c == ':' && depth == 1 && name.empty()) {
                name = value;
                value.clear();
                continue;
            }
        }
        value += c;
    }
    return members;
}

}  // namespace millrace::sim
