// A parsed document → settings, by the field table.
//
// Walks the document, not the table, so that unknown keys are found where they stand; what the document leaves out is
// then filled from the defaults or reported as missing. Every mistake goes to `problems`, with the place of the value.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "bridge/config/document.h"
#include "bridge/config/problem.h"
#include "bridge/settings/settings.h"

namespace millrace::config {

// Where each field that the file mentions stands: pipelines[0].endpoint.url → line and column of its value.
using Places = std::map<std::string, Place, std::less<>>;

struct Reading {
    settings::Settings settings;
    Places places;
};

Reading read_document(const Node& document, Problems& problems);

}  // namespace millrace::config
