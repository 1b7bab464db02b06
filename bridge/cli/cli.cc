#include "bridge/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <expected>
#include <fstream>
#include <functional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/app/auth_callout.h"
#include "bridge/app/permissions.h"
#include "bridge/app/run.h"
#include "bridge/app/setup.h"
#include "bridge/app/signature.h"
#include "bridge/app/state.h"
#include "bridge/app/trace.h"
#include "bridge/app/try.h"
#include "bridge/app/vaults.h"
#include "bridge/cli/check_command.h"
#include "bridge/cli/config_file.h"
#include "bridge/cli/help_text.h"
#include "bridge/config/inspect.h"
#include "bridge/config/reference.h"
#include "bridge/config/schema.h"
#include "bridge/config/suggest.h"

namespace millrace::cli {
namespace {

// What the command line asked for: the options, and the command to call with them.
struct Call {
    Streams streams;
    std::string file;
    std::string context;
    bool offline = false;
    app::SetupOptions setup_options;
    app::TryOptions try_options;
    app::StateOptions state_options;
    app::PermissionsOptions permissions_options;
    app::TraceOptions trace_options;
    std::string signature_pipeline;
    std::string document;
    std::string policy;
    std::function<int(const Call&)> command;
};

// The configuration, unless offline with its secrets in vaults at hand; otherwise what to end with, after complaints.
std::expected<config::Reading, int> ready_config(const Call& call, bool offline = false) {
    auto reading = read_config(call.file, call.context, call.streams.err, call.streams.err);
    if (!reading) return std::unexpected(kRefused);
    if (offline) return std::move(*reading);
    const auto missing = app::fetch_secrets(reading->settings, reading->settings.vault_secrets);
    for (const auto& [field, why, passing] : missing) call.streams.err << "millrace: " << field << ": " << why << "\n";
    if (!missing.empty()) return std::unexpected(kProblem);
    return std::move(*reading);
}

int run_command(const Call& call) {
    const auto reading = read_config(call.file, call.context, call.streams.err, call.streams.err);
    if (!reading) return kRefused;
    std::vector<config::Problem> problems = config::inspect(call.file, *reading);
    std::erase_if(problems, [](const auto& problem) { return problem.severity != config::Severity::error; });
    print(problems, call.streams.err);
    return problems.empty() ? app::run(reading->settings) : kRefused;
}

int check_command(const Call& call) {
    const auto reading = read_config(call.file, call.context, call.streams.out, call.streams.err);
    if (!reading) return kRefused;
    return check(call.file, *reading, call.offline, call.streams.out);
}

int setup_command(const Call& call) {
    const auto reading = ready_config(call);
    return reading ? app::setup(reading->settings, call.setup_options, call.streams.out) : reading.error();
}

int try_command(const Call& call) {
    const auto reading = ready_config(call, call.try_options.offline);
    if (!reading) return reading.error();
    return app::try_event(reading->settings, call.try_options, call.streams.in, call.streams.out);
}

int signature_command(const Call& call) {
    const auto reading = ready_config(call);
    return reading ? app::print_signature(reading->settings, call.signature_pipeline, call.streams.out)
                   : reading.error();
}

int permissions_command(const Call& call) {
    const auto reading = read_config(call.file, call.context, call.streams.err, call.streams.err);
    if (!reading) return kRefused;
    return app::print_permissions(reading->settings, call.permissions_options, call.streams.out, call.streams.err);
}

int trace_command(const Call& call) {
    const auto reading = ready_config(call);
    if (!reading) return reading.error();
    return app::trace(reading->settings, call.trace_options, call.streams.out, call.streams.err);
}

int auth_callout_command(const Call& call) {
    const auto reading = read_config(call.file, call.context, call.streams.err, call.streams.err);
    auto policy = read_policy(call.policy, call.streams.err);
    return reading && policy ? app::auth_callout(reading->settings, std::move(*policy)) : kRefused;
}

int inspect_command(const Call& call) {
    const auto reading = ready_config(call);
    if (!reading) return reading.error();
    return app::inspect_state(reading->settings, call.state_options, call.streams.out, call.streams.err);
}

int export_command(const Call& call) {
    const auto reading = ready_config(call);
    if (!reading) return reading.error();
    if (call.document.empty())
        return app::export_state(reading->settings, call.state_options, call.streams.out, call.streams.err);
    std::ostringstream document;
    const int code = app::export_state(reading->settings, call.state_options, document, call.streams.err);
    if (code != kFine || std::ofstream(call.document, std::ios::binary) << document.view() << std::flush) return code;
    call.streams.err << "millrace: " << config::quote(call.document) << " could not be written\n";
    return kProblem;
}

int import_command(const Call& call) {
    const auto reading = ready_config(call);
    if (!reading) return reading.error();
    const auto import = [&](std::istream& in) {
        return app::import_state(reading->settings, call.state_options, in, call.streams.out, call.streams.err);
    };
    if (call.document == "-") return import(call.streams.in);
    if (std::ifstream file(call.document, std::ios::binary); file) return import(file);
    call.streams.err << "millrace: " << config::quote(call.document) << " cannot be read\n";
    return kRefused;
}

int schema_command(const Call& call) {
    call.streams.out << config::json_schema();
    return kFine;
}

int reference_command(const Call& call) {
    call.streams.out << config::reference_page();
    return kFine;
}

CLI::App* add(CLI::App& app, Call& call, const std::string& name, const std::string& what,
              int (*command)(const Call&)) {
    CLI::App* added = app.add_subcommand(name, what);
    added->callback([&call, command] { call.command = command; });
    return added;
}

CLI::App* add_with_file(CLI::App& app, Call& call, const std::string& name, const std::string& what,
                        int (*command)(const Call&)) {
    CLI::App* added = add(app, call, name, what, command);
    added->add_option("-c,--config", call.file, "The configuration, a YAML file")->required()->type_name("FILE");
    added->add_option("--context", call.context, "A context of the NATS CLI, in the place of what FILE says under nats")
        ->check(
            [](const std::string& given) { return given.empty() ? "it is empty (give a name, or leave it out)" : ""; })
        ->type_name("NAME");
    return added;
}

void add_state_commands(CLI::App& app, Call& call) {
    CLI::App* state = app.add_subcommand("state", "Look at the state of owned partitions, or move it");
    state->require_subcommand(1);
    const auto with_pipeline = [&](const std::string& name, const std::string& what, int (*command)(const Call&)) {
        CLI::App* added = add_with_file(*state, call, name, what, command);
        added->add_option("--pipeline", call.state_options.pipeline, "This one only")->type_name("NAME");
        return added;
    };
    CLI::App* inspect = with_pipeline(
        "inspect", "Show owner, floor, outbox, watermarks and open windows of each partition", inspect_command);
    inspect->add_flag("--json", call.state_options.json, "For programs");
    inspect->add_option("--panes", call.state_options.panes, "How many open panes of each partition, those due first")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    with_pipeline("export", "Write the state of stopped pipelines as one document", export_command)
        ->add_option("-o,--output", call.document, "The file to write instead of the standard output")
        ->type_name("FILE");
    CLI::App* import =
        with_pipeline("import", "Store the state of a document, for the next replica to take over", import_command);
    import->add_option("DOCUMENT", call.document, "The file to read, - for the standard input")->required();
    import->add_flag("--accept-fingerprint", call.state_options.accept_fingerprint,
                     "It is to mean from now on what the configuration says");
}

void add_permissions_command(CLI::App& app, Call& call) {
    app::PermissionsOptions& options = call.permissions_options;
    CLI::App* added =
        add_with_file(app, call, "permissions", "Show what a tenant may do in NATS, as configuration of nats-server",
                      permissions_command);
    added->add_option("TENANT", options.tenant, "Whose rights")->required();
    added->add_option("--pipeline", options.pipelines, "Of these pipelines only")->type_name("NAME");
    added->add_flag("--stored", options.stored, "Also reading its stored results back, through JetStream");
    added
        ->add_option("--account", options.account,
                     "As imports of an account of its own, from the bridge's account NAME")
        ->type_name("NAME");
    added->add_flag("--json", options.json, "For programs");
}

// The one place that lists the commands.
void add_commands(CLI::App& app, Call& call) {
    add_with_file(app, call, "run", "Run the bridge until SIGTERM or SIGINT", run_command);
    add_with_file(app, call, "check", "Tell every mistake in a configuration, and what would run", check_command)
        ->add_flag("--offline", call.offline, "Look at the file only, ask neither server nor endpoint");
    CLI::App* setup =
        add_with_file(app, call, "setup", "Show the streams and consumers that are missing, and make them with --apply",
                      setup_command);
    setup->add_flag("--apply", call.setup_options.apply, "Make them; nothing is ever shrunk or deleted");
    setup->add_option("--replicas", call.setup_options.replicas, "Replicas of streams that are made")
        ->capture_default_str()
        ->check(CLI::Range(1, 5))
        ->type_name("COUNT");
    CLI::App* attempt = add_with_file(
        app, call, "try", "Read one event, show its request and its result; no stream is touched", try_command);
    attempt->add_option("--pipeline", call.try_options.pipeline, "Which pipeline, where there are several")
        ->type_name("NAME");
    attempt->add_option("--tenant", call.try_options.tenant, "Whose event it is")
        ->capture_default_str()
        ->type_name("TENANT");
    attempt->add_flag("--offline", call.try_options.offline, "Show the request and do not send it");
    add_with_file(app, call, "signature",
                  "Show what the endpoint takes and gives, also as a block for the configuration", signature_command)
        ->add_option("PIPELINE", call.signature_pipeline, "Which pipeline, where there are several");
    add_state_commands(app, call);
    CLI::App* trace = add_with_file(app, call, "trace", "Show the way from a result back to its event and its request",
                                    trace_command);
    trace
        ->add_option("RESULT", call.trace_options.result,
                     "STREAM:SEQUENCE, a Nats-Msg-Id, or a subject: its last message")
        ->required();
    trace->add_flag("--json", call.trace_options.json, "For programs");
    add_permissions_command(app, call);
    add_with_file(app, call, "auth-callout", "Tell nats-server who clients are, by their OIDC tokens and a policy",
                  auth_callout_command)
        ->add_option("--policy", call.policy, "Which tokens make which tenant, a YAML file")
        ->required()
        ->type_name("FILE");
    add(app, call, "schema", "Print the JSON Schema of the configuration, for editors", schema_command);
    add(app, call, "reference", "Print the reference of the configuration, in Markdown", reference_command);
}

// CLI11 only says that a word was not expected.
std::string unknown_command(const CLI::App& app, int argc, const char* const* argv) {
    if (argc < 2 || std::string_view(argv[1]).starts_with('-')) return "";
    std::vector<std::string> names;
    for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(each->get_name());
    if (std::ranges::find(names, argv[1]) != names.end()) return "";
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view meant = config::nearest(argv[1], views);
    return config::quote(argv[1]) + " is no command (" +
           (meant.empty() ? "millrace --help lists them)" : "did you mean " + std::string(meant) + "?)");
}

int finish(int code, const Streams& streams) {
    if (streams.out.flush()) return code;
    streams.err << "millrace: the output could not be written\n";
    return code == kFine ? kProblem : code;
}

}  // namespace

int execute(int argc, const char* const* argv, Streams streams) {
    Call call{.streams = streams,
              .file = {},
              .context = {},
              .setup_options = {},
              .try_options = {},
              .state_options = {},
              .permissions_options = {},
              .trace_options = {},
              .signature_pipeline = {},
              .document = {},
              .policy = {},
              .command = {}};
    CLI::App app(description(), "millrace");
    app.footer(footer());
    app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
    app.require_subcommand(1);
    add_commands(app, call);
    if (const std::string complaint = unknown_command(app, argc, argv); !complaint.empty()) {
        streams.err << "millrace: " << complaint << "\n";
        return kRefused;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // --help and --version among them
        const int code = app.exit(error, streams.out, streams.err);
        return code == 0 ? finish(kFine, streams) : kRefused;
    }
    return finish(call.command(call), streams);
}

}  // namespace millrace::cli
