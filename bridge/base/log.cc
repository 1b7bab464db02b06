#include "bridge/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>

#include "bridge/base/log_line.h"

namespace millrace {

namespace {

// Where lines go: the library's own sink keeps lines of several threads apart.
struct Output {
    logging::Form form = ::isatty(STDERR_FILENO) == 1 ? logging::Form::text : logging::Form::json;
    spdlog::logger logger{"millrace", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    std::mutex mutex;  // guards the limiter, never held while writing
    logging::Limiter limiter;

    Output() {
        logger.set_pattern("%v");
        logger.set_level(spdlog::level::info);
        logger.flush_on(spdlog::level::info);
    }
};

// Never destroyed, so that a thread may log until the very end.
Output& output() {
    static auto* made = new Output;
    return *made;
}

Time boot_time() {
    timespec reading{};
    ::clock_gettime(CLOCK_BOOTTIME, &reading);
    return Time(std::chrono::seconds(reading.tv_sec) + std::chrono::nanoseconds(reading.tv_nsec));
}

}  // namespace

void log(Level level, std::string_view event, std::string_view text, std::string_view pipeline) {
    auto& out = output();
    std::optional<std::uint64_t> left_out;
    {
        const std::lock_guard lock(out.mutex);
        left_out = out.limiter.admit(event, pipeline, boot_time());
    }
    if (!left_out) return;
    const auto at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto line = logging::format({at, level, event, text, pipeline, *left_out}, out.form);
    // The line is passed as a value, not as a pattern: braces in it mean nothing.
    out.logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace millrace
