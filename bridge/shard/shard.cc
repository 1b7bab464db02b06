#include "bridge/shard/shard.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "bridge/base/check.h"
#include "bridge/codec/audit.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/codec/render.h"
#include "bridge/engine/engine.h"
#include "bridge/protocols/contract.h"
#include "bridge/protocols/registry.h"
#include "bridge/settings/addresses.h"
#include "bridge/settings/fingerprint.h"
#include "bridge/shard/endpoint_news.h"
#include "bridge/shard/exchange.h"
#include "bridge/shard/owned_rendering.h"
#include "bridge/shard/shadowing.h"
#include "subjects/ack_subject.h"
#include "subjects/identity.h"
#include "subjects/subject_template.h"
#include "subjects/tenant.h"

namespace millrace {

namespace {

constexpr Duration kSnapshotEvery = std::chrono::milliseconds(500);
// A message may hold thousands of events, at about 3 us each, and the mailbox hundreds of such messages: a turn takes
// arrivals only up to this many events (or as much payload at kBytesAsAnEvent), and the rest in the turns after it.
// Between turns in-progress acks go out, and the shard tells that it lives.
constexpr std::size_t kMostEventsATurn = 5000;
constexpr std::size_t kBytesAsAnEvent = 1024;
// No request for scores has one above: those count from 1. The number of the address is added.
constexpr std::uint64_t kSignatureRequests = ~std::uint64_t{0} - 2 * engine::kMostAddresses;
constexpr RequestId kShadowSignature{~std::uint64_t{0}};

subjects::SubjectTemplate checked_template(const std::string& text, subjects::Use use) {
    auto parsed = subjects::SubjectTemplate::parse(text, use);
    MILLRACE_CHECK(parsed.has_value(), "subjects are checked when the configuration is loaded");
    return std::move(*parsed);
}

std::vector<std::string> health_urls_of(const settings::Pipeline& pipeline, const settings::Routes& routes) {
    const protocols::Kind* const kind = protocols::find(pipeline.endpoint.protocol);
    std::vector<std::string> urls;
    for (const settings::Address& address : routes.addresses)
        urls.push_back(kind == nullptr ? std::string() : protocols::health_url(*kind, address.url));
    return urls;
}

bool has_health(const std::vector<std::string>& urls) { return std::ranges::none_of(urls, &std::string::empty); }

std::string hex(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return {digits.data(), end};
}

}  // namespace

struct Shard::State {
    // A request on its way: what is needed to read its answer.
    struct Asked {
        std::size_t rows = 0;
        std::string name;  // as the endpoint knows it
        std::size_t address = 0;
    };

    Parts parts;
    codec::EventDecoder decoder;
    codec::Renderer renderer;
    codec::ScoreReader scores;
    OwnedRendering owned_rendering;
    bool owned;
    settings::Routes routes;
    codec::AuditRenderer audits;
    std::vector<std::string> health_urls;  // of each address
    engine::Engine engine;
    subjects::SubjectTemplate input;
    std::map<Partition, std::string> consumers;  // whose deliveries are taken: shared ones, or those of the positions
    std::map<Partition, Position> positions;     // of owned partitions
    std::string request_prefix;
    std::unordered_map<std::uint64_t, Asked> asked;
    std::unique_ptr<Shadowing> shadowing;  // null where there is no shadow
    std::set<RequestId> checking;          // health
    std::size_t max_payload = 1 << 20;
    EndpointNews news;
    Time next_snapshot{};
    Time turned_at{};
    ServerTime wall{};

    std::vector<ports::JetStreamArrival> mail;
    std::size_t mail_done = 0;     // of `mail`; the mailbox is looked into again when all is
    std::size_t taken = 0;         // in this turn, in events
    Time last_look{};              // into the mailbox
    Time mail_since{};             // the look before that: what is in `mail` came later
    bool mailbox_emptied = false;  // in this turn
    std::vector<ports::HttpResponse> responses;
    std::vector<engine::Input> made_here;  // by carrying out effects
    bool stepped_since_tick = false;       // with one of these
    engine::Effects effects;

    explicit State(const Parts& p)
        : parts(p),
          decoder(p.pipeline),
          renderer(p.pipeline),
          scores(p.pipeline),
          owned_rendering(p.pipeline, renderer, scores),
          owned(settings::is_owned(p.pipeline)),
          routes(settings::routes(p.pipeline.endpoint)),
          audits(p.pipeline, routes, renderer),
          health_urls(health_urls_of(p.pipeline, routes)),
          engine(p.pipeline, p.partitions, p.seed,
                 {&owned_rendering, settings::fingerprint(p.pipeline), has_health(health_urls)},
                 !p.signature_url.empty()),
          input(checked_template(p.pipeline.input.subject, subjects::Use::input)),
          request_prefix(hex(p.seed) + "-") {
        if (settings::has_shadow(p.pipeline)) {
            MILLRACE_CHECK(p.shadow_key != nullptr, "a shadow has a key, if only an empty one");
            shadowing = std::make_unique<Shadowing>(p.pipeline, *p.shadow_key, request_prefix);
        }
        use(p.pipeline.endpoint.signature.given);
        if (owned) return;
        for (const Partition partition : p.partitions)
            consumers[partition] = settings::consumer_name(p.pipeline, partition);
    }

    // ---- in ----

    void step(engine::Input&& in, Time now) {
        effects.clear();
        engine.step(std::move(in), now, effects);
        for (engine::Effect& effect : effects) std::visit([&](auto& e) { carry_out(e); }, effect);
        while (!made_here.empty()) {
            std::vector<engine::Input> inputs;
            inputs.swap(made_here);
            stepped_since_tick = true;
            for (engine::Input& next : inputs) step(std::move(next), now);
        }
    }

    // What a Tick's effects told (a result is too large) is worth another one: the engine acts on ticks only.
    void tick(Time now) {
        do {
            stepped_since_tick = false;
            step(engine::Tick{}, now);
        } while (stepped_since_tick);
    }

    void arrived(ports::Message&& message, Time now) {
        const auto ack = subjects::parse_ack_subject(message.reply);
        if (!ack) return parts.observer.note({Level::error, "bad_delivery", ack.error().text});
        // Anyone who can publish to our inbox can forge a delivery; only our own consumer's are ours to ack.
        if (ack->stream != parts.pipeline.input.stream || ack->consumer != consumers[message.partition]) {
            if (is_left_behind(message.partition, *ack)) return;
            return parts.observer.note(
                {Level::error, "bad_delivery", "a message from another stream or consumer was ignored"});
        }
        auto delivery = std::make_unique<Delivery>();
        delivery->partition = message.partition;
        delivery->stream_sequence = ack->stream_sequence;
        delivery->consumer_sequence = ack->consumer_sequence;
        delivery->delivered = ack->delivered;
        delivery->pending = ack->pending;
        delivery->stored_at = ack->stored_at;
        const std::string_view tenant = input.tenant_in(message.subject);
        const bool is_tenant = subjects::is_tenant(tenant);
        const bool is_ours = is_tenant && subjects::is_allowed(parts.pipeline.tenants.allowed, tenant);
        if (is_ours) delivery->tenant = tenant;
        const std::string stream(ack->stream);
        delivery->ack_subject = std::move(message.reply);
        delivery->subject = std::move(message.subject);
        delivery->headers = std::move(message.headers);
        delivery->payload = std::move(message.payload);
        is_ours     ? decoder.decode(*delivery)
        : is_tenant ? codec::set_not_allowed(*delivery)
                    : codec::set_unroutable(*delivery);
        for (Event& event : delivery->events) {
            // Without a score an event that is fit and selected comes to nothing of its own.
            const bool untold = !event.fault && event.selection != Selection::bypassed;
            if (untold && !settings::has_endpoint(parts.pipeline)) continue;
            event.id = subjects::event_identity({parts.pipeline.name, parts.pipeline.generation, stream,
                                                 delivery->stored_at, delivery->stream_sequence, event.element});
        }
        parts.observer.received(delivery->payload.size(), delivery->events.size(), delivery->delivered > 1);
        taken += delivery->events.size() + delivery->payload.size() / kBytesAsAnEvent;
        step(engine::Delivered{message.slot, std::move(delivery), mail_since}, now);
    }

    // Was on its way while the partition got another position.
    [[nodiscard]] bool is_left_behind(Partition partition, const subjects::AckSubject& ack) const {
        const auto at = positions.find(partition);
        return at != positions.end() && ack.stream == parts.pipeline.input.stream &&
               settings::is_earlier_consumer(parts.pipeline, at->second, ack.consumer);
    }

    void arrived(Bound&& bound, Time now) {
        max_payload = bound.max_payload;
        owned_rendering.set_limit(max_payload);
        step(std::move(bound), now);
    }

    void arrived(Note&& note, Time) { parts.observer.note(note); }

    template <typename Other>
    void arrived(Other&& other, Time now) {
        step(std::forward<Other>(other), now);
    }

    // Something is left for the next turn. A mailbox that was not looked into may be full, its wake used up.
    [[nodiscard]] bool more() const { return !mailbox_emptied || mail_done < mail.size(); }

    void take_mail(Time now) {
        mailbox_emptied = false;
        for (taken = 0; taken < kMostEventsATurn; ++mail_done) {
            if (mail_done == mail.size() && !look_into_mailbox(now)) return;
            std::visit([&](auto&& what) { arrived(std::move(what), now); }, std::move(mail[mail_done]));
        }
    }

    bool look_into_mailbox(Time now) {
        if (std::exchange(mailbox_emptied, true)) return false;
        parts.arrivals.take(mail);
        mail_done = 0;
        mail_since = std::exchange(last_look, now);
        return !mail.empty();
    }

    void use(const Signature& signature) {
        decoder.expect(protocols::columns_of(parts.pipeline, signature).columns);
        if (shadowing) say(shadowing->rows_made_for(signature));
    }
    void say(const std::optional<Note>& note) {
        if (note) parts.observer.note(*note);
    }

    void answered(const ports::HttpResponse& response, Time now) {
        if (checking.erase(response.id) > 0) {
            const bool well =
                response.transport == ports::Transport::answered && protocols::is_well(response.status, response.body);
            return step(engine::HealthTold{response.id, well}, now);
        }
        if (shadowing && response.id == kShadowSignature)
            return say(shadowing->told(read_signature(shadowing->pipeline(), response)));
        if (const auto id = static_cast<std::uint64_t>(response.id); id >= kSignatureRequests) {
            return signature_told(read_signature(parts.pipeline, response), id - kSignatureRequests, now);
        }
        if (shadowing && shadowing->awaits(response.id)) return step(shadowing->read(response), now);
        const auto found = asked.find(static_cast<std::uint64_t>(response.id));
        if (found == asked.end()) return;
        Answer answer = read_response(parts.protocol, response, found->second.rows);
        answer.request_id = std::move(found->second.name);
        parts.observer.answered(found->second.address, answer.outcome, answer.status, response.elapsed);
        asked.erase(found);
        if (const auto note = news.heard(answer, now)) parts.observer.note(*note);
        step(engine::Answered{response.id, std::move(answer)}, now);
    }

    // A request that was not sent, for want of a token. No answer of the endpoint's: what is said of it is our own.
    void came_back(const Credentials::Unsent& unsent, Time now) {
        const auto found = asked.find(static_cast<std::uint64_t>(unsent.id));
        if (found == asked.end()) {
            ports::HttpResponse response;
            response.id = unsent.id;
            response.error = unsent.why;
            return answered(response, now);
        }
        Answer answer;
        answer.outcome = Outcome::misconfigured;
        answer.request_id = std::move(found->second.name);
        answer.reason = unsent.why;
        asked.erase(found);
        step(engine::Answered{unsent.id, std::move(answer)}, now);
    }

    void hear_of_credentials(Time now) {
        const Credentials::News told = parts.credentials.news();
        for (const Note& note : told.notes) parts.observer.note(note);
        for (const Credentials::Unsent& unsent : told.unsent) came_back(unsent, now);
        for (const std::size_t address : told.reintroduced) step(engine::Reintroduced{address}, now);
    }

    // ---- out ----

    void carry_out(const engine::Bind& e) { parts.jetstream.bind(e.partition); }
    void carry_out(const Look& e) { parts.jetstream.look(e); }
    void carry_out(const PullRequest& e) { parts.jetstream.pull(e); }
    void carry_out(const Find& e) { parts.jetstream.find(e); }
    void carry_out(const Read& e) { parts.jetstream.read(e); }
    void carry_out(const Purge& e) { parts.jetstream.purge(e); }
    void carry_out(const Note& e) { parts.observer.note(e); }
    void carry_out(const engine::AckUpTo& e) { parts.jetstream.ack(e.ack_subject); }
    void carry_out(const engine::Applied& e) { parts.observer.applied(e.fates); }
    void carry_out(const engine::Nak& e) { parts.jetstream.nak(e.delivery->ack_subject, e.delay); }
    void carry_out(const engine::InProgress& e) { parts.jetstream.in_progress(e.delivery->ack_subject); }

    void carry_out(const Position& e) {
        positions[e.partition] = e;
        consumers[e.partition] = settings::consumer_name(parts.pipeline, e);
        parts.jetstream.position(e);
    }

    void carry_out(const engine::Ack& e) {
        parts.jetstream.ack(e.delivery->ack_subject);
        parts.observer.acked();
    }

    void carry_out(const engine::Settled& e) {
        const auto& verdict = e.event->settlement.verdict;
        parts.observer.settled(e.delivery->tenant, ending_of(*e.event),
                               verdict ? std::optional(verdict->reason) : std::nullopt, e.duplicate,
                               std::max(Duration::zero(), wall - e.delivery->stored_at));
    }

    void carry_out(const engine::Send& e) {
        std::string name = request_prefix + std::to_string(static_cast<std::uint64_t>(e.id));
        ports::HttpRequest request =
            make_request(parts.pipeline.endpoint, routes.addresses[e.address], parts.protocol, e.rows, e.id, name);
        asked.emplace(static_cast<std::uint64_t>(e.id), Asked{e.rows.size(), std::move(name), e.address});
        parts.observer.requested(e.rows.size());
        send(e.address, std::move(request), e.refresh_key);
    }

    void send(std::size_t address, ports::HttpRequest request, bool refresh = false) {
        parts.credentials.send(parts.endpoint, address, std::move(request), refresh, turned_at, wall);
    }

    void carry_out(const engine::Copy& e) { parts.endpoint.send(shadowing->ask(e)); }
    void carry_out(const engine::Shadowed& e) { parts.observer.shadowed(e.what, e.count); }
    void carry_out(const engine::Post& e) {
        const auto& [subject, headers, payload] = *e.difference;
        parts.jetstream.post({e.id, Output::difference, subject, headers, payload, {}});
    }

    void carry_out(engine::Audit& e) {
        auto rendered = audits.render({std::move(e.request), e.number, std::move(e.events)}, wall, max_payload);
        if (!rendered) return not_stored(e.id, std::move(rendered.error()));
        parts.jetstream.post({e.id,
                              rendered->output,
                              std::move(rendered->subject),
                              std::move(rendered->headers),
                              std::move(rendered->payload),
                              {}});
    }

    void not_stored(StoreId id, Error error) { made_here.emplace_back(Stored{id, std::move(error), true}); }

    void carry_out(const engine::CheckHealth& e) {
        checking.insert(e.id);
        send(e.address,
             make_health_check(parts.pipeline.endpoint, routes.addresses[e.address], health_urls[e.address], e.id));
    }

    void carry_out(const engine::ReadSignature& e) {
        // The candidate's is read as often as the first address's.
        if (auto also = shadowing && e.address == 0 ? shadowing->ask_signature(kShadowSignature) : std::nullopt)
            parts.endpoint.send(*std::move(also));
        const settings::Address& address = routes.addresses[e.address];
        std::string url = e.address == 0 ? parts.signature_url : protocols::contract_url(parts.pipeline, address.url);
        if (url.empty()) {
            engine::SignatureRead none{
                engine::SignatureRead::What::nothing, {}, {}, true, "nothing is published there"};
            none.address = e.address;
            made_here.emplace_back(std::move(none));
            return;
        }
        send(e.address, make_signature_request(parts.pipeline.endpoint, address,
                                               RequestId{kSignatureRequests + e.address}, std::move(url)));
    }

    void signature_told(engine::SignatureRead&& read, std::size_t address, Time now) {
        read.address = address;
        step(std::move(read), now);
    }

    void carry_out(const engine::UseSignature& e) { use(e.signature); }

    static ports::Publication publication(const engine::Write& e) {
        return {e.id,
                e.output,
                std::string(e.subject),
                *e.headers,
                std::string(e.payload),
                e.expected_last_subject_sequence};
    }

    void carry_out(const engine::Write& e) { parts.jetstream.publish(publication(e)); }

    void carry_out(const engine::WriteTogether& e) {
        std::vector<ports::Publication> publications;
        publications.reserve(e.writes.size());
        for (const engine::Write& write : e.writes) publications.push_back(publication(write));
        parts.jetstream.publish_together(std::move(publications));
    }

    void carry_out(const engine::Publish& e) { publish(e.id, renderer.render(*e.delivery, *e.event, max_payload)); }

    void carry_out(const engine::PublishInOrder& e) {
        const auto& first = e.results.front();
        publish(e.id,
                parts.pipeline.results.as == settings::ResultsAs::batch
                    ? renderer.render_batch(e.results, max_payload)
                    : renderer.render(*first.first, *first.second, max_payload),
                e.expected_last_subject_sequence);
    }

    void publish(StoreId id, Result<codec::Rendered> rendered, std::optional<std::uint64_t> expected = {}) {
        if (!rendered) return not_stored(id, std::move(rendered.error()));
        parts.jetstream.publish({id, rendered->output, std::move(rendered->subject), std::move(rendered->headers),
                                 std::move(rendered->payload), expected});
    }
};

Shard::Shard(const Parts& parts) : state_(std::make_unique<State>(parts)) {}
Shard::~Shard() = default;

void Shard::turn(Time now, ServerTime wall) {
    State& s = *state_;
    s.turned_at = now;
    s.wall = wall;
    // Before the mailbox is emptied, because `wait` uses up the wake of what was put there: what comes after `take`
    // must wake the next one.
    s.parts.endpoint.wait(Duration::zero(), s.responses);
    s.take_mail(now);
    for (ports::HttpResponse& response : s.responses) {
        if (!s.parts.credentials.take(s.parts.endpoint, response, now, wall)) s.answered(response, now);
    }
    s.responses.clear();
    s.parts.credentials.turn(s.parts.endpoint, now, wall);
    s.hear_of_credentials(now);
    s.tick(now);
    s.parts.jetstream.flush();
    if (now >= s.next_snapshot) {
        s.parts.observer.publish(s.engine.snapshot(now));
        s.next_snapshot = now + kSnapshotEvery;
    }
}

void Shard::wait(Time now, Duration limit) {
    state_->parts.endpoint.wait(std::min(limit, until_due(now)), state_->responses);
}

Duration Shard::until_due(Time now) const {
    if (state_->more()) return Duration::zero();
    const Time due = std::min(state_->engine.next_due(), state_->parts.credentials.next_due());
    return due == kNever ? std::chrono::hours(24) : std::max(Duration::zero(), due - now);
}

void Shard::drain(Time deadline) { state_->made_here.emplace_back(engine::Drain{deadline}); }
bool Shard::drained() const { return state_->made_here.empty() && !state_->more() && state_->engine.drained(); }
Snapshot Shard::snapshot(Time now) const { return state_->engine.snapshot(now); }

}  // namespace millrace
