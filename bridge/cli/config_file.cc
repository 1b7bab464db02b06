#include "bridge/cli/config_file.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <system_error>
#include <utility>

#include "bridge/base/result.h"
#include "bridge/config/document.h"
#include "bridge/config/nats_context.h"
#include "bridge/config/policy.h"
#include "bridge/config/signature_value.h"
#include "bridge/config/source_text.h"

namespace millrace::cli {
namespace {

Result<std::string> read_text(const std::string& path) {
    std::error_code ignored;
    const std::string what = config::quote(path) + " cannot be read: ";
    if (std::filesystem::is_directory(path, ignored))
        return fail(ErrorCode::invalid, what + "it is a directory (name a file)");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorCode::not_found, what + std::strerror(errno) + " (name the configuration with -c)");
    std::string text = config::read_source(file);
    if (file.bad()) return fail(ErrorCode::unavailable, what + std::strerror(errno));
    return text;
}

}  // namespace

std::optional<config::Reading> read_config(const std::string& path, const std::string& context, std::ostream& report,
                                           std::ostream& err) {
    const auto text = read_text(path);
    if (!text) {
        err << "millrace: " << text.error().text << "\n";
        return std::nullopt;
    }
    auto reading = config::load_with_places(path, *text);
    if (!reading) {
        print(reading.error(), report);
        return std::nullopt;
    }
    config::Problems problems(path);
    config::read_nats_context(*reading, context, problems);
    config::read_model_files(*reading, problems);
    if (problems.empty()) return std::move(*reading);
    print(std::move(problems).take(), report);
    return std::nullopt;
}

std::optional<auth::Policy> read_policy(const std::string& path, std::ostream& err) {
    const auto text = read_text(path);
    if (!text) {
        err << "millrace: " << text.error().text << "\n";
        return std::nullopt;
    }
    auto policy = config::load_policy(path, *text);
    if (policy) return std::move(*policy);
    print(policy.error(), err);
    return std::nullopt;
}

void print(const std::vector<config::Problem>& problems, std::ostream& out) {
    for (const config::Problem& problem : problems) out << config::format(problem) << "\n";
}

}  // namespace millrace::cli
