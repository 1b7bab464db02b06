#include "bridge/shard/shadowing.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "bridge/protocols/contract.h"
#include "bridge/protocols/registry.h"
#include "bridge/shard/exchange.h"
#include "bridge/signature/text.h"

namespace millrace {
namespace {

constexpr std::uint64_t kAnswerAtLeast = 1u << 20;
constexpr std::uint64_t kAnswerTimes = 16;

}  // namespace

Shadowing::Shadowing(const settings::Pipeline& pipeline, auth::KeyFile& key, std::string request_prefix)
    : pipeline_(settings::with_shadow_as_endpoint(pipeline)),
      shadowed_(pipeline),
      protocol_(protocols::make(pipeline_)),
      key_(key),
      request_prefix_(std::move(request_prefix)),
      agreement_({pipeline.endpoint.shadow.absolute, pipeline.endpoint.shadow.relative}),
      renderer_(shadowed_) {}

std::optional<ports::HttpRequest> Shadowing::ask_signature(RequestId id) const {
    std::string url = protocols::contract_url(pipeline_, pipeline_.endpoint.url);
    if (url.empty()) return std::nullopt;
    auto request = make_signature_request(pipeline_.endpoint, shadowed_.endpoint.shadow.address, id, std::move(url));
    authorize(request, key_.key());
    return request;
}

std::optional<Note> Shadowing::told(engine::SignatureRead&& read) {
    if (read.what != engine::SignatureRead::What::found) return std::nullopt;  // who says nothing contradicts nothing
    signature_ = std::move(read.signature);
    return compare();
}

std::optional<Note> Shadowing::rows_made_for(const Signature& signature) {
    rows_for_ = signature;
    return compare();
}

std::optional<Note> Shadowing::compare() {
    if (!signature_) return std::nullopt;
    std::string misfit = protocols::misfit(pipeline_, rows_for_, *signature_);
    if (misfit == misfit_) return std::nullopt;
    misfit_ = std::move(misfit);
    if (misfit_.empty()) return Note{Level::info, "shadow_signature", "the candidate takes what it is sent"};
    return Note{Level::warning, "shadow_signature",
                "the candidate does not take what it is sent: " + misfit_ + "; it takes " +
                    signature::one_line(signature_->inputs) + " (its copies will fail, and nothing else)"};
}

ports::HttpRequest Shadowing::ask(const engine::Copy& copy) {
    if (copy.refresh_key) {
        key_.doubt();
        (void)key_.refresh();  // the last one stays where it cannot be read
    }
    std::vector<std::string_view> rows;
    Asked& asked = asked_[copy.id];
    asked.key = key_.key();
    std::uint64_t bytes = 0;
    for (const auto& [delivery, event] : copy.events) {
        rows.push_back(event->row);
        asked.events.push_back(codec::scored_event(*delivery, *event));
        bytes += event->settlement.score.size();
    }
    const settings::Endpoint& endpoint = pipeline_.endpoint;
    ports::HttpRequest request = make_request(endpoint, shadowed_.endpoint.shadow.address, *protocol_, rows, copy.id,
                                              request_prefix_ + std::to_string(static_cast<std::uint64_t>(copy.id)));
    authorize(request, asked.key);
    request.max_response_bytes = std::min(endpoint.max_response_bytes, kAnswerAtLeast + kAnswerTimes * bytes);
    return request;
}

engine::ShadowAnswered Shadowing::read(ports::HttpResponse response) {
    const auto [events, key] = std::move(asked_.extract(response.id).mapped());
    conceal(key, response);
    const Answer answer = read_response(*protocol_, response, events.size());
    engine::ShadowAnswered told{response.id, answer.outcome, answer.status, answer.reason, answer.retry_after, 0, {}};
    if (answer.outcome != Outcome::scored) return told;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (agreement_.between(events[i].score, answer.scores[i])) {
            ++told.same;
        } else if (auto made = renderer_.render(events[i], answer.scores[i], answer.deployment)) {
            told.differences.push_back(*std::move(made));
        }
    }
    return told;
}

}  // namespace millrace
