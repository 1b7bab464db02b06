// `millrace setup`: the streams and consumers that the pipelines need, and what to do to have them.
//
// Only adds: creates what is missing, adds subjects and a transform, widens a duplicate window. It never shrinks,
// replaces or deletes; what cannot be had so is said, for a person to decide. Applying twice changes nothing more.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

#include "bridge/app/survey.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

struct SetupOptions {
    bool apply = false;
    std::uint32_t replicas = 1;  // of streams that are created
};

struct ChangeStream {
    std::string name;
    io::StreamChange change;
};

// One thing to do, or to know. Without an action it is for a person.
struct Step {
    std::string text;
    std::variant<std::monostate, io::StreamWish, ChangeStream, io::ConsumerWish> action;
    bool blocked = false;  // the pipeline cannot work until a person acts
};

// In the order in which to do them. Pure.
std::vector<Step> plan(const settings::Settings& settings, const Survey& seen, const SetupOptions& options);

// Prints the plan, and with `apply` carries it out. Exit code: 0 done or nothing to do or only shown, 1 a step is
// blocked or failed, or the server cannot be reached.
int setup(const settings::Settings& settings, const SetupOptions& options, std::ostream& out);

}  // namespace millrace::app
