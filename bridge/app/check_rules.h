// The rules of `millrace check`: each looks at one thing and says what it means for the promise. Pure; private to
// bridge/app.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/app/check.h"

namespace millrace::app {

using config::quote;

// What one pipeline's rules have found, each thing said once.
class Findings {
  public:
    explicit Findings(std::string path) : path_(std::move(path)) {}

    // `field` is below the pipeline: input.stream.
    void add(Severity severity, std::string_view field, std::string text) {
        if (said_.insert(text).second) found_.push_back({severity, path_ + "." + std::string(field), std::move(text)});
    }
    std::vector<Finding> take() && { return std::move(found_); }

  private:
    std::string path_;
    std::vector<Finding> found_;
    std::set<std::string> said_;
};

inline constexpr std::string_view kSetup = " (see `millrace setup`)";
inline constexpr Duration kShortestKeep = std::chrono::hours(1);  // an outage of this length should lose nothing
inline constexpr std::uint64_t kNearlyFull = 80;                  // percent

void judge_input(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found);
void judge_consumers(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found);
void judge_outputs(const settings::Pipeline& pipeline, const PipelineSurvey& seen, Findings& found);

// What any stream does to messages it has acknowledged to a publisher.
void judge_keeping(const io::StreamFound& stream, std::string_view field, Findings& found);
// How far the stream is to the nearer of its limits; 0 without any.
std::uint64_t percent_full(const io::StreamFound& stream);
// How long the server waits before it delivers again: the consumers' own, or as configured where there is none.
Duration ack_wait_in_use(const settings::Pipeline& pipeline, const PipelineSurvey& seen);

}  // namespace millrace::app
