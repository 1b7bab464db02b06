// How a cross rule speaks up: at the field's place, and not about a field that was refused already.
#pragma once

#include <string>
#include <utility>

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

}  // namespace millrace::config
