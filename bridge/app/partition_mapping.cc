#include "bridge/app/partition_mapping.h"

#include <vector>

namespace millrace::app {

namespace {

std::vector<std::string_view> tokens_of(std::string_view subject) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at <= subject.size();) {
        const auto dot = std::min(subject.find('.', at), subject.size());
        out.push_back(subject.substr(at, dot - at));
        at = dot + 1;
    }
    return out;
}

void append(std::string& subject, std::string_view token) {
    if (!subject.empty()) subject += '.';
    subject += token;
}

}  // namespace

std::optional<PartitionMapping> partition_mapping(std::string_view subject, std::uint32_t partitions) {
    const auto tokens = tokens_of(subject);
    std::string tenant_index;
    std::string every_index;
    bool has_partition = false;
    int wildcards = 0;
    for (const auto token : tokens) {
        if (token == ">") return {};
        has_partition |= token == "{partition}";
        if (token != "{tenant}" && token != "*") continue;
        const auto index = "," + std::to_string(++wildcards);
        every_index += index;
        if (token == "{tenant}") tenant_index = index;
    }
    if (!has_partition || wildcards == 0) return {};
    PartitionMapping out;
    int wildcard = 0;
    for (const auto token : tokens) {
        if (token == "{partition}") {
            append(out.target, "{{partition(" + std::to_string(partitions) +
                                   (tenant_index.empty() ? every_index : tenant_index) + ")}}");
        } else if (token == "{tenant}" || token == "*") {
            append(out.source, "*");
            append(out.target, "{{wildcard(" + std::to_string(++wildcard) + ")}}");
        } else {
            append(out.source, token);
            append(out.target, token);
        }
    }
    return out;
}

}  // namespace millrace::app
