#include "tests/sim/fake_endpoint.h"

#include <algorithm>
#include <utility>

namespace millrace::sim {
namespace {

ports::HttpResponse response_of(const Served& served, const ports::HttpRequest& request, bool late) {
    ports::HttpResponse response;
    response.id = request.id;
    response.elapsed = late ? request.timeout : served.latency;
    if (late) {
        response.transport = ports::Transport::timed_out;
        response.error = "timed out";
    } else if (served.outcome == Outcome::unreachable) {
        response.transport = ports::Transport::unreachable;
        response.error = "connection reset";
    } else if (served.body.size() > request.max_response_bytes) {
        response.transport = ports::Transport::oversized;
        response.error = "response too large";
    } else {
        response.transport = ports::Transport::answered;
        response.status = served.status;
        response.headers = served.headers;
        response.body = served.body;
    }
    return response;
}

}  // namespace

void SimEndpoint::send(ports::HttpRequest request) {
    if (!gate_.pass()) return;
    if (request.get) return request.url.ends_with("/swagger.json") ? send_reading(request) : send_check(request);
    if (request.url == kShadowUrl) return send_copy(request);
    const auto events = tokens_in(request.body);
    watch_.sent(request, events);
    const auto number = model_number(request.url);
    std::uint32_t& busy = number == 0 ? busy_ : elsewhere_->at(number - 1).busy;
    ++busy;
    const auto served = model_of(request.url).serve(request, events, busy);
    const bool late = served.never || served.latency >= request.timeout;
    // Without an answer nobody knows which deployment it would have been.
    const bool answered = !late && served.outcome != Outcome::unreachable;
    const auto lasts = late ? request.timeout : served.latency;
    exchanges_[request.id] = Exchange{.id = request.id,
                                      .url = request.url,
                                      .events = events,
                                      .outcome = late ? Outcome::timed_out : served.outcome,
                                      .deployment = answered ? served.deployment : std::string(),
                                      .sent = scheduler_.now(),
                                      .answered = scheduler_.now() + lasts,
                                      .retry_after = late ? std::nullopt : served.retry_after};
    trace_.line(name_, "request of " + std::to_string(events.size()) + " from " +
                           (events.empty() ? "-" : events.front().text()) + " will be " +
                           std::string(millrace::name(late ? Outcome::timed_out : served.outcome)));
    scheduler_.after(lasts, [this, &busy, id = request.id, response = response_of(served, request, late)] {
        finish(id, busy, response);
    });
}

SimModel& SimEndpoint::model_of(const std::string& url) {
    const auto number = model_number(url);
    return number == 0 ? model_ : elsewhere_->at(number - 1).model;
}

void SimEndpoint::send_copy(const ports::HttpRequest& request) {
    const auto events = tokens_in(request.body);
    copies_.insert(request.id);
    watch_.copied(request, events, copies_.size());
    ++candidate_->busy;
    const auto served = candidate_->model.serve(request, events, candidate_->busy);
    const bool late = served.never || served.latency >= request.timeout;
    trace_.line(name_, "copy of " + std::to_string(events.size()) + " will be " +
                           std::string(millrace::name(late ? Outcome::timed_out : served.outcome)));
    scheduler_.after(late ? request.timeout : served.latency, [this, response = response_of(served, request, late)] {
        --candidate_->busy;
        if (dead_ || !copies_.contains(response.id)) return;
        ready_.push_back(response);
        watch_.woken();
    });
}

void SimEndpoint::send_reading(const ports::HttpRequest& request) {
    const auto served = model_of(request.url).publish();
    const bool late = served.never || served.latency >= request.timeout;
    trace_.line(name_, "reads the contract at " + request.url);
    checks_.insert(request.id);
    scheduler_.after(late ? request.timeout : served.latency, [this, response = response_of(served, request, late)] {
        if (dead_ || !checks_.contains(response.id)) return;
        ready_.push_back(response);
        watch_.woken();
    });
}

// Well while it answers at all, whatever it thinks of requests.
void SimEndpoint::send_check(const ports::HttpRequest& request) {
    const auto condition = model_of(request.url).condition();
    const bool answers = condition != Condition::hanging && condition != Condition::refusing;
    ports::HttpResponse response;
    response.id = request.id;
    response.transport = answers ? ports::Transport::answered : ports::Transport::unreachable;
    response.status = condition == Condition::unavailable ? 503 : 200;
    checks_.insert(request.id);
    trace_.line(name_, "asks for the health of " + request.url);
    scheduler_.after(std::chrono::milliseconds(20), [this, response] {
        if (dead_ || !checks_.contains(response.id)) return;
        ready_.push_back(response);
        watch_.woken();
    });
}

void SimEndpoint::finish(RequestId id, std::uint32_t& busy, ports::HttpResponse response) {
    --busy;
    if (dead_ || !exchanges_.contains(id)) return;
    response.received_at = scheduler_.server_now();
    ready_.push_back(std::move(response));
    watch_.woken();
}

void SimEndpoint::wait(Duration, std::vector<ports::HttpResponse>& out) {
    if (dead_) return;
    for (auto& response : std::exchange(ready_, {})) {
        if (checks_.erase(response.id) > 0 || copies_.erase(response.id) > 0) {
            out.push_back(std::move(response));
            continue;
        }
        const auto found = exchanges_.find(response.id);
        if (found == exchanges_.end()) continue;
        watch_.answered(found->second);
        exchanges_.erase(found);
        out.push_back(std::move(response));
    }
}

void SimEndpoint::cancel_all() {
    exchanges_.clear();
    checks_.clear();
    copies_.clear();
    ready_.clear();
}

void SimEndpoint::die() {
    dead_ = true;
    cancel_all();
}

}  // namespace millrace::sim
