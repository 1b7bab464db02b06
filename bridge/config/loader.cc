#include "bridge/config/loader.h"

#include <utility>

#include "bridge/config/cross_rules.h"
#include "bridge/config/document.h"

namespace millrace::config {

std::expected<Reading, std::vector<Problem>> load_with_places(const std::string& file_name, std::string_view yaml) {
    Problems problems(file_name);
    const auto document = parse_document(yaml, problems);
    Reading reading;
    if (document) {
        reading = read_document(*document, problems);
        fit_batches(reading);
        check_process(reading, problems);
        check_identities(reading, problems);
        check_vaults(reading, problems);
        check_pipelines(reading, problems);
        check_endpoints(reading, problems);
        check_aggregates(reading, problems);
        check_owned(reading, problems);
    } else if (problems.empty()) {
        problems.add({}, "", "there is nothing in this file (millrace --help shows a short configuration)");
    }
    if (!problems.empty()) return std::unexpected(std::move(problems).take());
    return reading;
}

std::expected<settings::Settings, std::vector<Problem>> load(const std::string& file_name, std::string_view yaml) {
    auto reading = load_with_places(file_name, yaml);
    if (!reading) return std::unexpected(std::move(reading.error()));
    return std::move(reading->settings);
}

}  // namespace millrace::config
