// How a cross rule speaks up: at the field's place, and not about a field that was refused already.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/config/cross_rules.h"

namespace millrace::config {

struct Complaints {
    const Places& places;
    Problems& problems;

    void operator()(const std::string& path, std::string text) const {
        if (!problems.spoils(path)) problems.add(place_of(places, path), path, std::move(text));
    }
    // Whether the file itself mentions the field.
    [[nodiscard]] bool mentions(const std::string& path) const { return places.contains(path); }
};

// Fields that end up side by side, `where`, need names of their own.
void check_keys(const std::vector<std::string>& fields, const std::string& path, std::string_view where,
                const Complaints& complain);

// The shadow of a pipeline, whose path is `path`.
void check_shadow(const settings::Pipeline& pipeline, const std::string& path, const Complaints& complain);

}  // namespace millrace::config
