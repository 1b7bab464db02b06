#include "tests/sim/publisher.h"

#include <array>
#include <utility>

namespace millrace::sim {
namespace {

const std::array<std::string, 8> kHostile = {
    "a*", "$SYS", "a b", "ac\r\nPUB x 1\r\nme", "t\xc3\xa9", "acme>beta", std::string(300, 'x'), "acme\"},{\""};

}  // namespace

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
    return {text + "}", {token, {}, tenant}};
}

Publisher::Element Publisher::bad_element(const std::string& tenant) {
    ++made_;
    switch (random_.below(5)) {
        case 0:
            return {R"({"n":3})", {{}, Reason::field_missing, tenant}};
        case 1:
            return {R"({"who":null,"n":3})", {{}, Reason::field_null, tenant}};
        case 2:
            return {R"({"who":{"a":1}})", {{}, Reason::field_wrong_type, tenant}};
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
    if (shape == 2) payload = "[" + payload + "]";
    send(tenant, std::move(payload), std::move(events));
}

void Publisher::publish_good() {
    for (const auto& tenant : plan_.tenants) {
        auto one = element(tenant, true);
        send(tenant, std::move(one.text), {std::move(one.planned)});
    }
}

void Publisher::send(const std::string& tenant_token, std::string payload, std::vector<Planned> events) {
    std::string subject = "events.";
    if (plan_.pipeline.partitions > 1) subject += std::to_string(random_.below(plan_.pipeline.partitions)) + ".";
    subject += tenant_token + ".trips";
    trace_.line("publisher", subject + " " + payload);
    const auto ack = server_.publish(subject, {{"traceparent", "00-1-2-01"}, {"Nats-Evil", "x"}}, std::move(payload));
    oracle_.published(*server_.stream(plan_.pipeline.input.stream), ack.sequence, std::move(events));
}

}  // namespace millrace::sim
