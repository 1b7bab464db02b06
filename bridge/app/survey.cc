#include "bridge/app/survey.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "bridge/app/clocks.h"
#include "bridge/io/nats_bind.h"
#include "subjects/subject_template.h"

namespace millrace::app {

namespace {

constexpr std::chrono::seconds kGreeting{2};
constexpr std::chrono::milliseconds kPatience{5000};

template <typename T>
Result<std::optional<T>> unless_missing(Result<T> found) {
    if (found) return std::optional<T>(std::move(*found));
    if (found.error().code == ErrorCode::not_found) return std::optional<T>();
    return std::unexpected(std::move(found.error()));
}

Result<std::vector<io::StreamFound>> streams_on(const io::NatsAdmin& admin, const std::string& filter) {
    const auto names = admin.stream_names(filter);
    if (!names) return std::unexpected(names.error());
    std::vector<io::StreamFound> out;
    for (const auto& name : *names) {
        auto stream = admin.stream(name);
        if (!stream) return std::unexpected(std::move(stream.error()));
        out.push_back(std::move(*stream));
    }
    return out;
}

Result<std::string> filter_of(const std::string& subject) {
    const auto shape = subjects::SubjectTemplate::parse(subject, subjects::Use::input);
    if (!shape) return std::unexpected(shape.error());
    return shape->filter();
}

Result<void> read_input(const io::NatsAdmin& admin, const settings::Pipeline& pipeline, PipelineSurvey& out) {
    auto filter = filter_of(pipeline.input.subject);
    if (!filter) return std::unexpected(std::move(filter.error()));
    out.input_filter = std::move(*filter);
    auto input = unless_missing(admin.stream(pipeline.input.stream));
    if (!input) return std::unexpected(std::move(input.error()));
    out.input = std::move(*input);
    auto streams = streams_on(admin, out.input_filter);
    if (!streams) return std::unexpected(std::move(streams.error()));
    out.on_input = std::move(*streams);
    return {};
}

Result<void> read_outputs(const io::NatsAdmin& admin, const settings::Pipeline& pipeline, PipelineSurvey& out) {
    for (settings::OutputRow& row : settings::publications(pipeline)) {
        auto filter = filter_of(row.subject);
        if (!filter) return std::unexpected(std::move(filter.error()));
        auto streams = streams_on(admin, *filter);
        if (!streams) return std::unexpected(std::move(streams.error()));
        out.outputs.push_back({std::move(row), std::move(*filter), std::move(*streams)});
    }
    auto home = unless_missing(admin.stream(home_name(pipeline)));
    if (!home) return std::unexpected(std::move(home.error()));
    out.home = std::move(*home);
    if (settings::has_audit(pipeline)) {
        auto audit = unless_missing(admin.stream(std::string(kAuditHome)));
        if (!audit) return std::unexpected(std::move(audit.error()));
        out.audit_home = std::move(*audit);
    }
    if (!settings::is_owned(pipeline)) return {};
    auto state = unless_missing(admin.stream(state_home_name(pipeline)));
    if (!state) return std::unexpected(std::move(state.error()));
    out.state_home = std::move(*state);
    return {};
}

// The oldest message that a consumer has not done with, as far as one exists.
Result<void> read_oldest(const io::NatsAdmin& admin, const io::ConsumerFound& consumer, const std::string& filter,
                         PipelineSurvey& out) {
    if (consumer.pending == 0 && consumer.ack_pending == 0) return {};
    const auto floor =
        consumer.ack_pending == 0 ? std::max(consumer.ack_floor, consumer.delivered_sequence) : consumer.ack_floor;
    auto message = unless_missing(admin.next_message(out.input->name, floor + 1, filter));
    if (!message) return std::unexpected(std::move(message.error()));
    if (!*message) return {};
    const auto stored = (*message)->stored_at;
    out.oldest_unacked = out.oldest_unacked ? std::min(*out.oldest_unacked, stored) : stored;
    return {};
}

Result<void> read_consumers(const io::NatsAdmin& admin, const settings::Pipeline& pipeline, PipelineSurvey& out) {
    for (Partition p = 0; p < pipeline.partitions && !settings::is_owned(pipeline); ++p) {
        auto filter = io::input_filter(pipeline, p);
        if (!filter) return std::unexpected(std::move(filter.error()));
        out.consumer_filter.push_back(*filter);
        std::optional<io::ConsumerFound> seen;
        if (out.input) {
            auto found = unless_missing(admin.consumer(pipeline.input.stream, settings::consumer_name(pipeline, p)));
            if (!found) return std::unexpected(std::move(found.error()));
            seen = std::move(*found);
        }
        if (seen) {
            out.server_now = seen->server_now;
            if (auto read = read_oldest(admin, *seen, *filter, out); !read) return read;
        }
        out.consumers.push_back(std::move(seen));
    }
    if (!out.server_now) out.server_now = wall_now();  // servers before 2.10 do not tell theirs
    return {};
}

}  // namespace

Result<std::unique_ptr<io::NatsConnection>> connect(const settings::Nats& nats, std::string client_name) {
    if (auto usable = io::check_nats_settings(nats); !usable) return std::unexpected(std::move(usable.error()));
    auto connection =
        std::make_unique<io::NatsConnection>(nats, std::move(client_name), io::NatsConnection::Listener{});
    if (connection->wait_connected(kPatience)) return connection;
    std::string why = connection->trouble();
    if (why.empty()) why = "no answer from NATS";  // the first attempt is not over yet
    return fail(ErrorCode::unavailable,
                why + " (is a server running there, and are the login and nats.tls what it asks for?)");
}

Result<Survey> survey(io::NatsConnection& connection, const settings::Settings& settings) {
    const io::NatsAdmin admin(connection, settings.nats);
    Survey out;
    if (const auto url = connection.server_url()) {
        if (auto server = io::read_server_info(*url, kGreeting)) out.server = std::move(*server);
    }
    auto account = admin.account();
    if (!account) return std::unexpected(std::move(account.error()));
    out.account = *account;
    for (const auto& pipeline : settings.pipelines) {
        PipelineSurvey seen;
        auto read = read_input(admin, pipeline, seen);
        if (read) read = read_outputs(admin, pipeline, seen);
        if (read) read = read_consumers(admin, pipeline, seen);
        if (!read) return std::unexpected(std::move(read.error()));
        out.pipelines.push_back(std::move(seen));
    }
    return out;
}

const io::StreamFound* OutputSurvey::behind() const {
    if (streams.size() != 1) return nullptr;
    const bool all = std::ranges::any_of(streams[0].subjects,
                                         [&](const auto& subject) { return subjects::covers(subject, filter); });
    return all ? &streams[0] : nullptr;
}

const OutputSurvey* PipelineSurvey::output(Output which) const {
    const auto found = std::ranges::find(outputs, which, [](const auto& output) { return output.row.output; });
    return found == outputs.end() ? nullptr : &*found;
}

const io::StreamFound* PipelineSurvey::behind(Output which) const {
    const auto* found = output(which);
    return found == nullptr ? nullptr : found->behind();
}

std::string state_home_name(const settings::Pipeline& pipeline) {
    return pipeline.state.stream.empty() ? "MILLRACE_STATE" : pipeline.state.stream;
}

std::string home_name(const settings::Pipeline& pipeline) {
    return pipeline.results.stream.empty() ? pipeline.name + "-results" : pipeline.results.stream;
}

int generation(const std::optional<io::ServerInfo>& server) {
    if (!server) return 0;
    const std::string& text = server->version;
    int major = 0;
    int minor = 0;
    const auto first = std::from_chars(text.data(), text.data() + text.size(), major);
    if (first.ec != std::errc() || first.ptr == text.data() + text.size()) return 0;
    const auto second = std::from_chars(first.ptr + 1, text.data() + text.size(), minor);
    return second.ec == std::errc() ? major * 1000 + minor : 0;
}

}  // namespace millrace::app
