// An input, a state stream and an output stream for owners of one partition, and tenants of it: what an owner asks for
// is done at once and answered before its next turn, unless the test says otherwise.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/engine/owner.h"
#include "subjects/identity.h"

namespace millrace::engine {

inline Identity identity_of_text(const std::string& text) {
    const std::array<subjects::Part, 1> tuple = {std::string_view(text)};
    return subjects::identity_of(tuple);
}

// Payloads a person can read.
struct PlainRendering final : Rendering {
    static state::OutboxEntry entry(Output output, const std::string& text) {
        return {static_cast<std::uint32_t>(output), identity_of_text(text), "out", {}, text};
    }
    state::OutboxEntry aggregate(Partition, const windows::Closed& closed) const override {
        const auto second = closed.end.time_since_epoch() / std::chrono::seconds(1);
        return entry(Output::aggregate, closed.tenant + " " + std::to_string(second) + ": " + closed.fields[0].json);
    }
    state::OutboxEntry summary(Partition, const windows::Closed& closed) const override {
        const auto second = closed.end.time_since_epoch() / std::chrono::seconds(1);
        auto made = entry(summary_output(0), closed.tenant + " now: " + closed.fields[0].json);
        made.subject = "$KV.b.p.counts." + closed.tenant;
        // Seconds of the day are enough here.
        std::string end = "2024-05-01T00:00:00.000000000Z";
        const auto digits = std::to_string(second);
        end.replace(29 - digits.size(), digits.size(), digits);
        made.headers = {{"Millrace-Generation", "1"}, {"Millrace-Window-End", end}};
        return made;
    }
    state::OutboxEntry dead_letter(const Delivery& delivery, const Event&) const override {
        return entry(Output::dead_letter, "dead " + std::to_string(delivery.stream_sequence));
    }
    state::OutboxEntry bypassed(const Delivery& delivery, const Event&) const override {
        return entry(Output::bypass, "bypassed " + std::to_string(delivery.stream_sequence));
    }
    state::OutboxEntry late(const Delivery& delivery, const Event&, Fate) const override {
        return entry(Output::late, "late " + std::to_string(delivery.stream_sequence));
    }
    std::string result_subject(Partition, const std::string& tenant) const override { return "results." + tenant; }
    std::optional<StoredRun> results_in(Partition, const StreamMessage&) const override { return {}; }
    bool read_back(const StreamMessage&, const Delivery&, Event&) const override { return false; }
    void add_score_values(Event&) const override {}
};

struct Estate {
    using Seconds = std::chrono::seconds;

    struct Input {
        std::string tenant;
        ServerTime at;
        ServerTime stored_at;
        bool fault = false;
        Selection selection = Selection::selected;
    };

    Estate() {
        pipeline.name = "p";
        pipeline.event.timestamp = "at";
        pipeline.event.late_arrival_tolerance = Seconds(5);
        pipeline.state.lease = Seconds(9);
        Aggregate counts;
        counts.name = "counts";
        counts.window.size = Seconds(10);
        counts.select.emplace_back().name = "n";
        counts.subject = pipeline.dead_letter.subject = "out";
        pipeline.aggregates.push_back(std::move(counts));
    }

    static ServerTime server(Time now) { return ServerTime(now.time_since_epoch()); }

    void publish(const std::string& tenant, int at_second, bool fault = false,
                 Selection selection = Selection::selected) {
        const Time at{Seconds(at_second)};
        input.push_back({tenant, server(at), server(now), fault, selection});
    }

    const settings::Pipeline& config() const { return pipeline; }

    settings::Pipeline pipeline;
    Time now{Seconds(1000)};
    ServerTime created{Seconds(1)};
    std::vector<Input> input;                      // sequence = index + 1
    std::uint64_t first_input = 1;                 // what is before is trimmed
    std::map<std::uint64_t, StreamMessage> state;  // by sequence
    std::uint64_t last_state = 0;
    std::vector<std::pair<Identity, std::string>> outputs;
    bool dedupes = true;    // the output stream remembers identities
    bool together = false;  // and is the state's, and takes batches
    PlainRendering rendering;
    std::vector<std::string> acks;
};

// One replica's owner, its deliveries and its answers.
struct Tenancy {
    explicit Tenancy(Estate& of, std::uint64_t seed = 1)
        : estate(of), owner(of.pipeline, 0, fingerprint, of.rendering, seed) {}

    // One turn: what was asked for in the one before is answered, and what may be delivered is.
    void turn() {
        owner.sweep();
        Effects out;
        for (auto& answer : std::exchange(answers, {})) answer(out);
        deliver();
        owner.pump(estate.now, connected, out);
        for (Effect& effect : out) std::visit([&](auto& e) { carry_out(e); }, effect);
    }
    void run(Duration time, Duration step = std::chrono::milliseconds(100)) {
        for (const Time end = estate.now + time; estate.now < end; estate.now += step) turn();
    }
    void deliver() {
        if (!owner.takes() || holds_deliveries) return;
        for (; next <= estate.input.size(); ++next) {
            const Estate::Input& message = estate.input[next - 1];
            auto delivery = std::make_unique<Delivery>();
            delivery->stream_sequence = next;
            delivery->consumer_sequence = ++consumer_sequence;
            delivery->pending = estate.input.size() - next;
            delivery->stored_at = message.stored_at;
            delivery->tenant = message.tenant;
            delivery->ack_subject = "ack " + std::to_string(next);
            Event event;
            event.at = message.at;
            if (message.fault) event.fault = Verdict{Reason::not_json, "", 0, {}};
            event.selection = message.selection;
            delivery->events.push_back(std::move(event));
            if (loses_delivery == next) {
                loses_delivery = 0;
                continue;
            }
            if (owner.accepts(*delivery, estate.now)) owner.take(std::move(delivery));
        }
    }

    // As the server does when nobody acks for too long: the next consumer sequence, an old message.
    void redeliver(std::uint64_t sequence) { next = sequence; }

    Bound bound() const {
        Bound bound;
        bound.stream_created = estate.created;
        bound.input_first_sequence = estate.first_input;
        bound.input_last_sequence = estate.input.size();
        bound.start_sequence = 1;
        bound.ack_floor = acked_elsewhere;
        constexpr std::size_t kOutputs = index(Output::aggregate) + 1;
        bound.output_last_sequence = std::vector<std::uint64_t>(kOutputs, estate.outputs.size());
        bound.together = std::vector<bool>(kOutputs, estate.together);
        bound.duplicate_window = std::chrono::minutes(2);
        return bound;
    }
    void carry_out(const Look&) {
        answers.emplace_back([this](Effects& out) { owner.bound(bound(), estate.now, out); });
    }
    void carry_out(const Position& position) {
        positions.push_back(position);
        next = position.start_sequence;
        consumer_sequence = 0;
        answers.emplace_back([this, position](Effects& out) {
            Bound b = bound();
            b.position = position;
            owner.bound(b, estate.now, out);
        });
    }
    void carry_out(const Read& read) {
        GotMessage got;
        got.number = read.number;
        if (read.from == Read::From::input) {
            if (read.sequence >= estate.first_input && read.sequence <= estate.input.size())
                got.message = StreamMessage{read.sequence, estate.input[read.sequence - 1].stored_at, "in", {}, ""};
        } else {
            const std::string subject = read.subject.empty() ? "millrace.state.p.0" : read.subject;
            for (const auto& [sequence, message] : estate.state) {
                if (read.which == Read::Which::at ? sequence != read.sequence : message.subject != subject) continue;
                if (read.which == Read::Which::next && sequence < read.sequence) continue;
                got.message = message;
                if (read.which != Read::Which::last) break;
            }
        }
        answers.emplace_back([this, got](Effects& out) { owner.got(got, estate.now, out); });
    }
    void carry_out(const Write& write) {
        if (loses_writes) return;
        Stored stored;
        stored.id = write.id;
        if (write.output == Output::state) {
            if (!is_expected(write)) {
                stored.error = Error{ErrorCode::conflict, "wrong last sequence"};
                stored.refused = true;
            } else {
                stored.sequence = ++estate.last_state;
                estate.state[stored.sequence] = {stored.sequence,
                                                 Estate::server(estate.now),
                                                 std::string(write.subject),
                                                 {},
                                                 std::string(write.payload)};
            }
            if (loses_state_answers) return;
        } else {
            if (refuses_outputs) return;
            std::string text(write.payload);
            const Identity id = identity_of_text(text);
            const auto same = [&](const auto& other) { return other.first == id; };
            stored.duplicate = estate.dedupes && std::ranges::any_of(estate.outputs, same);
            if (!stored.duplicate) estate.outputs.emplace_back(id, std::move(text));
            stored.sequence = estate.outputs.size();
            if (dies_after_outputs != 0 && estate.outputs.size() >= dies_after_outputs) loses_writes = true;
        }
        answers.emplace_back([this, stored](Effects&) { owner.stored(stored, estate.now); });
    }
    [[nodiscard]] bool is_expected(const Write& write) const {
        std::uint64_t last = 0;
        for (const auto& [sequence, message] : estate.state) {
            if (message.subject == write.subject) last = sequence;
        }
        return write.expected_last_subject_sequence.value_or(last) == last;
    }
    void carry_out(const WriteTogether& batch) {
        ++batches;
        if (loses_batches) return;
        const auto is_known = [&](const Write& write) {
            const Identity id = identity_of_text(std::string(write.payload));
            return estate.dedupes &&
                   std::ranges::any_of(estate.outputs, [&](const auto& other) { return other.first == id; });
        };
        std::optional<Error> error;
        if (std::ranges::any_of(batch.writes, is_known)) {
            error = {ErrorCode::unavailable, "a duplicate"};
        } else if (!is_expected(batch.writes.back())) {
            error = {ErrorCode::conflict, "wrong last sequence"};
        }
        if (error) {
            const Stored refused{.id = batch.writes.back().id, .error = error, .refused = true};
            answers.emplace_back([this, refused](Effects&) { owner.stored(refused, estate.now); });
            return;
        }
        for (const Write& write : batch.writes) carry_out(write);
        // One answer for all of them.
        const auto others = static_cast<std::ptrdiff_t>(batch.writes.size() - 1);
        const auto last = answers.end() - (loses_state_answers ? 0 : 1);
        answers.erase(last - others, last);
    }
    void carry_out(const Find& find) {
        finds.push_back(find);
        Found found;
        found.number = find.number;
        const std::uint64_t from = (*find.from_sequence)[static_cast<std::size_t>(Output::aggregate)];
        for (std::size_t i = 0; i < estate.outputs.size(); ++i) {
            if (i + 1 >= from) found.identities.push_back(estate.outputs[i].first);
        }
        answers.emplace_back([this, found](Effects&) { owner.found(found, estate.now); });
    }
    void carry_out(const AckUpTo& ack) { estate.acks.push_back(ack.ack_subject); }
    void carry_out(const Purge& purge) {
        purges.push_back(purge);
        std::erase_if(estate.state, [&](const auto& entry) { return entry.first < purge.below; });
    }
    void carry_out(const Note& note) { notes.push_back(note.event + ": " + note.text); }
    void carry_out(const Applied& applied_now) {
        ++applied;
        for (std::size_t i = 0; i < fates.size(); ++i) fates[i] += applied_now.fates[i];
    }
    template <typename Other>
    void carry_out(const Other&) {}

    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        for (const auto& [id, text] : estate.outputs) texts.push_back(text);
        return texts;
    }
    [[nodiscard]] state::Head last_head() const {
        const auto last = std::ranges::find_if(estate.state.rbegin(), estate.state.rend(),
                                               [](const auto& e) { return e.second.subject == "millrace.state.p.0"; });
        return *state::read_head(last->second.payload);
    }

    Estate& estate;
    Digest fingerprint{};
    bool connected = true;
    bool holds_deliveries = false;
    bool loses_writes = false;
    bool loses_state_answers = false;
    bool loses_batches = false;
    bool refuses_outputs = false;
    std::size_t batches = 0;
    std::size_t dies_after_outputs = 0;
    std::uint64_t loses_delivery = 0;
    std::uint64_t acked_elsewhere = 0;
    std::uint64_t next = 1;
    std::uint64_t consumer_sequence = 0;
    std::size_t applied = 0;
    Fates fates{};
    std::vector<std::function<void(Effects&)>> answers;
    std::vector<Position> positions;
    std::vector<Find> finds;
    std::vector<Purge> purges;
    std::vector<std::string> notes;
    Owner owner;
};

}  // namespace millrace::engine
