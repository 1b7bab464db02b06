#include "tests/sim/owned_publisher.h"

#include <utility>

#include "bridge/base/check.h"
#include "tests/sim/rfc3339.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kNoTenant = "no+tenant";

std::string text_of(const OwnedEvent& event) {
    std::string text = "{";
    if (event.at) text += R"("at":")" + rfc3339_of(*event.at) + R"(",)";
    if (!event.token.empty()) text += R"("who":")" + event.token + R"(",)";
    if (event.group != "null") text += "\"k\":" + event.group + ",";
    return text + "\"v\":" + (event.value ? std::to_string(*event.value) : "null") + "}";
}

}  // namespace

ServerTime OwnedPublisher::draw_time() {
    const auto& mix = plan_.owned;
    const auto& rules = plan_.pipeline.event;
    const auto now = scheduler_.server_now();
    const auto up_to = [this](Duration most) { return random_.between(Duration(1), most + milliseconds(1)); };
    const auto is = [this](std::uint32_t per_mille) { return random_.below(1000) < per_mille; };
    const auto late = rules.late_arrival_tolerance.value_or(seconds(30));
    auto at = now - up_to(milliseconds(200));
    if (is(mix.disordered)) at = now - up_to(2 * rules.out_of_order_tolerance + seconds(1));
    if (is(mix.late)) at = now - late - up_to(seconds(10));
    if (is(mix.early)) at = now + up_to(std::min<Duration>(rules.early_limit, seconds(20)));
    if (is(mix.too_early)) at = now + rules.early_limit + up_to(seconds(10));
    if (is(mix.on_grid)) return std::chrono::floor<seconds>(at);
    return std::chrono::floor<milliseconds>(at);
}

// Some events of each odd kind, where events are scored.
void OwnedPublisher::draw_token(const std::string& tenant, OwnedEvent& event) {
    if (!plan_.is_scored()) return;
    EventToken token{tenant, ++tokens_, Kind::good};
    auto left = random_.below(1000);
    for (std::size_t kind = 1; kind < std::size(plan_.mix.odd); ++kind) {
        if (left < plan_.mix.odd[kind]) {
            token.kind = static_cast<Kind>(kind);
            break;
        }
        left -= plan_.mix.odd[kind];
    }
    event.token = token.text();
}

void OwnedPublisher::give_selector(OwnedEvent& event) {
    if (plan_.where == nullptr) return;
    event.selected = plan_.where->selects(selector_of(++selectors_));
    event.text.insert(event.text.size() - 1, selector_text(selectors_));
}

OwnedEvent OwnedPublisher::draw(const std::string& tenant) {
    const auto& mix = plan_.owned;
    const auto is = [this](std::uint32_t per_mille) { return random_.below(1000) < per_mille; };
    OwnedEvent event;
    const auto at = draw_time();
    if (!plan_.pipeline.event.timestamp.empty()) event.at = at;
    const auto group = random_.below(3);
    if (!is(mix.incomplete)) event.group = "\"k" + std::to_string(group) + std::string(mix.group_size, 'x') + "\"";
    const auto value = static_cast<std::int64_t>(random_.below(120)) - 20;
    if (!is(mix.incomplete)) event.value = value;
    draw_token(tenant, event);
    event.text = text_of(event);
    give_selector(event);
    if (is(mix.undecodable)) event = {.decodable = false, .text = "no json"};
    return event;
}

void OwnedPublisher::publish_one() {
    const auto partition = static_cast<Partition>(random_.below(plan_.pipeline.partitions));
    const auto& tenant = random_.pick(plan_.tenants);
    const bool routable = random_.below(1000) >= plan_.owned.unroutable;
    std::vector<OwnedEvent> events{draw(tenant)};
    for (auto more = random_.below(6); more > 3; --more) {
        if (events.back().decodable) events.push_back(draw(tenant));
    }
    // Text that is no JSON makes all of its message one event.
    if (!events.back().decodable) events = {events.back()};
    // And what has no tenant is not looked into.
    if (!routable) events.resize(1);
    send(partition, routable ? tenant : std::string(kNoTenant), events);
}

void OwnedPublisher::publish(const std::string& tenant, const std::string& group, std::int64_t value, Duration ago,
                             Partition partition, Kind kind) {
    OwnedEvent event;
    event.at = std::chrono::floor<milliseconds>(scheduler_.server_now() - ago);
    event.group = "\"" + group + "\"";
    event.value = value;
    if (plan_.is_scored()) event.token = EventToken{tenant, ++tokens_, kind}.text();
    event.text = text_of(event);
    give_selector(event);
    send(partition, tenant, {event});
}

void OwnedPublisher::publish_text(const std::string& tenant, const std::string& text, Partition partition) {
    send(partition, tenant, {OwnedEvent{.decodable = false, .text = text}});
}

void OwnedPublisher::send(Partition partition, const std::string& tenant_token, const std::vector<OwnedEvent>& events) {
    std::string payload;
    for (const auto& event : events) payload += (payload.empty() ? "" : "\n") + event.text;
    std::string subject = "events.";
    if (plan_.pipeline.partitions > 1) subject += std::to_string(partition) + ".";
    subject += tenant_token + ".trips";
    trace_.line("publisher", subject + " " + payload);
    const auto ack = server_.publish(subject, {}, payload);
    MILLRACE_CHECK(!ack.error, "the input takes what is published");
    made_ += events.size();
    oracle_.published(partition, tenant_token == kNoTenant ? std::string() : tenant_token,
                      server_.stream(plan_.pipeline.input.stream)->at(ack.sequence), events);
}

}  // namespace millrace::sim
