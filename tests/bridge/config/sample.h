// A short configuration that loads, for tests to break in one place.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/loader.h"

namespace millrace::config {

inline constexpr std::string_view kSample = R"(version: 1
nats: {urls: ["nats://127.0.0.1:4222"]}
pipelines:
  - name: fares
    input:
      stream: EVENTS
      subject: events.{tenant}.trips
    event:
      features: [vendorid, distance]
    endpoint:
      url: http://127.0.0.1:5001/score
    results:
      subject: results.{tenant}.fares
)";

inline std::string sample_with(std::string_view part, std::string_view other) {
    const std::size_t found = kSample.find(part);
    REQUIRE(found != std::string_view::npos);
    return std::string(kSample.substr(0, found)) + std::string(other) +
           std::string(kSample.substr(found + part.size()));
}

// Every problem as it is shown, one a line.
inline std::string complaints(std::string_view yaml) {
    const auto loaded = load("t.yaml", yaml);
    std::string lines;
    if (!loaded) {
        for (const Problem& problem : loaded.error()) lines += format(problem) + "\n";
    }
    return lines;
}

inline settings::Settings loaded(std::string_view yaml) {
    auto settings = load("t.yaml", yaml);
    const std::string said = complaints(yaml);
    REQUIRE_MESSAGE(settings.has_value(), said);
    return *settings;
}

}  // namespace millrace::config
