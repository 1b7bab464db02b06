// What a person configures, as plain structs. No parsing and no defaults of its own logic here: config/ fills them from
// the field table (config/fields_*.cc), which also says each one's rule and meaning. Immutable once loaded.
//
// Sizes are bytes; durations carry their unit in the type.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/base/signature.h"
#include "bridge/base/stream.h"
#include "bridge/base/time.h"

namespace millrace::settings {

struct Tls {
    bool enabled = false;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

struct Nats {
    std::string context;  // of the NATS CLI, which says all of the rest; a name or a path
    // The context's file, where secrets stand in it itself: it is then the file of password, token or credentials.
    std::string context_file;
    std::vector<std::string> urls;
    std::string credentials_file;
    std::string nkey_file;
    std::string user;
    std::string password_file;
    std::string token_file;
    Tls tls;
    std::string jetstream_domain;
    std::string api_prefix;    // instead of $JS.API
    std::string inbox_prefix;  // instead of _INBOX
};

struct Admin {
    std::string listen = "127.0.0.1:9465";  // empty: no admin port
    bool tenant_labels = true;
    std::uint32_t max_series = 10000;
};

// Where reading starts when the consumer does not exist yet.
struct StartAll {};
struct StartNew {};
using Start = std::variant<StartAll, StartNew, ServerTime, std::uint64_t>;

struct Input {
    std::string stream;
    std::string subject;  // template with {tenant}, and {partition} when there are several
    Start start = StartAll{};
    Duration ack_wait = std::chrono::seconds(30);
    std::uint32_t max_ack_pending = 0;  // 0: 4 x max_batch_count x parallel_requests_per_partition, at least 1000
    std::uint64_t max_pending_bytes = 256ull << 20;  // memory of the messages in hand, over all partitions
};

struct Feature {
    std::string field;                    // name, or JSON Pointer when it begins with '/'; of a computed one its name
    std::optional<std::string> fallback;  // raw JSON text used when there is no value, or null
    std::string expression = {};          // how it is computed, in its canonical text; empty: the field as it is
};

enum class TimeUnit { iso8601, seconds, milliseconds, microseconds, nanoseconds };
// What becomes of an event that misses its windows: its time is moved to the earliest that still counts, it is counted
// and left out, or a copy goes to `late_subject`.
enum class OnLate { adjust, drop, subject };

struct Event {
    std::vector<Feature> features;
    std::string timestamp;  // field, as in Feature; empty: the time JetStream stored the message
    TimeUnit timestamp_unit = TimeUnit::iso8601;
    Duration out_of_order_tolerance{};
    std::optional<Duration> late_arrival_tolerance = std::chrono::seconds(5);  // nothing: wait for ever
    Duration early_limit = std::chrono::minutes(5);  // an event from further in the future is left out
    OnLate on_late = OnLate::adjust;
    std::string late_subject;  // template with {tenant}; on_late: subject
};

enum class RowShape { arrays, records, values };
enum class NonFinite { null, string, error };  // what a bare NaN or Infinity in an answer becomes
enum class OnRejected { isolate, fail };
enum class Selection { failover, weights };
enum class Compression { none, gzip };

// Where requests go, and as whom. What is empty comes from the endpoint (settings/addresses).
struct Address {
    std::string url;
    std::uint32_t weight = 1;  // share of the requests beside the other addresses; selection: weights
    std::map<std::string, std::string> headers;
    std::string key_file;
    std::string second_key_file;
    std::string identity;  // in place of the key files
    std::string audience;
    std::string deployment;
};

// Tenants whose events are asked about elsewhere, or as somebody else.
struct TenantAddress {
    std::vector<std::string> names;
    Address address;
};

// Where the signature of the endpoint is from: read from the endpoint itself, nowhere, a file, the configuration.
enum class SignatureFrom { endpoint, nowhere, file, here };

struct SignatureSource {
    SignatureFrom from = SignatureFrom::endpoint;
    std::string file;  // an MLmodel file
    Signature given;   // from: here, and from: file once it is read
};

// A candidate for the endpoint: a share of the scored batches is copied to it, and what it answers is compared. Nothing
// of the pipeline depends on it.
struct Shadow {
    Address address;  // nothing of it comes from the endpoint's own; without a url there is no shadow
    double percent = 1;
    double absolute = 1e-9;  // numbers no farther apart than either of these allows are the same
    double relative = 1e-6;  // of the larger one
    std::string subject;     // template with {tenant}: where differences are published
    std::uint32_t parallel_requests = 2;
    std::string protocol;  // empty: the endpoint's, with its body, pointers, tensors, request and extras
    std::string body;
    std::string rows_pointer;
    std::string results_pointer;
    std::map<std::string, std::string> tensors;
    std::string request;
    std::string extras;
};

struct Endpoint {
    std::string url;                 // empty where there are addresses
    std::vector<Address> addresses;  // several, in order of preference
    Selection selection = Selection::failover;
    std::vector<TenantAddress> tenants;
    Compression compression = Compression::none;  // of request bodies
    std::string protocol = "azureml";
    RowShape rows = RowShape::arrays;
    std::string body;                            // a form of the protocol's request; empty: its first
    std::string rows_pointer;                    // json: where the rows go; "" is the whole body
    std::string results_pointer;                 // json: where the results are; "" is the whole body
    std::map<std::string, std::string> tensors;  // open_inference: inputs, each with its datatype
    std::string request;                         // openai_chat: raw JSON of the body, with {feature} in its texts
    std::string extras;                          // raw JSON object merged into the request body; empty for none
    NonFinite non_finite = NonFinite::null;
    std::uint32_t max_batch_count = 500;
    std::uint64_t max_batch_bytes = 1ull << 20;
    std::uint32_t max_batch_tokens = 0;  // 0: they are not counted
    double bytes_per_token = 1;          // of a row's text
    Duration max_batch_wait{};
    std::uint32_t parallel_requests_per_partition = 2;
    bool mix_tenants = false;
    Duration timeout = std::chrono::seconds(30);
    Duration connect_timeout = std::chrono::seconds(5);
    std::uint64_t max_response_bytes = 64ull << 20;
    std::map<std::string, std::string> headers;
    std::string key_file;         // sent as Authorization: Bearer
    std::string second_key_file;  // tried when that key is refused
    std::string identity;         // name of one of Settings::identities
    std::string audience;         // what its tokens are for
    std::string deployment;       // azureml-model-deployment
    std::string ca_file;          // empty: the system's
    OnRejected on_rejected = OnRejected::isolate;
    double max_dead_letter_ratio = 0.1;  // of the endpoint's verdicts on one tenant
    std::string control;                 // raw JSON row known to be good; a witness of last resort
    SignatureSource signature;
    Shadow shadow;
};

enum class Include { nothing, everything, fields };
enum class ResultsAs { event, batch };  // a message for each, or for as many as there are in a row

struct Results {
    std::string subject;
    std::string stream;  // empty: the one that covers the subject
    ResultsAs as = ResultsAs::event;
    Include include = Include::nothing;
    std::vector<std::string> include_fields;
};

struct DeadLetter {
    std::string subject;             // default dead.{tenant}.PIPELINE
    std::string unroutable_subject;  // default dead-unroutable.PIPELINE
};

// Where an owned partition keeps its state, and how its owner behaves.
struct State {
    std::string stream;                                          // empty: the one that stores millrace.state.>
    Duration checkpoint_every = std::chrono::milliseconds(500);  // a commit at least this often while events come
    std::uint64_t max_bytes = 1ull << 30;                        // memory of a partition's open windows
    Duration lease = std::chrono::seconds(15);                   // an owner not heard of for this long is replaced
};

// What becomes of events that `where` does not select: nothing, or a copy goes past the model.
struct Bypass {
    enum class To { nowhere, subject, results };
    To to = To::nowhere;
    std::string subject;  // template with {tenant}; To::subject
};

struct Pipeline {
    std::string name;
    std::uint32_t generation = 1;
    std::uint32_t partitions = 1;
    bool ordered = false;  // results of a tenant are stored in the order of its events
    Input input;
    Event event;
    std::string where;  // which events are scored or aggregated, in its canonical text; empty: all
    Bypass bypass;
    Endpoint endpoint;
    Results results;
    DeadLetter dead_letter;
    std::vector<Aggregate> aggregates;
    State state;
};

// How the process proves to an endpoint who it is: by tokens it gets from somebody else, or by a certificate.
enum class IdentityKind { client_secret, client_certificate, federated_token, managed_identity, tls_certificate };
enum class SecretIn { body, header };
// How the audience is put into a token request.
enum class AudienceAs { default_scope, scope, resource, audience };
// Who gives managed identities their tokens; detected: by the environment, in Azure's order.
enum class ManagedSource { detected, app_service, azure_ml, cloud_shell, arc, imds };

struct IdentitySettings {
    std::string name;
    IdentityKind kind{};
    std::string token_url;
    std::string entra_tenant;  // in place of token_url
    std::string client_id;
    std::string secret_file;
    SecretIn secret_in = SecretIn::body;
    std::string certificate_file;      // PEM
    std::string certificate_key_file;  // PEM
    std::string assertion_file;        // a token that somebody else keeps fresh
    ManagedSource source = ManagedSource::detected;
    std::string object_id;    // of a managed identity that is not the machine's own
    std::string resource_id;  // likewise
    AudienceAs audience_as = AudienceAs::default_scope;
    std::map<std::string, std::string> parameters;  // of token requests
    std::string ca_file;                            // of token_url; empty: the system's
};

struct Settings {
    std::uint32_t version = 1;
    Nats nats;
    Admin admin;
    std::vector<IdentitySettings> identities;
    Duration drain_timeout = std::chrono::seconds(20);
    std::uint32_t shards = 1;  // threads per pipeline; partition p runs on shard p mod shards
    std::vector<Pipeline> pipelines;
};

// How many messages may be delivered and unacked for requests never to wait for acks: four times what is in flight.
std::uint64_t ample_ack_pending(const Pipeline& pipeline);
// How many may be, as configured or by the rule in Input.
std::uint32_t effective_max_ack_pending(const Pipeline& pipeline);
// How many of these a replica takes at once.
std::uint32_t most_in_hand(const Pipeline& pipeline);
// Each partition has one owner at a time, which applies its events in stream order and commits what they came to.
bool is_owned(const Pipeline& pipeline);
// Events are scored; without an endpoint they are aggregated only.
bool has_endpoint(const Pipeline& pipeline);
// A candidate is asked beside the endpoint.
bool has_shadow(const Pipeline& pipeline);
// The pipeline as if the candidate were its endpoint. Requires: has_shadow.
Pipeline with_shadow_as_endpoint(const Pipeline& pipeline);
// The durable consumer of one partition, shared by all replicas.
std::string consumer_name(const Pipeline& pipeline, std::uint32_t partition);
// The consumer of one position of an owned partition: `PIPELINE-pP-EPOCH-N`.
std::string consumer_name(const Pipeline& pipeline, const Position& position);
// Whether `name` is a consumer of an owned partition, of an earlier position than this one.
bool is_earlier_consumer(const Pipeline& pipeline, const Position& position, std::string_view name);

}  // namespace millrace::settings
