#include "tests/sim/sim_model.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void reply(Served& served, Outcome outcome, int status, std::string body, std::vector<Header> headers = {}) {
    served.outcome = outcome;
    served.status = status;
    served.body = std::move(body);
    for (auto& header : headers) served.headers.push_back(std::move(header));
}

// As `reply`, and says when to come again.
void put_off(Served& served, int status, std::string body, Duration wait) {
    const auto whole = wait % seconds(1) == Duration::zero();
    const auto number = whole ? wait / seconds(1) : wait / milliseconds(1);
    reply(served, Outcome::throttled, status, std::move(body),
          {{whole ? "retry-after" : "retry-after-ms", std::to_string(number)}});
    served.retry_after = wait;
}

std::string escaped(const std::string& json) {
    std::string text = "\"";
    for (const char c : json) {
        if (c == '"' || c == '\\') text.push_back('\\');
        text.push_back(c);
    }
    return text + "\"";
}

}  // namespace

SimModel::SimModel(ModelRules rules, std::uint64_t seed, Trace& trace)
    : rules_(std::move(rules)), random_(seed, "model"), trace_(trace) {}

void SimModel::set_condition(Condition condition) {
    // What was rolled out wrong is replaced by another deployment, as people do.
    if ((condition == Condition::bad_deployment) != (condition_ == Condition::bad_deployment)) ++deployment_;
    condition_ = condition;
}

Served SimModel::serve(const ports::HttpRequest& request, const std::vector<EventToken>& events, std::uint32_t busy) {
    Served served;
    served.latency = random_.between(milliseconds(1), milliseconds(40));
    if (random_.chance(faults_.slow)) served.latency = random_.between(milliseconds(40), seconds(8));
    served.latency += delay_;
    elsewhere_ = split_ && !elsewhere_;
    served.deployment = elsewhere_ ? "elsewhere" : "d" + std::to_string(deployment_);
    served.headers = {{"content-type", "application/json"}, {"azureml-model-deployment", served.deployment}};
    if (elsewhere_) {
        reply(served, Outcome::rejected, 400, R"({"error":"unknown input"})");
        return served;
    }
    if (by_condition(served) || by_chance(served, events.size()) || by_contract(served, request.body)) return served;
    if (busy > rules_.concurrency) {
        put_off(served, 429, R"({"error":{"message":"too many requests"}})", seconds(1));
    } else if (request.body.size() > rules_.max_body) {
        reply(served, Outcome::too_large, 413, R"({"error":{"message":"payload too large"}})");
    } else if (!by_events(served, events)) {
        score(served, events);
    }
    return served;
}

void SimModel::deploy(Contract contract) {
    if (contract != rules_.contract) ++deployment_;
    rules_.contract = contract;
}

Served SimModel::publish() const {
    Served served;
    served.latency = milliseconds(20);
    if (by_condition(served) && condition_ != Condition::bad_deployment) return served;
    served.outcome = Outcome::scored;
    const std::string type = rules_.contract == Contract::numbers ? "number" : "string";
    reply(served, Outcome::scored, rules_.contract == Contract::unpublished ? 404 : 200,
          R"({"swagger":"2.0","paths":{"/score":{"post":{"parameters":[{"in":"body","schema":{"type":"object",)"
          R"("properties":{"data":{"type":"array","items":{"type":"object","properties":{"who":{"type":"string"},"n":)"
          R"({"type":")" +
              type + R"("}}}}}}}],"responses":{}}}}})");
    return served;
}

// A text where it takes numbers, or the other way round.
bool SimModel::by_contract(Served& served, const std::string& body) const {
    if (rules_.contract == Contract::unpublished) return false;
    for (std::size_t at = body.find('@'); at != std::string::npos; at = body.find('@', at + 1)) {
        const std::size_t end = body.find("\",", at);
        if (end == std::string::npos) return false;
        constexpr std::string_view kName = R"("n":)";
        const std::size_t value = end + 2 + (body.compare(end + 2, kName.size(), kName) == 0 ? kName.size() : 0);
        if ((body[value] == '"') == (rules_.contract == Contract::texts)) continue;
        reply(served, Outcome::rejected, 400, R"({"error":"n is of another type"})");
        return true;
    }
    return false;
}

bool SimModel::by_condition(Served& served) const {
    switch (condition_) {
        case Condition::healthy:
            return false;
        case Condition::refusing:
            served.outcome = Outcome::unreachable;
            break;
        case Condition::hanging:
            served.outcome = Outcome::timed_out;
            served.never = true;
            break;
        case Condition::unauthorized:
            reply(served, Outcome::unauthorized, 401, "key_auth_access_denied");
            break;
        case Condition::not_found:
            reply(served, Outcome::misconfigured, 404, "no deployment with weight");
            break;
        case Condition::unavailable:
            put_off(served, 503, "no healthy upstream", seconds(3));
            break;
        case Condition::bad_deployment:
            reply(served, Outcome::rejected, 400, R"({"error":"unknown input"})");
            break;
        case Condition::redirecting:
            reply(served, Outcome::misconfigured, 302, "", {{"location", "/login"}});
            break;
    }
    return true;
}

bool SimModel::by_chance(Served& served, std::size_t rows) {
    const auto draw = [this](double probability, std::string_view kind) {
        const bool hit = random_.chance(probability);
        if (hit) trace_.fault(kind);
        return hit;
    };
    if (draw(faults_.throttle, "429")) {
        put_off(served, 429, "slow down", milliseconds(700));
    } else if (draw(faults_.unavailable, "503")) {
        put_off(served, 503, "upstream", seconds(2));
    } else if (draw(faults_.error, "500")) {
        reply(served, Outcome::failed, 500, "Internal Server Error");
    } else if (draw(faults_.hang, "no answer")) {
        served.outcome = Outcome::timed_out;
        served.never = true;
    } else if (draw(faults_.refuse, "refused")) {
        served.outcome = Outcome::unreachable;
    } else if (draw(faults_.short_answer, "short answer")) {
        reply(served, Outcome::contract_broken, 200, results(std::vector<std::string>(rows / 2, "0.5")));
    } else if (draw(faults_.garbage, "garbage")) {
        reply(served, Outcome::contract_broken, 200, R"([0.5,{"a":)");
    } else {
        return false;
    }
    return true;
}

bool SimModel::by_events(Served& served, const std::vector<EventToken>& events) {
    const auto holds = [&](Kind kind) {
        return std::ranges::any_of(events, [=](const auto& e) { return e.kind == kind; });
    };
    const auto is_refused = [&](const auto& e) { return !refused_.empty() && e.tenant == refused_; };
    if (std::ranges::any_of(events, is_refused)) {
        reply(served, Outcome::rejected, 400, R"({"error":{"message":"not for you"}})");
    } else if (holds(Kind::crashes)) {
        served.outcome = Outcome::unreachable;
    } else if (holds(Kind::slow)) {
        served.outcome = Outcome::timed_out;
        served.never = true;
    } else if (holds(Kind::poison)) {
        reply(served, Outcome::rejected, 400, R"({"error":{"message":"bad value"}})");
    } else if (holds(Kind::unfit)) {
        reply(served, Outcome::rejected, 422, R"({"detail":"not a vector"})");
    } else if (holds(Kind::refused)) {
        reply(served, Outcome::rejected, 424, "bad input", {{"ms-azureml-model-error-statuscode", "400"}});
    } else if (holds(Kind::raises)) {
        reply(served, Outcome::model_raised, 424, "raised", {{"ms-azureml-model-error-statuscode", "500"}});
    } else if (holds(Kind::fails)) {
        reply(served, Outcome::model_raised, 500, "raised", {{"x-ms-run-function-failed", "True"}});
    } else {
        return false;
    }
    return true;
}

void SimModel::score(Served& served, const std::vector<EventToken>& events) {
    std::vector<std::string> scores;
    for (const auto& event : events) {
        std::string score =
            R"({"echo":")" + event.text() + R"(","value":)" + std::to_string(event.number * 7919 % 10007);
        if (rules_.nonce) score += R"(,"nonce":)" + std::to_string(++nonce_);
        if (event.kind == Kind::bulky) score += R"(,"bulk":")" + std::string(rules_.bulk, 'x') + "\"";
        scores.push_back(score + "}");
    }
    reply(served, Outcome::scored, 200, results(scores));
}

std::string SimModel::results(const std::vector<std::string>& scores) const {
    std::string body = "[";
    for (const auto& score : scores) {
        if (body.size() > 1) body += ",";
        body += score;
    }
    body += "]";
    if (!rules_.results_member.empty()) body = "{\"" + rules_.results_member + "\":" + body + "}";
    return rules_.wrapped ? escaped(body) : body;
}

std::size_t model_number(std::string_view url) {
    constexpr std::string_view kElsewhere = "http://model-";
    return url.starts_with(kElsewhere) ? static_cast<std::size_t>(url[kElsewhere.size()] - '0') : 0;
}

}  // namespace millrace::sim
