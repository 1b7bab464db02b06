#include "bridge/app/state_reader.h"

#include <string>
#include <utility>
#include <variant>

#include "bridge/app/clocks.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/settings/outputs.h"

namespace millrace::app {

namespace {

constexpr int kAttempts = 5;  // while an owner stores new heads and purges old ones

std::unexpected<Error> unreadable(const std::string& why) {
    return fail(ErrorCode::invalid, "state_unreadable: " + why);
}

}  // namespace

bool has_owner(const StoredHead& stored, ServerTime server_now, Duration lease) {
    return !stored.head.released && server_now - stored.stored_at < lease;
}

Result<std::optional<StoredHead>> StateReader::last(Partition partition) {
    const auto got = door_.read({.number = 1, .partition = partition});
    if (!got) return std::unexpected(got.error());
    if (!got->message) return std::optional<StoredHead>();
    auto head = state::read_head(got->message->payload);
    if (!head) {
        return unreadable("at sequence " + std::to_string(got->message->sequence) +
                          " of the state stream: " + head.error().text + " (restore the state stream)");
    }
    return StoredHead{std::move(*head), got->message->sequence, got->message->stored_at};
}

Result<std::optional<StoredState>> StateReader::read(Partition partition) {
    std::uint64_t seen = 0;
    for (int attempt = 0;; ++attempt) {
        const auto head = last(partition);
        if (!head) return std::unexpected(head.error());
        if (!*head) return std::optional<StoredState>();
        auto state = walk(partition, **head);
        if (state) return std::optional(std::move(*state));
        // What is missing was purged after a newer head was stored, or the state is broken.
        const bool moved = (*head)->sequence != seen;
        if (!moved || attempt == kAttempts) return std::unexpected(std::move(state.error()));
        seen = (*head)->sequence;
    }
}

Result<StoredState> StateReader::walk(Partition partition, const StoredHead& last) {
    const bool fits = last.head.fingerprint == settings::fingerprint(pipeline_);
    engine::Applier outbox_only(pipeline_, partition, rendering_);
    StoredState state{.last = last, .outbox = {}, .applier = {}};
    if (fits) state.applier = std::make_unique<engine::Applier>(pipeline_, partition, rendering_);
    engine::Numbers numbers(partition);
    engine::Reading reading(partition, numbers, 0);
    engine::Chain chain(settings::state_subject(pipeline_, partition));
    if (fits) {
        chain.begin(last.head, last.sequence, reading);
    } else {
        chain.begin_outbox(last.head, last.sequence, reading);
    }
    while (!chain.complete()) {
        engine::Effects effects;
        reading.pump(boot_now(), true, effects);
        const auto got = door_.read(std::get<Read>(effects.front()));
        if (!got) return std::unexpected(got.error());
        reading.got(*got, boot_now());
        if (auto read = chain.got(*got, fits ? *state.applier : outbox_only, reading); !read)
            return unreadable(read.error().text);
    }
    state.last.head.content.clear();
    state.outbox = chain.take_outbox();
    if (fits) {
        state.base_bytes = chain.base_bytes();
        state.delta_bytes = chain.delta_bytes();
        state.deltas = chain.deltas();
    }
    return state;
}

Result<void> StateReader::try_content(Partition partition, const state::Content& content) const {
    engine::Applier applier(pipeline_, partition, rendering_);
    if (auto read = applier.read(content); !read) return unreadable(read.error().text);
    return {};
}

}  // namespace millrace::app
