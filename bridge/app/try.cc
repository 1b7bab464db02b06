#include "bridge/app/try.h"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/app/ask.h"
#include "bridge/app/clocks.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/codec/formula.h"
#include "bridge/codec/render.h"
#include "bridge/codec/render_aggregate.h"
#include "bridge/codec/score_reader.h"
#include "bridge/config/problem.h"
#include "bridge/config/scalars.h"
#include "bridge/protocols/contract.h"
#include "bridge/protocols/raw_tensors.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/addresses.h"
#include "bridge/shard/exchange.h"
#include "bridge/shard/shadowing.h"
#include "bridge/windows/windows.h"
#include "subjects/identity.h"
#include "subjects/tenant.h"

namespace millrace::app {

namespace {

constexpr std::size_t kLargestResult = 1 << 20;
constexpr std::size_t kMostShown = 100;  // aggregates

Delivery delivery_of(const settings::Pipeline& pipeline, const std::string& tenant, std::istream& in) {
    Delivery delivery;
    if (subjects::is_tenant(tenant)) delivery.tenant = tenant;
    delivery.stored_at = wall_now();
    delivery.subject = pipeline.input.subject;
    constexpr std::string_view kToken = "{tenant}";
    delivery.subject.replace(delivery.subject.find(kToken), kToken.size(), tenant);
    std::string text(std::istreambuf_iterator<char>(in), {});
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    delivery.payload = Payload(std::move(text));
    return delivery;
}

// As it is configured, or as the endpoint publishes it.
Signature signature_of(const settings::Settings& settings, const settings::Pipeline& pipeline, bool offline) {
    const settings::SignatureSource& source = pipeline.endpoint.signature;
    if (offline || !settings::has_endpoint(pipeline) || source.from != settings::SignatureFrom::endpoint)
        return source.given;
    auto read = ask_signature(settings, pipeline);
    return read ? std::move(read->signature) : Signature{};
}

// What stands in `configured` may be secret: only its name is shown.
void print(std::ostream& out, const ports::HttpRequest& request, const settings::Address& configured,
           bool is_authorized) {
    out << "request\n  POST " << request.url << "\n";
    for (const auto& [name, value] : request.headers) {
        const bool secret = config::lower(name) == "authorization" || configured.headers.contains(name);
        out << "  " << name << ": " << (secret ? "(not shown)" : value) << "\n";
    }
    if (is_authorized) out << "  Authorization: (not shown)\n";
    const std::string_view json = protocols::json_of(request.headers, request.body);
    out << "\n  " << json << "\n";
    if (json.size() < request.body.size())
        out << "  and " << request.body.size() - json.size() << " bytes of tensors\n";
    out << "\n";
}

void print(std::ostream& out, std::string_view what, const codec::Rendered& rendered) {
    out << what << "\n  " << rendered.subject << "\n";
    for (const auto& [name, value] : rendered.headers) out << "  " << name << ": " << value << "\n";
    out << "\n  " << rendered.payload << "\n";
}

int print_publication(std::ostream& out, const settings::Pipeline& pipeline, const Delivery& delivery,
                      const Event& event) {
    const auto rendered = codec::Renderer(pipeline).render(delivery, event, kLargestResult);
    if (!rendered) {
        out << "cannot be published: " << rendered.error().text << "\n";
        return 1;
    }
    const bool copied = rendered->output == Output::bypass;
    print(out, event.settlement.verdict ? "dead letter" : copied ? "copy" : "result", *rendered);
    return event.settlement.verdict ? 1 : 0;
}

// What the event would come to if it were alone in its windows.
int print_aggregates(std::ostream& out, const settings::Pipeline& pipeline, const Delivery& delivery,
                     const Event& event) {
    windows::Windows alone(pipeline.aggregates);
    alone.add({delivery.tenant,
               event.at.value_or(delivery.stored_at),
               {delivery.stream_sequence, event.element},
               event.values});
    std::vector<windows::Closed> closed;
    alone.close(delivery.tenant, ServerTime::max(), kMostShown, closed);
    if (closed.empty()) out << "alone it meets the conditions (having) of no aggregate\n";
    for (const windows::Closed& window : closed) {
        const auto rendered = codec::render_aggregate(pipeline, delivery.partition, window, kLargestResult);
        if (!rendered) {
            out << "cannot be published: " << rendered.error().text << "\n";
            return 1;
        }
        print(out, "aggregate", *rendered);
    }
    return 0;
}

// The first its request may go to.
std::size_t address_for(const settings::Routes& all, const std::string& tenant) {
    const auto own = std::ranges::find_if(all.routes, [&](const settings::Route& route) {
        return std::ranges::find(route.tenants, tenant) != route.tenants.end();
    });
    const settings::Route& route = own == all.routes.end() ? all.routes.front() : *own;
    return route.addresses.front();
}

// The same of the shadow, where the tenant's events are copied to it; whatever it answers is no mistake.
int print_shadow(std::ostream& out, const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event) {
    const auto is_elsewhere = [&](const settings::TenantAddress& one) {
        return std::ranges::find(one.names, delivery.tenant) != one.names.end();
    };
    if (!settings::has_shadow(pipeline) || std::ranges::any_of(pipeline.endpoint.tenants, is_elsewhere)) return 0;
    auto key = auth::KeyFile::load(pipeline.endpoint.shadow.address.key_file);
    if (!key) {
        out << "endpoint.shadow.key_file: " << key.error().text << "\n";
        return 2;
    }
    Shadowing shadowing(pipeline, *key, "millrace-try-");
    ports::HttpRequest request = shadowing.ask({RequestId{2}, {{&delivery, &event}}});
    out << "\nshadow ";
    print(out, request, pipeline.endpoint.shadow.address, false);  // the key is among its headers already
    const engine::ShadowAnswered told = shadowing.read(ask(std::move(request)));
    out << "shadow answer\n  " << name(told.outcome);
    if (told.status != 0) out << " (HTTP " << told.status << ")";
    if (!told.reason.empty()) out << ": " << told.reason;
    out << "\n";
    if (told.same > 0) out << "\nno difference\n";
    for (const Difference& one : told.differences) {
        out << "\n";
        print(out, "difference", {Output::difference, one.subject, one.headers, one.payload});
    }
    return 0;
}

// What is computed for the request, one by one.
void print_computed(std::ostream& out, const settings::Pipeline& pipeline, const Event& event) {
    const auto computed = codec::computed_features(pipeline, event.text);
    if (computed.empty()) return;
    out << "computed\n";
    for (const auto& [name, value] : computed) out << "  " << name << ": " << value << "\n";
    out << "\n";
}

// Of an event that `where` does not select.
int print_passed_over(std::ostream& out, const settings::Pipeline& pipeline, const Delivery& delivery,
                      const Event& event) {
    out << (event.selection == Selection::filtered ? "filtered" : "bypassed")
        << "\n  not selected by where: " << pipeline.where << "\n";
    if (event.selection == Selection::filtered) return 0;
    out << "\n";
    return print_publication(out, pipeline, delivery, event);
}

int try_element(const settings::Settings& settings, const settings::Pipeline& pipeline, const TryOptions& options,
                const Delivery& delivery, Event& event, std::ostream& out) {
    if (event.fault) {
        event.settlement.verdict = event.fault;
        print_computed(out, pipeline, event);
        return print_publication(out, pipeline, delivery, event);
    }
    if (event.selection != Selection::selected) return print_passed_over(out, pipeline, delivery, event);
    print_computed(out, pipeline, event);
    if (!settings::has_endpoint(pipeline)) return print_aggregates(out, pipeline, delivery, event);
    const settings::Routes all = settings::routes(pipeline.endpoint);
    const std::size_t at = address_for(all, delivery.tenant);
    const settings::Address& address = all.addresses[at];
    const auto protocol = protocols::make(pipeline);
    const std::vector<std::string_view> rows = {event.row};
    ports::HttpRequest request =
        make_request(pipeline.endpoint, address, *protocol, rows, RequestId{1}, "millrace-try");
    print(out, request, address, !(address.key_file.empty() && address.identity.empty()));
    if (options.offline) return 0;
    const auto response = ask(settings, pipeline, at, std::move(request));
    if (!response) {
        out << response.error().text << "\n";
        return 2;
    }
    Answer answer = read_response(*protocol, *response, 1);
    out << "answer\n  " << name(answer.outcome);
    if (answer.status != 0) out << " (HTTP " << answer.status << ")";
    if (!answer.reason.empty()) out << ": " << answer.reason;
    out << "\n";
    if (answer.outcome != Outcome::scored) {
        if (!answer.body.empty()) out << "\n  " << answer.body << "\n";
        return 1;
    }
    out << "\n";
    event.settlement.score = std::move(answer.scores.front());
    event.settlement.deployment = answer.deployment;
    event.settlement.request_id = "millrace-try";
    event.settlement.attempts = 1;
    const int code = print_publication(out, pipeline, delivery, event);
    if (const int mistake = print_shadow(out, pipeline, delivery, event); mistake != 0) return mistake;
    if (code != 0 || pipeline.aggregates.empty()) return code;
    codec::ScoreReader(pipeline).add_values(event);
    return print_aggregates(out, pipeline, delivery, event);
}

}  // namespace

int try_event(const settings::Settings& settings, const TryOptions& options, std::istream& in, std::ostream& out) {
    const settings::Pipeline* const pipeline = choose_pipeline(settings, options.pipeline, out);
    if (pipeline == nullptr) return 2;
    Delivery delivery = delivery_of(*pipeline, options.tenant, in);
    if (delivery.tenant.empty()) {
        codec::set_unroutable(delivery);
    } else if (!subjects::is_allowed(pipeline->tenants.allowed, delivery.tenant)) {
        delivery.tenant.clear();
        codec::set_not_allowed(delivery);
    } else {
        codec::EventDecoder decoder(*pipeline);
        decoder.expect(protocols::columns_of(*pipeline, signature_of(settings, *pipeline, options.offline)).columns);
        decoder.decode(delivery);
    }
    if (delivery.events.empty()) out << "the message holds no event: nothing is sent, the message is acked\n";
    int code = 0;
    for (Event& event : delivery.events) {
        event.id = subjects::event_identity(
            {pipeline->name, pipeline->generation, pipeline->input.stream, {}, 0, event.element});
        code = std::max(code, try_element(settings, *pipeline, options, delivery, event, out));
    }
    return code;
}

}  // namespace millrace::app
