// The fields of a pipeline's endpoint.
#include <array>

#include "bridge/config/field.h"
#include "bridge/config/rules.h"
#include "bridge/protocols/registry.h"

namespace millrace::config {
namespace {

using settings::Endpoint;
using settings::Pipeline;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::array<std::string_view, 3> kRowShapes = {"arrays", "records", "values"};
constexpr std::array<std::string_view, 3> kNonFinite = {"null", "string", "error"};
constexpr std::array<std::string_view, 2> kCompressions = {"none", "gzip"};
constexpr std::array<std::string_view, 2> kOnRejected = {"isolate", "fail"};

constexpr Field kFields[] = {
    {.path = "pipelines[].endpoint",
     .shape = Section{.optional = true},
     .doc =
         "The model endpoint, and how requests to it are made. Without it nothing is scored, and there are aggregates "
         "over the events themselves."},
    {.path = "pipelines[].endpoint.url",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::url>, rules::http_url},
     .doc = "Where requests are posted to. `http` or `https`, without a user; redirects are not followed. Required, "
            "unless there are `addresses`.",
     .example = "http://127.0.0.1:5001/score"},
    {.path = "pipelines[].endpoint.protocol",
     .shape = Registered{at<&Pipeline::endpoint, &Endpoint::protocol>, protocols::names},
     .initial = "azureml",
     .doc =
         "How rows are put into a request and results taken out of the answer. What each is for, with a configuration "
         "that works: [endpoints.md](endpoints.md).",
     .example = "azureml"},
    {.path = "pipelines[].endpoint.rows",
     .shape = Choice{choose<&Pipeline::endpoint, &Endpoint::rows>, kRowShapes},
     .initial = "arrays",
     .doc = "A row of the request: `arrays` are the features' values in their order, `records` are objects with the "
            "features' names, of a JSON Pointer its last part, `values` are the values of the one feature there is.",
     .example = "arrays"},
    {.path = "pipelines[].endpoint.body",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::body>, rules::not_empty},
     .doc = "The form of the request, where the protocol has several; without it the protocol's first. They stand in "
            "[endpoints.md](endpoints.md).",
     .example = "inputs"},
    {.path = "pipelines[].endpoint.rows_pointer",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::rows_pointer>, rules::pointer},
     .initial = "\"\"",
     .doc = "For `json`: the JSON Pointer at which the list of rows is put. Empty: the list is the whole body.",
     .example = "/instances",
     .apart = true},
    {.path = "pipelines[].endpoint.results_pointer",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::results_pointer>, rules::pointer},
     .initial = "\"\"",
     .doc =
         "For `json`: the JSON Pointer at which the answer has the list of results. Empty: the list is the whole body.",
     .example = "/predictions",
     .apart = true},
    {.path = "pipelines[].endpoint.tensors",
     .shape = TextMap{at<&Pipeline::endpoint, &Endpoint::tensors>, rules::not_empty, rules::not_empty},
     .doc =
         "For `open_inference`: the model's inputs and their datatypes. Of body `matrix` and `binary_matrix` the one "
         "input, of `columns` and `binary_columns` one for each feature, called like it.",
     .example = "{input-0: FP64}",
     .apart = true},
    {.path = "pipelines[].endpoint.request",
     .shape = Json{at<&Pipeline::endpoint, &Endpoint::request>, true},
     .doc = "For `openai_chat`: the request. `{NAME}` in one of its texts is the feature of that name; `{{NAME}}` is "
            "the text "
            "`{NAME}` itself.",
     .example = "{model: gpt-4o-mini, messages: [{role: user, content: 'Is this a complaint? {text}'}]}",
     .apart = true},
    {.path = "pipelines[].endpoint.extras",
     .shape = Json{at<&Pipeline::endpoint, &Endpoint::extras>, true},
     .doc = "Constants put into every request beside the rows.",
     .example = "{parameters: {explain: false}}",
     .apart = true},
    {.path = "pipelines[].endpoint.non_finite",
     .shape = Choice{choose<&Pipeline::endpoint, &Endpoint::non_finite>, kNonFinite},
     .initial = "null",
     .doc = "What a bare NaN or Infinity in an answer, which is not JSON, becomes: `null`, a `string` (\"NaN\"), or an "
            "`error` in the "
            "answer.",
     .example = "null"},
    {.path = "pipelines[].endpoint.max_batch_count",
     .shape = Whole{at<&Pipeline::endpoint, &Endpoint::max_batch_count>, 1, 10000},
     .initial = "500",
     .doc = "The most events in one request.",
     .example = "500",
     .unit = "events"},
    {.path = "pipelines[].endpoint.max_batch_bytes",
     .shape = Size{at<&Pipeline::endpoint, &Endpoint::max_batch_bytes>, 1u << 10, 1u << 30},
     .initial = "1MiB",
     .doc = "The most bytes of rows in one request. An event whose row alone is larger becomes a dead letter.",
     .example = "1MiB"},
    {.path = "pipelines[].endpoint.max_batch_tokens",
     .shape = Whole{at<&Pipeline::endpoint, &Endpoint::max_batch_tokens>, 0, 1'000'000'000},
     .initial = "0",
     .doc =
         "The most tokens of rows in one request; 0: they are not counted. There is no tokenizer here: the bytes of a "
         "row, divided by `bytes_per_token`, are taken for its tokens. An event that is above it alone goes alone, and "
         "the endpoint decides. For `openai_embeddings` 300000 where it is left out, which is OpenAI's limit.",
     .example = "300000",
     .unit = "tokens"},
    {.path = "pipelines[].endpoint.bytes_per_token",
     .shape = Number{at<&Pipeline::endpoint, &Endpoint::bytes_per_token>, 1, 1000},
     .initial = "1",
     .doc =
         "How many bytes of a row are taken for one token, for `max_batch_tokens`. With 1 there are never more tokens "
         "than that in a request, as long as a token is at least a byte, as with the tokenizers of OpenAI. English "
         "has about 4.",
     .example = "1"},
    {.path = "pipelines[].endpoint.max_batch_wait",
     .shape = Wait{at<&Pipeline::endpoint, &Endpoint::max_batch_wait>, Duration{}, minutes(10)},
     .initial = "0",
     .doc = "How long an event may wait for its batch to fill. 0: a free request slot takes what is queued now, which "
            "fills batches "
            "by itself as soon as the endpoint is the slower part.",
     .example = "0"},
    {.path = "pipelines[].endpoint.parallel_requests_per_partition",
     .shape = Whole{at<&Pipeline::endpoint, &Endpoint::parallel_requests_per_partition>, 1, 1000},
     .initial = "2",
     .doc = "The most requests in flight for one partition: P partitions and N of these are P x N requests, never "
            "more. Concurrency "
            "starts at 1, grows while answers come, and falls when the endpoint says it is too much.",
     .example = "4",
     .unit = "requests"},
    {.path = "pipelines[].endpoint.mix_tenants",
     .shape = Flag{at<&Pipeline::endpoint, &Endpoint::mix_tenants>},
     .initial = "false",
     .doc = "Allow events of several tenants in one request. Fuller batches, where the model is trusted to keep rows "
            "apart.",
     .example = "false"},
    {.path = "pipelines[].endpoint.timeout",
     .shape = Wait{at<&Pipeline::endpoint, &Endpoint::timeout>, milliseconds(10), minutes(30)},
     .initial = "30s",
     .doc = "From the first byte sent to the last byte of the answer.",
     .example = "30s"},
    {.path = "pipelines[].endpoint.connect_timeout",
     .shape = Wait{at<&Pipeline::endpoint, &Endpoint::connect_timeout>, milliseconds(10), minutes(5)},
     .initial = "5s",
     .doc = "For name resolution, connection and TLS together; `timeout` goes on counting meanwhile.",
     .example = "5s"},
    {.path = "pipelines[].endpoint.max_response_bytes",
     .shape = Size{at<&Pipeline::endpoint, &Endpoint::max_response_bytes>, 1u << 10, 1ull << 30},
     .initial = "64MiB",
     .doc = "The most bytes of an answer. A longer one is cut off, and the batch is split.",
     .example = "64MiB"},
    {.path = "pipelines[].endpoint.headers",
     .shape = TextMap{at<&Pipeline::endpoint, &Endpoint::headers>, rules::header_name, rules::header_value},
     .doc =
         "Headers put on every request, as they stand here. Not those Millrace sets itself, such as Content-Type. Keep "
         "secrets out: a key belongs into `key_file`.",
     .example = "{X-Team: fares}",
     .secret = true},
    {.path = "pipelines[].endpoint.key_file",
     .shape = File{at<&Pipeline::endpoint, &Endpoint::key_file>, Holds::secret},
     .doc = "The file that holds the endpoint's key, sent as `Authorization: Bearer`. Read again when it changes, and "
            "when "
            "the endpoint answers 401.",
     .example = "/etc/millrace/endpoint-key"},
    {.path = "pipelines[].endpoint.second_key_file",
     .shape = File{at<&Pipeline::endpoint, &Endpoint::second_key_file>, Holds::secret},
     .doc = "The file with the endpoint's other key, for a rotation without a pause: where the key in use is refused, "
            "this "
            "one is used from then on, and the other way round.",
     .example = "/etc/millrace/endpoint-key-2"},
    {.path = "pipelines[].endpoint.identity",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::identity>, rules::pipeline_name},
     .doc = "The one of `identities` as whom the endpoint is asked, in place of a key.",
     .example = "scorer",
     .apart = true},
    {.path = "pipelines[].endpoint.audience",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::audience>, rules::header_value},
     .doc = "What the tokens of `identity` are for: the name of the endpoint at the authorization server. Of protocol "
            "`azureml` by default `https://ml.azure.com`.",
     .example = "https://ml.azure.com",
     .apart = true},
    {.path = "pipelines[].endpoint.deployment",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::deployment>, rules::header_value},
     .doc = "The deployment to ask for, sent as `azureml-model-deployment`. Without it the endpoint's traffic rules "
            "choose.",
     .example = "blue"},
    {.path = "pipelines[].endpoint.ca_file",
     .shape = File{at<&Pipeline::endpoint, &Endpoint::ca_file>},
     .doc =
         "Certificates (PEM) that may have signed the endpoint's, in place of the system's. Only for an `https` URL.",
     .example = "/etc/millrace/endpoint-ca.pem",
     .apart = true},
    {.path = "pipelines[].endpoint.compression",
     .shape = Choice{choose<&Pipeline::endpoint, &Endpoint::compression>, kCompressions},
     .initial = "none",
     .doc = "Of the bodies of requests. `gzip` where the server, or what stands before it, unpacks them; Azure ML does "
            "not say so. Answers may come packed with gzip whatever stands here.",
     .example = "none"},
    {.path = "pipelines[].endpoint.on_rejected",
     .shape = Choice{choose<&Pipeline::endpoint, &Endpoint::on_rejected>, kOnRejected},
     .initial = "isolate",
     .doc = "When the endpoint refuses a batch for what is in it: `isolate` splits until the bad event stands alone, "
            "makes it a dead "
            "letter and publishes its mates; `fail` stops the pipeline.",
     .example = "isolate"},
    {.path = "pipelines[].endpoint.max_dead_letter_ratio",
     .shape = Number{at<&Pipeline::endpoint, &Endpoint::max_dead_letter_ratio>, 0, 1},
     .initial = "0.1",
     .doc =
         "The share of a tenant's last 100 events that the endpoint's verdicts may turn into dead letters. Beyond it "
         "verdicts wait, and with 100 waiting the pipeline halts and says so, since a broken deployment would "
         "otherwise empty the stream into dead letters.",
     .example = "0.1"},
    {.path = "pipelines[].endpoint.control",
     .shape = Json{at<&Pipeline::endpoint, &Endpoint::control>},
     .doc = "A row that is known to be good, in the form of `rows`. Before an event is convicted, a witness must "
            "succeed; this row is "
            "asked where no other event can be.",
     .example = "[1, 5, 17, 2, 3.4, 2.1]"},
    {.path = "pipelines[].endpoint.signature",
     .shape = SignatureChoice{at<&Pipeline::endpoint, &Endpoint::signature>},
     .initial = "endpoint",
     .doc =
         "What the endpoint takes for a row. Events are converted to it before they are batched (12 to `\"12\"` where "
         "it "
         "wants texts), and one that cannot be is a dead letter and never sent. `endpoint`: as the endpoint publishes "
         "it, unchecked where it publishes nothing. `{file: PATH}`: as an `MLmodel` file has it. `{inputs: {NAME: "
         "TYPE}}`: as "
         "it stands here; `millrace signature` prints it so. `none`: nothing is checked. Types, conversions and what "
         "is read "
         "where: [endpoints.md](endpoints.md#signatures).",
     .example = "{inputs: {distance: float64, weekday: string, tip: 'float64?'}}"},
};

}  // namespace

std::span<const Field> endpoint_fields() { return kFields; }

}  // namespace millrace::config
