// The rules that join fields: what each value allows and the whole does not.
//
// Run even when single fields were refused, so that all mistakes are told at once; a rule about a field that was
// refused keeps silent.
#pragma once

#include "bridge/config/problem.h"
#include "bridge/config/reader.h"

namespace millrace::config {

// Lowers the default of max_batch_count to what a request of the protocol carries.
void fit_batches(Reading& reading);

void check_identities(const Reading& reading, Problems& problems);
void check_vaults(const Reading& reading, Problems& problems);
void check_process(const Reading& reading, Problems& problems);
void check_pipelines(const Reading& reading, Problems& problems);
void check_endpoints(const Reading& reading, Problems& problems);
void check_aggregates(const Reading& reading, Problems& problems);
// Of partitions that have an owner: state, and the order of results.
void check_owned(const Reading& reading, Problems& problems);

// Where a path stands, or else what contains it.
Place place_of(const Places& places, std::string_view path);

}  // namespace millrace::config
