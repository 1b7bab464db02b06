// The fields of a candidate that is asked beside the endpoint.
#include "bridge/config/field.h"
#include "bridge/config/rules.h"
#include "bridge/protocols/registry.h"

namespace millrace::config {
namespace {

using settings::Address;
using settings::Endpoint;
using settings::Pipeline;
using settings::Shadow;

constexpr Field kFields[] = {
    {.path = "pipelines[].endpoint.shadow",
     .shape = Section{.optional = true},
     .doc = "A candidate for the endpoint. A share of the scored batches is copied to it, its scores are compared, and "
            "what differs is published. Nothing waits for it, and nothing depends on it: "
            "[endpoints.md](endpoints.md#a-shadow-endpoint).",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.url",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::address, &Address::url>, rules::http_url},
     .doc = "Where copies are posted to, as `endpoint.url`. None of the endpoint's `key_file`, `headers` and "
            "`deployment` goes there; `timeout`, `compression` and `ca_file` are the endpoint's.",
     .example = "http://127.0.0.1:5002/score",
     .required = true,
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.percent",
     .shape = Number{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::percent>, 0, 100},
     .initial = "1",
     .doc = "How much of all scored batches is copied, in percent. A batch is chosen by the identity of its first "
            "event, so one that is scored again is chosen alike.",
     .example = "5",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.tolerance",
     .shape = Section{},
     .doc =
         "How far apart two numbers may be and still be the same: as far as either of these allows. Lists and objects "
         "are compared element by element, anything else has to be the same JSON value.",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.tolerance.absolute",
     .shape = Number{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::absolute>, 0, 1e300},
     .initial = "1e-9",
     .doc = "As a number, however large the scores are.",
     .example = "0.01",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.tolerance.relative",
     .shape = Number{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::relative>, 0, 1},
     .initial = "1e-6",
     .doc = "As a part of the larger of the two.",
     .example = "0.001",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.subject",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::subject>, rules::tenant_subject},
     .initial = "shadow.{tenant}.PIPELINE",
     .doc = "The subject of differences, with `{tenant}`. PIPELINE in the default is the pipeline's name. Each is "
            "published once; where no stream takes it, it is counted and gone.",
     .example = "shadow.{tenant}.trip-fares",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.parallel_requests",
     .shape = Whole{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::parallel_requests>, 1, 100},
     .initial = "2",
     .doc =
         "The most copies on their way from one shard. A batch that is chosen while there are as many is skipped and "
         "counted.",
     .example = "2",
     .unit = "requests",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.headers",
     .shape = TextMap{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::address, &Address::headers>,
                      rules::header_name, rules::header_value},
     .doc = "Headers put on its requests.",
     .example = "{X-Team: fares}",
     .secret = true,
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.key_file",
     .shape = File{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::address, &Address::key_file>, Holds::secret},
     .doc = "The file with its key. Read again after a 401.",
     .example = "/etc/millrace/candidate-key",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.deployment",
     .shape =
         Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::address, &Address::deployment>, rules::header_value},
     .doc = "The deployment to ask it for.",
     .example = "green",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.protocol",
     .shape = Registered{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::protocol>, protocols::names},
     .doc = "Its protocol, where it is another than the endpoint's. Then the six fields below are its own; without it "
            "they are the endpoint's. `rows` are the endpoint's in any case.",
     .example = "mlflow",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.body",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::body>, rules::not_empty},
     .doc = "As `endpoint.body`, for its own protocol.",
     .example = "inputs",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.rows_pointer",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::rows_pointer>, rules::pointer},
     .doc = "As `endpoint.rows_pointer`.",
     .example = "/instances",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.results_pointer",
     .shape = Text{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::results_pointer>, rules::pointer},
     .doc = "As `endpoint.results_pointer`.",
     .example = "/predictions",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.tensors",
     .shape = TextMap{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::tensors>, rules::not_empty, rules::not_empty},
     .doc = "As `endpoint.tensors`.",
     .example = "{input-0: FP64}",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.request",
     .shape = Json{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::request>, true},
     .doc = "As `endpoint.request`.",
     .example = "{model: gpt-4o, messages: [{role: user, content: 'Is this a complaint? {text}'}]}",
     .apart = true},
    {.path = "pipelines[].endpoint.shadow.extras",
     .shape = Json{at<&Pipeline::endpoint, &Endpoint::shadow, &Shadow::extras>, true},
     .doc = "As `endpoint.extras`.",
     .example = "{parameters: {explain: false}}",
     .apart = true},
};

}  // namespace

std::span<const Field> shadow_fields() { return kFields; }

}  // namespace millrace::config
