// The fields of the process: version, connection, admin port, shutdown.
#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::Admin;
using settings::Nats;
using settings::Settings;
using settings::Tls;
using std::chrono::minutes;

constexpr Field kFields[] = {
    {.path = "version",
     .shape = Whole{at<&Settings::version>, 1, 1},
     .doc = "The version of this format. There is one so far; a file of another version is refused rather than half "
            "understood.",
     .example = "1",
     .required = true},

    {.path = "nats",
     .shape = Section{},
     .doc =
         "How to reach the NATS server. At most one of `credentials_file`, `nkey_file`, `user` "
         "and `token_file`; secrets are read from files or vaults only, never from here or from a URL. A file that is "
         "replaced is "
         "taken up within a second or so, on a second connection that works before the first is let go of."},
    {.path = "nats.context",
     .shape = Text{at<&Settings::nats, &Nats::context>, rules::context},
     .doc =
         "A context of the NATS CLI (`nats context save`), by its name, or by the absolute path of its `.json` file. "
         "It is all of `nats` then: nothing else may stand here. The same as `--context`, which goes before it.",
     .example = "production",
     .apart = true},
    {.path = "nats.urls",
     .shape = TextList{at<&Settings::nats, &Nats::urls>, rules::nats_url},
     .initial = "[\"nats://127.0.0.1:4222\"]",
     .doc = "Servers of one cluster, tried in turn and again for ever. `tls://` asks for TLS like `nats.tls.enabled`.",
     .example = "[\"nats://127.0.0.1:4222\"]"},
    {.path = "nats.credentials_file",
     .shape = File{at<&Settings::nats, &Nats::credentials_file>, Holds::secret},
     .doc = "A NATS credentials file (JWT and seed), as `nsc` writes it.",
     .example = "/etc/millrace/millrace.creds",
     .apart = true},
    {.path = "nats.nkey_file",
     .shape = File{at<&Settings::nats, &Nats::nkey_file>, Holds::secret},
     .doc = "The file that holds the seed (`SU…`) of a user whom the server knows by its public key (`users: [{nkey: "
            "U…}]`), as `nk` and `nsc` write it: on a line of its own, or between `BEGIN` and `END`.",
     .example = "/etc/millrace/millrace.nk",
     .apart = true},
    {.path = "nats.user",
     .shape = Text{at<&Settings::nats, &Nats::user>, rules::not_empty},
     .doc = "The user name of a server with users and passwords. Goes with `password_file`.",
     .example = "millrace",
     .apart = true},
    {.path = "nats.password_file",
     .shape = File{at<&Settings::nats, &Nats::password_file>, Holds::secret},
     .doc = "The file that holds the password of `user`; one newline at its end is left out.",
     .example = "/etc/millrace/nats-password",
     .apart = true},
    {.path = "nats.token_file",
     .shape = File{at<&Settings::nats, &Nats::token_file>, Holds::secret},
     .doc = "The file that holds the token of a server with token authentication; one newline at its end is left out.",
     .example = "/etc/millrace/nats-token",
     .apart = true},
    {.path = "nats.jetstream_domain",
     .shape = Text{at<&Settings::nats, &Nats::jetstream_domain>, rules::domain},
     .doc = "The JetStream domain, when the streams live behind a leaf node. Not together with `api_prefix`.",
     .example = "hub",
     .apart = true},
    {.path = "nats.api_prefix",
     .shape = Text{at<&Settings::nats, &Nats::api_prefix>, rules::subject_prefix},
     .doc = "The prefix of the JetStream API where an account imports it under another name; without it `$JS.API`.",
     .example = "JS.hub.API",
     .apart = true},
    {.path = "nats.inbox_prefix",
     .shape = Text{at<&Settings::nats, &Nats::inbox_prefix>, rules::subject_prefix},
     .doc = "The prefix of reply subjects, where permissions allow only one of the user's own; without it `_INBOX`.",
     .example = "_INBOX_millrace"},
    {.path = "nats.tls", .shape = Section{}, .doc = "TLS to the NATS server. The server's name is always verified."},
    {.path = "nats.tls.enabled",
     .shape = Flag{at<&Settings::nats, &Nats::tls, &Tls::enabled>},
     .initial = "false",
     .doc = "Refuse to talk to the server without TLS.",
     .example = "true"},
    {.path = "nats.tls.ca_file",
     .shape = File{at<&Settings::nats, &Nats::tls, &Tls::ca_file>},
     .doc = "Certificates (PEM) that may have signed the server's, in place of the system's.",
     .example = "/etc/millrace/nats-ca.pem"},
    {.path = "nats.tls.cert_file",
     .shape = File{at<&Settings::nats, &Nats::tls, &Tls::cert_file>, Holds::certificate},
     .doc = "The client certificate (PEM), for a server that verifies clients. Goes with `key_file`.",
     .example = "/etc/millrace/nats-client.pem"},
    {.path = "nats.tls.key_file",
     .shape = File{at<&Settings::nats, &Nats::tls, &Tls::key_file>, Holds::secret},
     .doc = "The private key (PEM) of `cert_file`.",
     .example = "/etc/millrace/nats-client.key"},

    {.path = "admin",
     .shape = Section{},
     .doc = "The read-only HTTP port with `/metrics`, `/livez`, `/readyz` and `/startupz`."},
    {.path = "admin.listen",
     .shape = Text{at<&Settings::admin, &Admin::listen>, rules::listen_address},
     .initial = "\"127.0.0.1:9465\"",
     .doc = "Address and port to listen on. An empty text means no admin port. It has no authentication: listen beyond "
            "loopback "
            "only where the network decides who may ask.",
     .example = "\"127.0.0.1:9465\""},
    {.path = "admin.tenant_labels",
     .shape = Flag{at<&Settings::admin, &Admin::tenant_labels>},
     .initial = "true",
     .doc = "Whether metrics that count events carry the tenant as a label.",
     .example = "true"},
    {.path = "admin.max_series",
     .shape = Whole{at<&Settings::admin, &Admin::max_series>, 100, 1'000'000},
     .initial = "10000",
     .doc = "The most metric series kept. Beyond it a tenant that is new is counted under the tenant `other`.",
     .example = "10000",
     .unit = "series"},

    {.path = "drain_timeout",
     .shape = Wait{at<&Settings::drain_timeout>, Duration{}, minutes(10)},
     .initial = "20s",
     .doc = "How long a SIGTERM waits for requests in flight before it gives their events back and leaves. Keep it "
            "below the "
            "grace period of whatever stops the process (30 seconds on Kubernetes).",
     .example = "20s"},
    {.path = "shards",
     .shape = Whole{at<&Settings::shards>, 1, 64},
     .initial = "1",
     .doc = "Threads per pipeline; partition p runs on shard p modulo `shards`. One is enough until a core is full.",
     .example = "1",
     .unit = "threads"},
};

}  // namespace

std::span<const Field> process_fields() { return kFields; }

}  // namespace millrace::config
