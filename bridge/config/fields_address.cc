// The fields of the places requests go to: several addresses, and those of tenants.
#include <array>

#include "bridge/config/field.h"
#include "bridge/config/rules.h"

namespace millrace::config {
namespace {

using settings::Address;
using settings::Endpoint;
using settings::Pipeline;
using settings::TenantAddress;

constexpr std::array<std::string_view, 2> kSelections = {"failover", "weights"};

void resize_addresses(Target& target, std::size_t count) { target.pipeline->endpoint.addresses.resize(count); }
Target address_at(const Target& target, std::size_t index) {
    return {.all = target.all, .pipeline = target.pipeline, .address = &target.pipeline->endpoint.addresses[index]};
}

void resize_tenants(Target& target, std::size_t count) { target.pipeline->endpoint.tenants.resize(count); }
Target tenants_at(const Target& target, std::size_t index) {
    return {.all = target.all, .pipeline = target.pipeline, .tenants = &target.pipeline->endpoint.tenants[index]};
}

constexpr Field kFields[] = {
    {.path = "pipelines[].endpoint.selection",
     .shape = Choice{choose<&Pipeline::endpoint, &Endpoint::selection>, kSelections},
     .initial = "failover",
     .doc = "Which of several `addresses` a request goes to. `failover`: the first one in the list that works; "
            "`weights`: all that work, by their `weight`. What fails at one goes to another.",
     .example = "weights",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses",
     .shape = Sections{"address", resize_addresses, address_at},
     .doc = "Several servers of one model, at most 32, in place of `url`. Each is watched by itself: how many requests "
            "it takes, "
            "when it may be asked again, whether it is out. What else stands under `endpoint` holds for all of them.",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].url",
     .shape = Text{at<&Address::url>, rules::http_url},
     .doc = "Where requests are posted to, as `endpoint.url`.",
     .example = "http://127.0.0.1:5001/score",
     .required = true,
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].weight",
     .shape = Whole{at<&Address::weight>, 1, 1000},
     .initial = "1",
     .doc = "Its share of the requests, beside the weights of the others that work. For `selection: weights`.",
     .example = "9",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].headers",
     .shape = TextMap{at<&Address::headers>, rules::header_name, rules::header_value},
     .doc = "Headers put on its requests beside those of `endpoint.headers`; of the same name, this one counts.",
     .example = "{X-Region: west}",
     .secret = true,
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].key_file",
     .shape = File{at<&Address::key_file>, Holds::secret},
     .doc = "The file with its key, in place of `endpoint.key_file`.",
     .example = "/etc/millrace/west-key",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].second_key_file",
     .shape = File{at<&Address::second_key_file>, Holds::secret},
     .doc = "The file with its other key; beside a `key_file` of its own.",
     .example = "/etc/millrace/west-key-2",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].identity",
     .shape = Text{at<&Address::identity>, rules::pipeline_name},
     .doc = "As whom it is asked, in place of `endpoint.key_file` and `endpoint.identity`.",
     .example = "west-scorer",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].audience",
     .shape = Text{at<&Address::audience>, rules::header_value},
     .doc = "What the tokens for it are for, in place of `endpoint.audience`.",
     .example = "api://west",
     .apart = true},
    {.path = "pipelines[].endpoint.addresses[].deployment",
     .shape = Text{at<&Address::deployment>, rules::header_value},
     .doc = "The deployment to ask it for, in place of `endpoint.deployment`.",
     .example = "green",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants",
     .shape = Sections{"entry", resize_tenants, tenants_at},
     .doc = "Tenants with an endpoint, a key or a deployment of their own. Their events share no request with those of "
            "others, and requests for each entry are counted apart: where its endpoint does not work, only the events "
            "of its tenants wait.",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].names",
     .shape = TextList{at<&TenantAddress::names>, rules::tenant_name},
     .doc = "The tenants, each in one entry only.",
     .example = "[acme]",
     .required = true,
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].url",
     .shape = Text{at<&TenantAddress::address, &Address::url>, rules::http_url},
     .doc = "Where their requests go. None of the pipeline's key, identity, `headers` and `deployment` goes there. "
            "Without it: where those of the pipeline go, with what is given here in place of what is given there.",
     .example = "https://acme.example/score",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].headers",
     .shape = TextMap{at<&TenantAddress::address, &Address::headers>, rules::header_name, rules::header_value},
     .doc = "Headers put on their requests.",
     .example = "{X-Team: acme}",
     .secret = true,
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].key_file",
     .shape = File{at<&TenantAddress::address, &Address::key_file>, Holds::secret},
     .doc = "The file with the key of their endpoint.",
     .example = "/etc/millrace/acme-key",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].second_key_file",
     .shape = File{at<&TenantAddress::address, &Address::second_key_file>, Holds::secret},
     .doc = "The file with the other key of their endpoint; beside a `key_file` of their own.",
     .example = "/etc/millrace/acme-key-2",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].identity",
     .shape = Text{at<&TenantAddress::address, &Address::identity>, rules::pipeline_name},
     .doc = "As whom their endpoint is asked.",
     .example = "acme-scorer",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].audience",
     .shape = Text{at<&TenantAddress::address, &Address::audience>, rules::header_value},
     .doc = "What the tokens for their endpoint are for.",
     .example = "api://acme",
     .apart = true},
    {.path = "pipelines[].endpoint.tenants[].deployment",
     .shape = Text{at<&TenantAddress::address, &Address::deployment>, rules::header_value},
     .doc = "The deployment to ask for.",
     .example = "acme",
     .apart = true},
};

}  // namespace

std::span<const Field> address_fields() { return kFields; }

}  // namespace millrace::config
