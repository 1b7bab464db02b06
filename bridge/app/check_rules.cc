#include "bridge/app/check_rules.h"

#include <algorithm>

#include "bridge/app/words.h"

namespace millrace::app {

void judge_keeping(const io::StreamFound& stream, std::string_view field, Findings& found) {
    const std::string who = "stream " + quote(stream.name);
    if (stream.storage == "memory") {
        found.add(Severity::warning, field,
                  who + " is kept in memory: a restart of the server loses what it has acknowledged (storage: file)");
    }
    if (stream.persist_mode == "async") {
        found.add(Severity::warning, field,
                  who + " acknowledges before it writes (persist_mode: async): a crash of the server loses messages");
    }
    if (stream.replicas < 2) {
        found.add(Severity::note, field,
                  who + " has one replica: the promise holds as long as that server's disk does");
    }
    if (stream.sealed) found.add(Severity::error, field, who + " is sealed and stores nothing more");
}

std::uint64_t percent_full(const io::StreamFound& stream) {
    const auto fill = [](std::uint64_t used, std::int64_t limit) {
        return limit > 0 ? used * 100 / static_cast<std::uint64_t>(limit) : 0;
    };
    return std::max(fill(stream.bytes, stream.max_bytes), fill(stream.messages, stream.max_msgs));
}

Duration ack_wait_in_use(const settings::Pipeline& pipeline, const PipelineSurvey& seen) {
    Duration shortest = Duration::max();
    for (const auto& consumer : seen.consumers) {
        shortest = std::min(shortest, consumer ? consumer->ack_wait : pipeline.input.ack_wait);
    }
    return shortest == Duration::max() ? pipeline.input.ack_wait : shortest;
}

std::vector<Finding> judge(const settings::Pipeline& pipeline, const std::string& path, const PipelineSurvey& seen) {
    Findings found(path);
    judge_input(pipeline, seen, found);
    judge_consumers(pipeline, seen, found);
    judge_outputs(pipeline, seen, found);
    return std::move(found).take();
}

}  // namespace millrace::app
