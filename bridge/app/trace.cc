#include "bridge/app/trace.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "bridge/app/survey.h"
#include "bridge/app/trace_report.h"
#include "bridge/base/header.h"
#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_find.h"
#include "bridge/io/nats_outputs.h"
#include "bridge/io/nats_wire.h"
#include "bridge/settings/outputs.h"
#include "subjects/headers.h"
#include "subjects/identity.h"
#include "subjects/subject_template.h"

namespace millrace::app {
namespace {

constexpr std::size_t kMostAudit = 1000;  // messages read for one batch of results

std::string quoted(std::string_view text) { return "\"" + subjects::printable(text, 200) + "\""; }

// STREAM:SEQUENCE; nothing for any other form.
std::optional<std::pair<std::string, std::uint64_t>> place_in(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    const std::string_view digits = text.substr(colon + 1);
    std::uint64_t sequence = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
    if (error != std::errc() || end != digits.data() + digits.size() || sequence == 0) return {};
    return std::pair(std::string(text.substr(0, colon)), sequence);
}

class Tracer {
  public:
    Tracer(const settings::Settings& settings, io::NatsConnection& connection)
        : settings_(settings), connection_(connection), admin_(connection, settings.nats) {}

    Result<Traced> find(const std::string& result) {
        if (const auto place = place_in(result)) return at(place->first, place->second);
        if (const auto id = subjects::identity_from_hex(result)) return find_identity(*id);
        return last_of(result);
    }

    // What is not there any more is said in the report.
    Result<TraceReport> follow(Traced result) {
        auto origin = origin_of(result.message);
        if (!origin)
            return fail(origin.error().code, "message " + std::to_string(result.message.sequence) + " of stream " +
                                                 quoted(result.stream) + " " + origin.error().text);
        TraceReport report{std::move(result), *std::move(origin), {}, {}, {}};
        if (report.origin.is_of_one_event()) add_input(report);
        add_audit(report);
        return report;
    }

  private:
    Result<Traced> at(const std::string& stream, std::uint64_t sequence) {
        auto message = admin_.message(stream, Read::Which::at, sequence);
        if (message) return Traced{stream, *std::move(message)};
        if (message.error().code != ErrorCode::not_found) return std::unexpected(std::move(message.error()));
        return fail(ErrorCode::not_found, "message " + std::to_string(sequence) + " is not in stream " +
                                              quoted(stream) + " (any more): " + message.error().text);
    }

    // The one stream that stores the subject.
    Result<std::string> stream_of(const std::string& subject) {
        auto names = admin_.stream_names(subject);
        if (!names) return std::unexpected(std::move(names.error()));
        if (names->size() == 1) return std::move(names->front());
        return fail(ErrorCode::not_found, names->empty() ? "no stream stores " + quoted(subject)
                                                         : "several streams store " + quoted(subject));
    }

    Result<Traced> last_of(const std::string& subject) {
        auto stream = stream_of(subject);
        if (!stream) return std::unexpected(std::move(stream.error()));
        auto message = admin_.message(*stream, Read::Which::last, 0, subject);
        if (message) return Traced{*std::move(stream), *std::move(message)};
        if (message.error().code != ErrorCode::not_found) return std::unexpected(std::move(message.error()));
        return fail(ErrorCode::not_found, "stream " + quoted(*stream) + " has no message on " + quoted(subject));
    }

    Result<Traced> find_identity(const Identity& id) {
        for (const settings::Pipeline& pipeline : settings_.pipelines) {
            auto outputs = io::find_outputs(admin_, pipeline, connection_.max_payload().value_or(1 << 20));
            if (!outputs) return std::unexpected(std::move(outputs.error()));
            io::NatsFinder finder(connection_, admin_, io::api_prefix(settings_.nats) + ".CONSUMER.MSG.NEXT.",
                                  pipeline.name);
            Find everything;
            everything.from_sequence = std::vector<std::uint64_t>(outputs->streams.size(), 1);
            everything.input_to = std::numeric_limits<std::uint64_t>::max();
            auto found = finder.find(everything, outputs->streams);
            if (!found) return std::unexpected(std::move(found.error()));
            const auto places = found->by_identity();
            const auto place = places.find(id);
            if (place == places.end()) continue;
            return at(outputs->streams[index(place->second.output)].name, place->second.sequence);
        }
        return fail(ErrorCode::not_found, "no stream of these pipelines holds a message of the identity " +
                                              quoted(subjects::to_hex(id)) +
                                              " (it expired, or is of another pipeline, or stands in a batch)");
    }

    void add_input(TraceReport& report) {
        auto input = at(report.origin.input_stream, report.origin.first_sequence);
        if (input)
            report.input = *std::move(input);
        else
            report.gaps.push_back("the event: " + input.error().text);
    }

    void add_audit(TraceReport& report) {
        const Origin& origin = report.origin;
        if (origin.audited.empty()) {
            const bool was_asked = find_header(report.result.message.headers, "Millrace-Request-Id") != nullptr;
            if (was_asked)
                report.gaps.emplace_back("the request: the pipeline had no audit when this was published (set audit)");
            return;
        }
        const auto pipeline = std::ranges::find(settings_.pipelines, origin.pipeline, &settings::Pipeline::name);
        if (pipeline == settings_.pipelines.end() || !settings::has_audit(*pipeline)) {
            report.gaps.push_back("the request: this configuration has no audit of pipeline " +
                                  quoted(origin.pipeline));
            return;
        }
        const auto stream = stream_of(pipeline->audit.subject);
        if (!stream) {
            report.gaps.push_back("the request: " + stream.error().text);
            return;
        }
        for (std::size_t i = 0; i < std::min(origin.audited.size(), kMostAudit); ++i)
            add_request(report, *stream, origin.audited[i]);
    }

    void add_request(TraceReport& report, const std::string& stream, std::uint64_t sequence) {
        auto message = at(stream, sequence);
        if (!message) return report.gaps.push_back("the request: " + message.error().text);
        auto request = request_in(message->message);
        if (!request || !tells_of(*request, report.origin, report.result.message))
            return report.gaps.push_back("the request: message " + std::to_string(sequence) + " of stream " +
                                         quoted(stream) + " tells of another one (was the stream made anew?)");
        report.audit.push_back({*std::move(message), *std::move(request)});
    }

    const settings::Settings& settings_;
    io::NatsConnection& connection_;
    io::NatsAdmin admin_;
};

}  // namespace

int trace(const settings::Settings& settings, const TraceOptions& options, std::ostream& out, std::ostream& err) {
    const bool is_place = place_in(options.result).has_value();
    const auto subject = subjects::SubjectTemplate::parse(options.result, subjects::Use::output);
    if (!is_place && (!subject || subject->has_tenant() || subject->has_partition())) {
        err << "millrace: " << quoted(options.result)
            << " names no message (write STREAM:SEQUENCE, its Nats-Msg-Id, or a subject, of which the last message is "
               "taken)\n";
        return 2;
    }
    auto connection = connect(settings.nats, "millrace trace");
    if (!connection) {
        err << "millrace: " << connection.error().text << "\n";
        return 1;
    }
    Tracer tracer(settings, **connection);
    auto result = tracer.find(options.result);
    auto report = result ? tracer.follow(*std::move(result)) : std::unexpected(std::move(result.error()));
    if (!report) {
        err << "millrace: " << report.error().text << "\n";
        return 1;
    }
    out << (options.json ? json(*report) : text(*report));
    for (const std::string& gap : report->gaps) err << "millrace: not known: " << gap << "\n";
    return report->gaps.empty() ? 0 : 1;
}

}  // namespace millrace::app
