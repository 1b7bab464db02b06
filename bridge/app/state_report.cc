#include "bridge/app/state_report.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <string_view>

#include "bridge/app/words.h"
#include "bridge/base/text.h"
#include "bridge/codec/timestamp.h"
#include "bridge/settings/field_path.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/settings/outputs.h"
#include "bridge/windows/values.h"

namespace millrace::app {

namespace {

constexpr std::size_t kShortWriter = 8;  // digits

std::string time(ServerTime at) { return codec::rfc3339_brief(at); }
std::string seconds(Duration time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time);
    return words(ms < std::chrono::seconds(10) ? ms : std::chrono::floor<std::chrono::seconds>(ms));
}

// One JSON object.
class Object {
  public:
    Object& raw(std::string_view name, std::string_view value) {
        out_ += out_.empty() ? '{' : ',';
        append_quoted(out_, name);
        out_ += ':';
        out_ += value;
        return *this;
    }
    Object& text(std::string_view name, std::string_view value) {
        std::string quoted;
        append_quoted(quoted, value);
        return raw(name, quoted);
    }
    Object& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
    Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    [[nodiscard]] std::string end() { return std::move(out_ += '}'); }

  private:
    std::string out_;
};

template <typename Rows, typename Make>
std::string list(const Rows& rows, Make make) {
    std::string out = "[";
    for (const auto& row : rows) {
        if (out.size() > 1) out += ',';
        out += make(row);
    }
    return out + "]";
}

std::string or_null(const std::optional<ServerTime>& at) { return at ? '"' + time(*at) + '"' : "null"; }

std::string pane_json(const StateReport::Pane& pane) {
    Object group;
    for (const auto& [field, text] : pane.group) group.raw(field, text);
    return Object()
        .text("aggregate", pane.aggregate)
        .text("tenant", pane.open.tenant)
        .raw("group", pane.group.empty() ? "{}" : group.end())
        .text("start", time(pane.open.start))
        .text("end", time(pane.open.end))
        .number("events", pane.open.count)
        .text("out_after", time(pane.open.due))
        .raw("watermark", or_null(pane.watermark))
        .end();
}

std::string name_of(const settings::Pipeline& pipeline, std::uint32_t output) {
    for (const settings::OutputRow& row : settings::outputs(pipeline)) {
        if (index(row.output) == output) return row.field;
    }
    return "output " + std::to_string(output);
}

StateReport::Pane pane(const settings::Pipeline& pipeline, const windows::EventClock& clock,
                       const windows::OpenPane& open) {
    const Aggregate& aggregate = pipeline.aggregates[open.aggregate];
    StateReport::Pane out{aggregate.name, open, {}, {}};
    for (std::size_t i = 0; i < open.group.size(); ++i) {
        auto& [field, text] = out.group.emplace_back(settings::key_of(aggregate.group_by[i]), "");
        windows::append_json(text, open.group[i]);
    }
    const ServerTime watermark = clock.watermark(open.tenant);
    if (watermark != windows::EventClock::kNone) out.watermark = watermark;
    return out;
}

StateReport::Folded folded(const settings::Pipeline& pipeline, const StoredState& state, std::size_t most_panes) {
    StateReport::Folded out;
    const windows::EventClock& clock = state.applier->clock();
    if (clock.idle_watermark() != windows::EventClock::kNone) out.idle = clock.idle_watermark();
    out.watermarks = clock.watermarks();
    out.tenants = out.watermarks.size();
    out.watermarks.resize(std::min(out.tenants, StateReport::kMostShown));
    const auto held = state.applier->windows().held();
    for (std::size_t i = 0; i < held.size(); ++i) out.open.push_back({pipeline.aggregates[i].name, held[i]});
    for (const windows::Held& each : held) out.panes_in_all += each.panes;
    for (const windows::OpenPane& each : state.applier->windows().open(most_panes))
        out.panes.push_back(pane(pipeline, clock, each));
    out.base_bytes = state.base_bytes;
    out.delta_bytes = state.delta_bytes;
    out.deltas = state.deltas;
    return out;
}

std::string cut(std::string text) {
    constexpr std::size_t kMost = 40;  // bytes; a character is not cut in two
    if (text.size() <= kMost) return text;
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
    return text.substr(0, end) + "…";
}

std::string group_text(const StateReport::Pane& pane) {
    std::string out;
    for (const auto& [field, text] : pane.group) out += (out.empty() ? "" : " ") + field + "=" + text;
    return out.empty() ? "all" : cut(std::move(out));
}

void print_panes(const StateReport::Folded& folded, std::ostream& out) {
    std::vector<std::vector<std::string>> rows{
        {"aggregate", "tenant", "group", "from", "to", "events", "out after", "watermark"}};
    for (const StateReport::Pane& each : folded.panes) {
        rows.push_back({each.aggregate, each.open.tenant, group_text(each), time(each.open.start), time(each.open.end),
                        std::to_string(each.open.count), time(each.open.due),
                        each.watermark ? time(*each.watermark) : "none yet"});
    }
    if (rows.size() > 1) {
        std::vector<std::size_t> widths(rows.front().size());
        for (const auto& row : rows) {
            for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
        }
        for (const auto& row : rows) {
            std::string line = "     ";
            for (std::size_t i = 0; i < row.size(); ++i) {
                line += ' ' + row[i];
                if (i + 1 < row.size()) line += std::string(widths[i] - row[i].size() + 1, ' ');
            }
            out << line << "\n";
        }
    }
    if (folded.panes_in_all > folded.panes.size()) {
        out << "      " << folded.panes_in_all - folded.panes.size() << " more panes"
            << (folded.panes.empty() ? "" : ", out later") << " (--panes N shows N)\n";
    }
}

void print(const StateReport::Folded& folded, std::ostream& out) {
    out << "    chain       a base of " << folded.base_bytes << " bytes, and " << folded.delta_bytes << " in "
        << folded.deltas << " heads behind it\n"
        << "    watermarks ";
    if (folded.idle) out << " idle up to " << time(*folded.idle);
    out << (folded.idle && folded.tenants > 0 ? ";" : "");
    for (const auto& [tenant, at] : folded.watermarks) out << " " << tenant << " " << time(at);
    if (folded.tenants > folded.watermarks.size())
        out << " and of " << folded.tenants - folded.watermarks.size() << " more tenants";
    out << (!folded.idle && folded.tenants == 0 ? " none yet\n" : "\n");
    for (const StateReport::Open& open : folded.open) {
        out << "    open        " << open.aggregate << ": " << open.held.groups << " groups, " << open.held.panes
            << " panes, " << open.held.bytes << " bytes\n";
    }
    print_panes(folded, out);
}

}  // namespace

StateReport report(const settings::Pipeline& pipeline, Partition partition, const StoredState& state,
                   ServerTime server_now, std::size_t most_panes) {
    StateReport out;
    out.partition = partition;
    out.lease = pipeline.state.lease;
    out.last = state.last;
    out.age = std::max(Duration::zero(), server_now - state.last.stored_at);
    out.waiting_count = state.outbox.size();
    std::map<std::pair<std::uint32_t, std::string_view>, std::size_t> counts;
    for (const state::OutboxEntry& entry : state.outbox) ++counts[{entry.output, entry.subject}];
    for (const auto& [of, count] : counts) {
        if (out.waiting.size() == StateReport::kMostShown) break;
        out.waiting.push_back({name_of(pipeline, of.first), std::string(of.second), count});
    }
    if (state.applier) out.folded = folded(pipeline, state, most_panes);
    return out;
}

void print(const StateReport& report, std::ostream& out) {
    const state::Head& head = report.last.head;
    out << "  partition " << report.partition << "\n    owner       ";
    if (head.released) {
        out << "none: released " << seconds(report.age) << " ago";
    } else {
        out << hex(head.writer).substr(0, kShortWriter) << ", heard of " << seconds(report.age) << " ago, lease "
            << words(report.lease) << (report.age < report.lease ? "" : ": over");
    }
    out << "\n    head        epoch " << head.epoch << ", commit " << head.commit << ", at sequence "
        << report.last.sequence << " of the state stream\n    floor       ";
    if (head.floor == 0) {
        out << "before the first message";
    } else {
        out << "message " << head.floor;
    }
    if (head.floor_stored != ServerTime{}) out << ", stored " << time(head.floor_stored);
    if (head.clear_to > head.floor) out << "; nothing more of the partition up to " << head.clear_to;
    out << "\n    meaning     generation " << head.generation << ", "
        << (report.folded
                ? "as the configuration says"
                : "not what the configuration says: its watermarks and windows show with the one it was made by")
        << "\n    outbox      " << report.waiting_count << " not known to be published"
        << (head.together > 0 ? ", " + std::to_string(head.together) + " stored as one with the head\n" : "\n");
    if (head.deaths > 0 || !head.tried.empty()) {
        out << "    deaths      " << head.deaths << " owners in a row that did not get beyond the floor";
        for (const state::Tried& each : head.tried)
            out << "; " << each.times << " while trying event " << each.place.element << " of message "
                << each.place.sequence;
        out << "\n";
    }
    for (const StateReport::Waiting& each : report.waiting)
        out << "                " << each.count << " on " << each.subject << " (" << each.output << ")\n";
    if (report.folded) print(*report.folded, out);
}

std::string json(const StateReport& report) {
    const state::Head& head = report.last.head;
    Object out;
    out.number("partition", report.partition)
        .number("epoch", head.epoch)
        .text("writer", hex(head.writer))
        .number("commit", head.commit)
        .number("sequence", report.last.sequence)
        .flag("released", head.released)
        .text("stored", time(report.last.stored_at))
        .number("age_ms", static_cast<std::uint64_t>(report.age / std::chrono::milliseconds(1)))
        .number("lease_ms", static_cast<std::uint64_t>(report.lease / std::chrono::milliseconds(1)))
        .number("floor", head.floor)
        .raw("floor_stored", head.floor_stored == ServerTime{} ? "null" : '"' + time(head.floor_stored) + '"')
        .number("clear_to", head.clear_to)
        .text("input_created", time(head.input_created))
        .number("generation", head.generation)
        .text("fingerprint", hex(head.fingerprint))
        .flag("fingerprint_fits", report.folded.has_value())
        .number("outbox_count", report.waiting_count)
        .number("stored_together", report.last.head.together)
        .number("deaths", head.deaths)
        .raw("tried", list(head.tried,
                           [](const state::Tried& each) {
                               return Object()
                                   .number("sequence", each.place.sequence)
                                   .number("element", each.place.element)
                                   .number("times", each.times)
                                   .end();
                           }))
        .raw("outbox", list(report.waiting, [](const StateReport::Waiting& each) {
                 return Object()
                     .text("output", each.output)
                     .text("subject", each.subject)
                     .number("count", each.count)
                     .end();
             }));
    if (!report.folded) return out.end();
    const StateReport::Folded& folded = *report.folded;
    out.raw("chain", Object()
                         .number("base_bytes", folded.base_bytes)
                         .number("deltas", folded.deltas)
                         .number("delta_bytes", folded.delta_bytes)
                         .end())
        .raw("idle_watermark", or_null(folded.idle))
        .number("tenants", folded.tenants)
        .raw("watermarks", list(folded.watermarks,
                                [](const auto& row) {
                                    return Object().text("tenant", row.first).text("watermark", time(row.second)).end();
                                }))
        .raw("aggregates", list(folded.open,
                                [](const StateReport::Open& open) {
                                    return Object()
                                        .text("name", open.aggregate)
                                        .number("groups", open.held.groups)
                                        .number("panes", open.held.panes)
                                        .number("bytes", open.held.bytes)
                                        .end();
                                }))
        .raw("panes", list(folded.panes, pane_json))
        .number("panes_left_off", folded.panes_in_all - folded.panes.size());
    return out.end();
}

}  // namespace millrace::app
