#include "bridge/app/setup.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

#include "bridge/io/nats_connection.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

// A server that does not know a member ignores it: what it echoes is what it has.
Result<void> check_echo(const io::StreamFound& stream, const std::vector<std::string>& subjects, bool transform) {
    for (const auto& wanted : subjects) {
        const bool there = std::ranges::any_of(stream.subjects,
                                               [&](const auto& subject) { return subjects::covers(subject, wanted); });
        if (!there) return fail(ErrorCode::unavailable, "the server did not take the subject " + wanted);
    }
    if (transform && !stream.has_transform) return fail(ErrorCode::misconfigured, "the server ignored the transform");
    return {};
}

struct Apply {
    const io::NatsAdmin& admin;

    Result<void> operator()(std::monostate) const { return {}; }
    Result<void> operator()(const io::StreamWish& wish) const {
        const auto made = admin.create_stream(wish);
        if (!made) return std::unexpected(made.error());
        return check_echo(*made, wish.subjects, !wish.transform_target.empty());
    }
    Result<void> operator()(const ChangeStream& step) const {
        const auto changed = admin.change_stream(step.name, step.change);
        if (!changed) return std::unexpected(changed.error());
        return check_echo(*changed, step.change.add_subjects, !step.change.transform_target.empty());
    }
    Result<void> operator()(const io::ConsumerWish& wish) const {
        const auto made = admin.create_consumer(wish);
        if (!made) return std::unexpected(made.error());
        return {};
    }
};

bool is_action(const Step& step) { return !std::holds_alternative<std::monostate>(step.action); }

// True when every step that has an action was carried out. What hangs on a failed one fails by itself.
bool carry_out(const io::NatsAdmin& admin, const std::vector<Step>& steps, std::ostream& out) {
    bool fine = true;
    for (const Step& step : steps) {
        if (!is_action(step)) continue;
        const auto done = std::visit(Apply{admin}, step.action);
        out << (done ? "done:   " : "FAILED: ") << step.text << "\n";
        if (!done) out << "        " << done.error().text << "\n";
        fine = fine && done;
    }
    return fine;
}

void show(const std::vector<Step>& steps, std::ostream& out) {
    for (const Step& step : steps) {
        out << (step.blocked ? "BLOCKED " : is_action(step) ? "would   " : "note    ") << step.text << "\n";
    }
}

}  // namespace

int setup(const settings::Settings& settings, const SetupOptions& options, std::ostream& out) {
    const auto connection = connect(settings.nats, "millrace setup");
    if (!connection) {
        out << "error: " << connection.error().text << "\n";
        return 1;
    }
    const auto seen = survey(**connection, settings);
    if (!seen) {
        out << "error: " << seen.error().text << "\n";
        return 1;
    }
    const auto steps = plan(settings, *seen, options);
    const bool blocked = std::ranges::any_of(steps, &Step::blocked);
    const bool anything = std::ranges::any_of(steps, is_action);
    if (!anything && !blocked) out << "nothing to do: every stream and consumer is there\n";
    bool fine = true;
    if (options.apply) {
        fine = carry_out(io::NatsAdmin(**connection, settings.nats), steps, out);
        for (const Step& step : steps) {
            if (!is_action(step)) show({step}, out);
        }
    } else {
        show(steps, out);
        if (anything) out << "nothing was changed (--apply does it)\n";
    }
    return fine && !blocked ? 0 : 1;
}

}  // namespace millrace::app
