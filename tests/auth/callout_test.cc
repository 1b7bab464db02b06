#include "auth/callout.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "auth/key_cache.h"
#include "bridge/base/text.h"
#include "tests/auth/hostile_tokens.h"
#include "tests/auth/seed.h"

namespace millrace::auth {
namespace {

constexpr ServerTime kNow{std::chrono::seconds(kNowSeconds)};

const SigningKey& account() {
    static const SigningKey key = SigningKey::parse(NkeyKind::account, seed_of(NkeyKind::account, 'a')).value();
    return key;
}
const SigningKey& server() {
    static const SigningKey key = SigningKey::parse(NkeyKind::server, seed_of(NkeyKind::server, 's')).value();
    return key;
}
const SigningKey& stranger() {
    static const SigningKey key = SigningKey::parse(NkeyKind::server, seed_of(NkeyKind::server, 't')).value();
    return key;
}
std::string user() { return encode_public(NkeyKind::user, std::string(32, 'u')); }

const Signer& provider() {
    static const Signer signer(Algorithm::es256, "provider-key");
    return signer;
}
const KeySet& keys() {
    static const KeySet set =
        KeySet::parse(R"({"keys":[)" + provider().jwk() + "," + Signer(Algorithm::eddsa, "e").jwk() + "]}").value();
    return set;
}

using Way = subjects::TenantSubject::Way;

subjects::Tenancy tenancy() {
    const auto parsed = [](std::string_view text) {
        return subjects::SubjectTemplate::parse(text, subjects::Use::input).value();
    };
    return {{{"p", "in", Way::published, parsed("events.{tenant}.raw"), "", false},
             {"p", "out", Way::subscribed, parsed("results.{tenant}.p"), "", false}},
            {"_INBOX.>"},
            "$JS.API"};
}

Policy policy() {
    Policy made;
    made.tokens = {std::string(kIssuer), {std::string(kAudience)}, std::chrono::seconds(60)};
    made.rules = {{"acme", {{"groups", {"acme"}}}, {.publish = true, .subscribe = true}},
                  {"beta", {{"groups", {"beta"}}}, {.subscribe = true}}};
    made.callout.servers = {server().public_key()};
    made.callout.account = "APP";
    return made;
}

Callout callout(const Policy& with = policy()) { return Callout::make(with, tenancy(), account()).value(); }

std::string nats_jwt(const SigningKey& key, const std::string& claims,
                     const std::string& header = R"({"typ":"JWT","alg":"ed25519-nkey"})") {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(key.sign(text));
}

std::string request_claims(const std::string& token) {
    return R"({"aud":"nats-authorization-request","exp":1800000002,"iat":1800000000,"iss":")" + server().public_key() +
           R"(","sub":")" + account().public_key() + R"(","nats":{"server_id":{"id":")" + server().public_key() +
           R"(","name":"n","host":"h","version":"2.15.1"},"user_nkey":")" + user() +
           R"(","client_info":{"host":"127.0.0.1","kind":"Client"},"connect_opts":{"auth_token":")" + token +
           R"("},"type":"authorization_request","version":2}})";
}
std::string good_token() { return jws(provider(), good_header(provider()), good_claims()); }

// The claims of what was signed, which the key's signature is right of.
Json claims_of(const std::string& jwt, const SigningKey& key) {
    const Parts3 parts = parts_of(jwt);
    CHECK(verify_ed25519(decode_public(NkeyKind::account, key.public_key()).value(), parts.header + "." + parts.claims,
                         exact_base64url(parts.signature).value()));
    return parse_json(exact_base64url(parts.claims).value(), 65536).value();
}

std::vector<std::string> texts(const Json* list) {
    std::vector<std::string> out;
    if (list != nullptr && list->list() != nullptr)
        for (const Json& each : *list->list()) out.push_back(*each.text());
    return out;
}

std::string audit_member(const Verdict& verdict, std::string_view name) {
    const Json audit = parse_json(verdict.audit, 65536).value();
    return audit.text(name) == nullptr ? "" : *audit.text(name);
}

}  // namespace

TEST_CASE("callout: who has a good token gets what its tenant has, as long as the token lives") {
    const Verdict verdict = callout().judge(nats_jwt(server(), request_claims(good_token())), &keys(), kNow);
    CHECK(verdict.granted);
    const Json answer = claims_of(verdict.answer, account());
    CHECK(*answer.text("iss") == account().public_key());
    CHECK(*answer.text("sub") == user());
    CHECK(*answer.text("aud") == server().public_key());
    CHECK(*answer.find("nats")->text("type") == "authorization_response");
    const Json made = claims_of(*answer.find("nats")->text("jwt"), account());
    CHECK(*made.text("sub") == user());
    CHECK(*made.text("aud") == "APP");
    CHECK(*made.find("exp")->number() == 1'800'000'600);
    CHECK(*made.text("name") == "acme/somebody");
    const Json& nats = *made.find("nats");
    CHECK(texts(nats.find("pub")->find("allow")) == std::vector<std::string>{"events.acme.raw"});
    CHECK(texts(nats.find("sub")->find("allow")) == std::vector<std::string>{"_INBOX_acme.>", "results.acme.p"});
    CHECK(audit_member(verdict, "decision") == "granted");
    CHECK(audit_member(verdict, "issuer") == kIssuer);
    CHECK(audit_member(verdict, "subject") == "somebody");
    CHECK(audit_member(verdict, "token_id") == "t-1");
    CHECK(audit_member(verdict, "tenant") == "acme");
    CHECK(audit_member(verdict, "host") == "127.0.0.1");
    CHECK_FALSE(verdict.audit.contains(good_token().substr(0, 20)));
}

TEST_CASE("callout: a rule may have an account of its own") {
    Policy apart = policy();
    apart.rules[0].account = "ACME";
    const Verdict verdict = callout(apart).judge(nats_jwt(server(), request_claims(good_token())), &keys(), kNow);
    const Json made = claims_of(*claims_of(verdict.answer, account()).find("nats")->text("jwt"), account());
    CHECK(*made.text("aud") == "ACME");
    CHECK(audit_member(verdict, "account") == "ACME");
}

TEST_CASE("callout: no session is longer than the policy has it") {
    Policy brief = policy();
    brief.callout.longest_session = std::chrono::seconds(30);
    const Verdict verdict = callout(brief).judge(nats_jwt(server(), request_claims(good_token())), &keys(), kNow);
    const Json made = claims_of(*claims_of(verdict.answer, account()).find("nats")->text("jwt"), account());
    CHECK(*made.find("exp")->number() == kNowSeconds + 30);
}

TEST_CASE("callout: who may only read may publish nothing") {
    const std::string token =
        jws(provider(), good_header(provider()), with(good_claims(), R"(["acme"])", R"(["beta"])"));
    const Verdict verdict = callout().judge(nats_jwt(server(), request_claims(token)), &keys(), kNow);
    const Json made = claims_of(*claims_of(verdict.answer, account()).find("nats")->text("jwt"), account());
    CHECK(texts(made.find("nats")->find("pub")->find("deny")) == std::vector<std::string>{">"});
    CHECK(made.find("nats")->find("pub")->find("allow") == nullptr);
    CHECK(texts(made.find("nats")->find("sub")->find("allow")) == std::vector<std::string>{"results.beta.p"});
}

TEST_CASE("callout: hostile tokens get an answer that says no, and nothing of them is told") {
    for (const HostileToken& each : hostile_tokens(provider())) {
        if (each.token.find_first_of("\"\\\n") != std::string::npos || each.token.contains('\0'))
            continue;  // would break the request
        CAPTURE(each.name);
        const Verdict verdict = callout().judge(nats_jwt(server(), request_claims(each.token)), &keys(), kNow);
        CHECK_FALSE(verdict.granted);
        const Json answer = claims_of(verdict.answer, account());
        CHECK(answer.find("nats")->find("jwt") == nullptr);
        CHECK(*answer.find("nats")->text("error") == "not authorized");
        CHECK(audit_member(verdict, "decision") == "refused");
        CHECK(audit_member(verdict, "reason") == word(each.refusal));
        CHECK(audit_member(verdict, "tenant") == "");
        if (each.token.size() > 20) CHECK_FALSE(verdict.audit.contains(each.token.substr(0, 20)));
    }
}

TEST_CASE("callout: a good token of nobody, of two, or past its end") {
    const auto reason = [](const std::string& from, const std::string& to, const KeySet* with_keys = &keys()) {
        const std::string token = jws(provider(), good_header(provider()), with(good_claims(), from, to));
        const Verdict verdict = callout().judge(nats_jwt(server(), request_claims(token)), with_keys, kNow);
        CHECK_FALSE(verdict.granted);
        return audit_member(verdict, "reason") + (verdict.lacks_key ? ", lacks a key" : "");
    };
    CHECK(reason(R"(["acme"])", R"(["gamma"])") == "no_rule");
    CHECK(reason(R"(["acme"])", R"(["acme","beta"])") == "several_tenants");
    CHECK(reason(R"("exp":1800000600)", R"("exp":1799999990)") == "expired");  // within the leeway, but over
    CHECK(reason("somebody", "somebody", nullptr) == "no_keys, lacks a key");
}

TEST_CASE("callout: requests that are no server's of ours are not answered") {
    const std::string good = request_claims(good_token());
    const auto reason = [](const std::string& request, ServerTime now = kNow) {
        const Verdict verdict = callout().judge(request, &keys(), now);
        CHECK_FALSE(verdict.granted);
        CHECK(verdict.answer == "");
        CHECK(audit_member(verdict, "decision") == "dropped");
        return audit_member(verdict, "reason");
    };
    CHECK(callout().judge(nats_jwt(server(), good), &keys(), kNow).granted);
    CHECK(callout().judge(nats_jwt(server(), good), &keys(), kNow + std::chrono::milliseconds(2900)).granted);
    CHECK(reason(nats_jwt(server(), good), kNow + std::chrono::seconds(3)) == "late");
    // A stranger that names itself, and one that names the server.
    std::string as_stranger = good;
    for (std::size_t at = 0; (at = as_stranger.find(server().public_key(), at)) != std::string::npos;)
        as_stranger.replace(at, server().public_key().size(), stranger().public_key());
    CHECK(reason(nats_jwt(stranger(), as_stranger)) == "unknown_server");
    CHECK(reason(nats_jwt(stranger(), good)) == "request_signature");
    CHECK(reason(nats_jwt(stranger(), with(good, server().public_key(), stranger().public_key()))) ==
          "request_malformed");
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {R"("aud":"nats-authorization-request",)", ""},
             {"nats-authorization-request", "nats-authorization-response"},
             {R"("exp":1800000002,)", ""},
             {R"("exp":1800000002)", R"("exp":"1800000002")"},
             {"authorization_request\"", "user\""},
             {user(), encode_public(NkeyKind::account, std::string(32, 'u'))},
             {user(), "U"},
             {R"("iat":1800000000)", R"("iat":1,"iat":2)"},
         }) {
        CAPTURE(from);
        CHECK(reason(nats_jwt(server(), with(good, from, to))) == "request_malformed");
    }
    CHECK(reason(nats_jwt(server(), good, R"({"typ":"JWT","alg":"none"})")) == "request_malformed");
    CHECK(reason(nats_jwt(server(), good, R"({"typ":"JWT","alg":"ed25519-nkey","crit":[]})")) == "request_malformed");
    const std::string jwt = nats_jwt(server(), good);
    for (const std::string& text :
         std::vector<std::string>{"", "..", jwt + ".", jwt + "=", jwt.substr(1), std::string(70000, 'x')})
        CHECK(reason(text) == "request_malformed");
}

TEST_CASE("callout: a policy whose rights cannot be handed out is refused at the start") {
    Policy bad = policy();
    bad.rules[1].grant.pipelines = {"other"};
    const auto made = Callout::make(bad, tenancy(), account());
    REQUIRE_FALSE(made);
    CHECK(made.error().text == "rules[1]: pipeline \"other\" does not exist");
}

TEST_CASE("key cache: fetched at first, when a key is missing, and now and then; never often") {
    const auto at = [](int seconds) { return Time(std::chrono::hours(1) + std::chrono::seconds(seconds)); };
    KeyCache cache;
    CHECK(cache.wants_fetch(at(0)));
    cache.begin(at(0));
    CHECK_FALSE(cache.wants_fetch(at(100)));
    cache.end(std::nullopt, at(1));
    CHECK_FALSE(cache.wants_fetch(at(1)));
    CHECK(cache.wants_fetch(at(2)));
    cache.begin(at(2));
    cache.end(keys(), at(3));
    CHECK(cache.keys(at(3)) != nullptr);
    CHECK_FALSE(cache.wants_fetch(at(100)));
    cache.miss();
    CHECK(cache.wants_fetch(at(32)));
    CHECK_FALSE(cache.wants_fetch(at(31)));
    cache.begin(at(32));
    cache.end(std::nullopt, at(33));
    CHECK(cache.keys(at(33)) != nullptr);
    cache.miss();
    CHECK_FALSE(cache.wants_fetch(at(61)));
    CHECK(cache.wants_fetch(at(62)));
    CHECK(cache.wants_fetch(at(3603)));
    CHECK(cache.keys(at(3 + 24 * 3600)) == nullptr);
}

}  // namespace millrace::auth
