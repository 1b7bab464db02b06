// `millrace state`: what owned partitions have stored, shown, written into a document, and stored from one.
//
// Inspect and export change nothing. Import stores a head that no owner holds, by compare-and-set: the state that was
// there stays valid until that moment, whatever breaks before it.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "bridge/settings/settings.h"

namespace millrace::app {

struct StateOptions {
    std::string pipeline;             // empty: all whose partitions have owners
    bool json = false;                // inspect
    std::size_t panes = 20;           // inspect: shown of each partition, those due first
    bool accept_fingerprint = false;  // import: the state is to mean what the configuration says now
};

// Exit code of each: 0 done, 1 refused or met a problem, which `err` names, 2 the options do not fit the settings.
int inspect_state(const settings::Settings& settings, const StateOptions& options, std::ostream& out,
                  std::ostream& err);
// Writes the document to `out` when all of it is there, and nothing otherwise.
int export_state(const settings::Settings& settings, const StateOptions& options, std::ostream& out, std::ostream& err);
// Judges all of the document before it stores any of it. What a run that broke off has stored is left as it is by the
// next one.
int import_state(const settings::Settings& settings, const StateOptions& options, std::istream& in, std::ostream& out,
                 std::ostream& err);

}  // namespace millrace::app
