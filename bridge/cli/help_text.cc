#include "bridge/cli/help_text.h"

#include <sstream>

#include "bridge/config/reference.h"

namespace millrace::cli {
namespace {

std::string indented(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) out += "  " + line + "\n";
    return out;
}

}  // namespace

std::string description() {
    return "Millrace reads events from NATS JetStream, sends them in batches to a model endpoint, and publishes the "
           "scores\n"
           "on the subjects of each event's tenant. Nothing is acked before its result is stored.";
}

std::string footer() {
    return "A configuration to begin with (millrace reference explains every field):\n\n" +
           indented(config::short_example()) +
           R"(
First steps:

  millrace check -c FILE --offline    what is wrong with the file
  millrace try   -c FILE < event      the request and the result of one event
  millrace signature -c FILE          what the endpoint takes and gives, where it says so
  millrace setup -c FILE --apply      the streams and consumers it needs, made
  millrace check -c FILE              what the server and the endpoint make of it
  millrace run   -c FILE              the bridge itself; SIGTERM drains, a second one leaves at once
  millrace permissions TENANT -c FILE what a tenant may do in NATS, for the server's configuration
  millrace auth-callout -c FILE --policy FILE   lets clients of nats-server in by their OIDC tokens
  millrace trace RESULT -c FILE       from a result back to its event and to the request that was answered
  millrace state inspect -c FILE      who owns each partition with state, and what is open in it

Exit codes:

  0  fine
  1  the command ran, and found or met a problem
  2  bad options or a bad configuration; nothing was started
  128 + N  ended by a second signal N; nothing is lost
)";
}

}  // namespace millrace::cli
