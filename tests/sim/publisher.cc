#include "tests/sim/publisher.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bridge/base/check.h"

namespace millrace::sim {
namespace {

const std::array<std::string, 8> kHostile = {
    "a*", "$SYS", "a b", "ac\r\nPUB x 1\r\nme", "t\xc3\xa9", "acme>beta", std::string(300, 'x'), "acme\"},{\""};

const std::vector<Header> kHeaders = {{"traceparent", "00-1-2-01"}, {"Nats-Evil", "x"}};

}  // namespace

bool Publisher::is_selected(Selector s) const { return plan_.where == nullptr || plan_.where->selects(s); }

Kind Publisher::draw_kind() {
    auto left = random_.below(1000);
    for (std::size_t kind = 1; kind < std::size(plan_.mix.odd); ++kind) {
        if (left < plan_.mix.odd[kind]) return static_cast<Kind>(kind);
        left -= plan_.mix.odd[kind];
    }
    return Kind::good;
}

Publisher::Element Publisher::element(const std::string& tenant, bool good) {
    if (!good && random_.below(1000) < plan_.mix.bad_elements) return bad_element(tenant);
    const auto kind = draw_kind();
    const EventToken token{tenant, ++made_, good ? Kind::good : kind};
    std::string text = "{\"who\":\"" + token.text() + "\"";
    if (random_.chance(0.7)) text += ",\"n\":" + std::to_string(random_.next());
    if (random_.chance(0.3)) text += ",\"note\":{\"deep\":[1,2,{\"x\":null}]}";
    if (plan_.where != nullptr) text += selector_text(made_);
    return {text + "}", {token, {}, tenant, false, is_selected(selector_of(made_))}};
}

// What is not selected needs no features; what is no object is not looked into.
Publisher::Element Publisher::bad_element(const std::string& tenant) {
    ++made_;
    const bool selected = is_selected({});
    const auto lacking = [&](Reason reason) {
        return Planned{{}, selected ? std::optional(reason) : std::nullopt, tenant, false, selected};
    };
    switch (random_.below(5)) {
        case 0:
            return {R"({"n":3})", lacking(Reason::field_missing)};
        case 1:
            return {R"({"who":null,"n":3})", lacking(Reason::field_null)};
        case 2:
            return {R"({"who":{"a":1}})", lacking(Reason::field_wrong_type)};
        case 3:
            return {"17", {{}, Reason::not_an_object, tenant}};
        default:
            return {R"({"who":tru})", {{}, Reason::not_json, tenant}};
    }
}

void Publisher::publish_one() {
    const auto& tenant = random_.pick(plan_.tenants);
    if (random_.below(1000) < plan_.mix.hostile_tenants) {
        ++made_;
        return send(random_.pick(kHostile), R"({"who":"x"})", {{{}, Reason::unroutable_tenant, {}}});
    }
    if (plan_.mix.largest > 0 && random_.below(1000) < plan_.mix.largest) return publish_largest(tenant);
    const auto shape = random_.below(4);
    const auto count = shape < 2 ? 1 : random_.below(9);
    std::string payload;
    std::vector<Planned> events;
    for (std::uint64_t n = 0; n < count; ++n) {
        auto one = element(tenant, false);
        if (n > 0) payload += shape == 2 ? "," : "\n";
        payload += one.text;
        events.push_back(std::move(one.planned));
    }
    const auto is_object = [](const Planned& planned) {
        return planned.unfit != Reason::not_json && planned.unfit != Reason::not_an_object;
    };
    if (shape == 2) {
        payload = "[" + payload + "]";
    } else if (count > 1 && std::ranges::none_of(events, is_object)) {
        // Lines of which none is an object are one thing that cannot be read.
        events = {{{}, Reason::not_json, tenant}};
    }
    send(tenant, std::move(payload), std::move(events));
}

void Publisher::publish(const std::string& tenant, const std::vector<Kind>& kinds) {
    std::string payload;
    std::vector<Planned> events;
    for (const auto kind : kinds) {
        const EventToken token{tenant, ++made_, kind};
        payload += (payload.empty() ? "{\"who\":\"" : "\n{\"who\":\"") + token.text() + "\"";
        if (plan_.where != nullptr) payload += selector_text(made_);
        payload += "}";
        events.push_back({token, {}, tenant, false, is_selected(selector_of(made_))});
    }
    send(tenant, std::move(payload), std::move(events));
}

void Publisher::publish_largest(const std::string& tenant) {
    auto one = element(tenant, true);
    one.planned.largest = true;
    one.text.back() = ',';
    one.text += R"("pad":"")";
    const auto room = plan_.max_input - size_of(kHeaders, one.text) - 1;
    one.text.insert(one.text.size() - 1, room, 'x');
    send(tenant, one.text + "}", {std::move(one.planned)});
}

void Publisher::publish_good(const std::string& tenant) {
    auto one = element(tenant, true);
    send(tenant, std::move(one.text), {std::move(one.planned)});
}

void Publisher::send(const std::string& tenant_token, std::string payload, std::vector<Planned> events) {
    std::string subject = "events.";
    if (plan_.pipeline.partitions > 1) subject += std::to_string(random_.below(plan_.pipeline.partitions)) + ".";
    subject += tenant_token + ".trips";
    trace_.line("publisher", subject + " " + payload.substr(0, 400));
    const auto ack = server_.publish(subject, kHeaders, std::move(payload));
    MILLRACE_CHECK(!ack.error, "the input takes what is published");
    oracle_.published(*server_.stream(plan_.pipeline.input.stream), ack.sequence, std::move(events));
}

}  // namespace millrace::sim
