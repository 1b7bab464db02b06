#include "bridge/engine/conviction.h"

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"
#include "bridge/engine/disposition.h"

namespace millrace::engine {

namespace {
constexpr Duration kParkedFor = std::chrono::seconds(30);
constexpr Duration kParkedAtMost = std::chrono::minutes(5);
constexpr Duration kWitnessAgain = std::chrono::seconds(1);
constexpr std::uint32_t kElsewhere = 3;  // witnesses scored by another deployment, after which the event is asked anew
}  // namespace

void Conviction::accuse(Flight flight, const Answer& answer, RequestId last_launched) {
    MILLRACE_CHECK(flight.alone() && flight.batch.events.size() == 1, "only an event alone is accused");
    const Disposition& row = disposition(answer.outcome);
    Accused accused;
    accused.transient = row.reaction == Reaction::back_off;
    accused.needed = row.answers_needed;
    accused.last_launched = last_launched;
    accused.deployment = answer.deployment;
    accused.the_case.verdict = Verdict{row.reason, answer.reason, answer.status, answer.body};
    accused.address = flight.address;
    accused.the_case.batch = std::move(flight.batch);
    Batch& batch = accused.the_case.batch;
    // Answers of two addresses do not add up: either may have been mended meanwhile.
    if (batch.answered_by != flight.address) batch.answers = 0;
    batch.answered_by = flight.address;
    ++batch.answers;
    if (!accused.transient) {
        ++unanswered_;
        ++entry(accused.the_case.batch.tenant).unanswered;
    }
    const EventRef event = accused.the_case.batch.events.front();
    cases_.insert_or_assign(event, std::move(accused));
}

void Conviction::scored(const Flight& flight, const Answer& answer, std::string_view row, Time now) {
    const std::string& tenant = flight.batch.tenant;
    unanswered_ = 0;
    entry(tenant).unanswered = 0;
    resting_.erase(tenant);
    if (flight.errand == Errand::witness) witness_flying_.erase(tenant);
    for (auto& [event, accused] : cases_) {
        const bool pending = accused.stage == Stage::waiting || accused.stage == Stage::parked;
        if (!pending || accused.the_case.batch.tenant != tenant || flight.id <= accused.last_launched) continue;
        if (flight.address != accused.address) continue;
        const bool elsewhere =
            !answer.deployment.empty() && !accused.deployment.empty() && answer.deployment != accused.deployment;
        if (elsewhere && ++accused.elsewhere < kElsewhere) {
            entry(tenant).witness_not_before = now + kWitnessAgain;
        } else if (elsewhere) {
            clear(accused);  // the deployment that refused it may be gone
        } else {
            accused.stage = accused.stage == Stage::parked ? Stage::cleared : Stage::witnessed;
        }
    }
    if (flight.errand == Errand::witness) return;
    remember(tenant, row);
    last_scored_ = tenant;
}

void Conviction::remember(const std::string& tenant, std::string_view row) {
    std::string& own = entry(tenant).good_row;
    row_bytes_ += row.size() - own.size();
    own = row;
    for (const std::string& name : tenants_order_) {
        if (row_bytes_ <= kRowBytes) return;
        std::string& oldest = tenants_.at(name).good_row;
        if (name == tenant) continue;
        row_bytes_ -= oldest.size();
        oldest = {};
    }
}

Conviction::Tenant& Conviction::entry(const std::string& name) {
    const auto [found, is_new] = tenants_.try_emplace(name);
    if (!is_new) return found->second;
    tenants_order_.push_back(name);
    if (tenants_order_.size() > kMaxTenants) {
        row_bytes_ -= tenants_.at(tenants_order_.front()).good_row.size();
        tenants_.erase(tenants_order_.front());
        tenants_order_.pop_front();
    }
    return found->second;
}

const Conviction::Tenant* Conviction::known(const std::string& name) const {
    const auto found = tenants_.find(name);
    return found == tenants_.end() ? nullptr : &found->second;
}

const std::string& Conviction::witness_row(const std::string& name) const {
    const Tenant* tenant = known(name);
    return tenant != nullptr && !tenant->good_row.empty() ? tenant->good_row : control_;
}

bool Conviction::may_witness(const std::string& name, Time now) const {
    const Tenant* tenant = known(name);
    return !witness_flying_.contains(name) && (tenant == nullptr || now >= tenant->witness_not_before);
}

bool Conviction::hopeless(const std::string& tenant) const {
    const Tenant* found = known(tenant);
    return found != nullptr && found->unanswered >= kHopeless;
}

void Conviction::despair(const std::string& tenant, Time now) {
    unanswered_ = std::max(unanswered_, kHopeless);
    entry(tenant).unanswered = kHopeless;
    rest(tenant, now);
}

void Conviction::rest(const std::string& tenant, Time now) {
    std::erase_if(resting_, [&](const auto& one) { return one.second <= now; });
    resting_.insert_or_assign(tenant, now + kParkedFor);
}

bool Conviction::rests(const std::string& tenant, Time now) const {
    const auto found = resting_.find(tenant);
    return found != resting_.end() && now < found->second;
}

void Conviction::witness_failed(const std::string& tenant, bool refused, Time now, std::size_t address) {
    witness_flying_.erase(tenant);
    if (!refused) {
        entry(tenant).witness_not_before = now + kWitnessAgain;
        faltered(address);
        return;
    }
    for (auto& [event, accused] : cases_) {
        if (accused.address != address) continue;
        if (accused.stage == Stage::waiting && accused.the_case.batch.tenant == tenant) park(accused, now);
    }
}

void Conviction::faltered(std::size_t address) {
    for (auto& [event, accused] : cases_) {
        if (!accused.transient || accused.stage != Stage::waiting || accused.address != address) continue;
        accused.the_case.batch.suspect = false;
        clear(accused);
    }
}

void Conviction::clear(Accused& accused) {
    accused.the_case.batch.answers = 0;
    accused.stage = Stage::cleared;
}

void Conviction::held(Time now, std::size_t address) {
    for (auto& [event, accused] : cases_) {
        if (accused.address == address && !proven(accused) && accused.stage != Stage::parked) park(accused, now);
    }
}

void Conviction::left(std::size_t address) {
    for (auto& [event, accused] : cases_) {
        if (accused.address == address && !proven(accused)) clear(accused);
    }
}

bool Conviction::proven(const Accused& accused) {
    return accused.stage == Stage::witnessed && accused.the_case.batch.answers >= accused.needed;
}

void Conviction::park(Accused& accused, Time now) {
    Duration wait = kParkedFor;
    std::uint32_t& parkings = accused.the_case.batch.parkings;
    for (std::uint32_t i = 0; i < parkings && wait < kParkedAtMost; ++i) wait *= 2;
    ++parkings;
    accused.the_case.batch.answers = 0;
    accused.the_case.batch.came_back_from(accused.address);
    accused.stage = Stage::parked;
    accused.again_at = now + std::min(wait, kParkedAtMost);
}

template <typename Pred>
std::vector<Conviction::Case> Conviction::extract(Pred pred) {
    std::vector<Case> out;
    for (auto it = cases_.begin(); it != cases_.end();) {
        if (pred(it->second)) {
            out.push_back(std::move(it->second.the_case));
            it = cases_.erase(it);
        } else {
            ++it;
        }
    }
    return out;
}

std::vector<Conviction::Case> Conviction::convicted() {
    std::vector<Case> out = extract([&](const Accused& accused) {
        const Batch& batch = accused.the_case.batch;
        if (!proven(accused) || !allows(batch.tenant)) return false;
        settled(batch.tenant, true);
        return true;
    });
    for (auto it = misfits_.begin(); it != misfits_.end();) {
        Case& one = it->second;
        if (!allows(one.batch.tenant)) {
            ++it;
            continue;
        }
        settled(one.batch.tenant, true);
        out.push_back(std::move(one));
        it = misfits_.erase(it);
    }
    return out;
}

void Conviction::misfit(Batch batch, Verdict verdict) {
    const EventRef event = batch.events.front();
    misfits_.insert_or_assign(event, Case{std::move(batch), std::move(verdict)});
}

std::string Conviction::complaint() const {
    if (misfits_.empty()) return {};
    return std::to_string(misfits_.size()) + " events are kept from the endpoint, more than " +
           "max_dead_letter_ratio allows; the first: " + misfits_.begin()->second.verdict.detail;
}

std::vector<Batch> Conviction::again(Time now) {
    std::vector<Batch> out;
    for (Case& one : extract([&](const Accused& accused) {
             switch (accused.stage) {
                 case Stage::witnessed:
                     return accused.the_case.batch.answers < accused.needed;
                 case Stage::cleared:
                     return true;
                 case Stage::parked:
                     return now >= accused.again_at;
                 case Stage::waiting:
                     return false;
             }
             return false;
         })) {
        out.push_back(std::move(one.batch));
    }
    return out;
}

std::optional<Conviction::WitnessWanted> Conviction::want_witness(Time now, Partition partition, const Admits& admits) {
    for (auto& [event, accused] : cases_) {
        const Batch& batch = accused.the_case.batch;
        if (accused.stage != Stage::waiting || batch.partition != partition) continue;
        if (!may_witness(batch.tenant, now) || !admits(accused.address)) continue;
        const std::string& row = witness_row(batch.tenant);
        if (row.empty()) {
            park(accused, now);
            continue;
        }
        witness_flying_.insert(batch.tenant);
        return WitnessWanted{batch.tenant, row, accused.address};
    }
    for (auto it = doubts_.begin(); it != doubts_.end(); ++it) {
        const auto& [tenant, address] = *it;
        auto wanted = good_row(tenant);
        if (!wanted || !may_witness(wanted->tenant, now) || !admits(address)) continue;
        wanted->address = address;
        doubts_.erase(it);
        witness_flying_.insert(wanted->tenant);
        return wanted;
    }
    return std::nullopt;
}

bool Conviction::doubt(const std::string& tenant, std::size_t address) {
    if (!good_row(tenant)) return false;
    doubts_.emplace(tenant, address);
    return true;
}

std::optional<Conviction::WitnessWanted> Conviction::good_row(const std::string& tenant) const {
    if (const std::string& row = witness_row(tenant); !row.empty()) return WitnessWanted{tenant, row, 0};
    const Tenant* last = known(last_scored_);
    if (last == nullptr || last->good_row.empty()) return std::nullopt;
    return WitnessWanted{last_scored_, last->good_row, 0};
}

std::vector<EventRef> Conviction::without_witness() {
    std::vector<EventRef> out;
    for (const Case& one : extract([&](const Accused& accused) {
             const Batch& batch = accused.the_case.batch;
             return accused.stage == Stage::parked && batch.parkings >= kInVain && witness_row(batch.tenant).empty();
         })) {
        out.push_back(one.batch.events.front());
    }
    return out;
}

void Conviction::settled(const std::string& tenant, bool dead) {
    Record& record = entry(tenant).record;
    record.dead[record.next] = dead;
    record.next = (record.next + 1) % kWindow;
}

bool Conviction::allows(const std::string& tenant) const {
    const Tenant* found = known(tenant);
    const std::size_t dead = found == nullptr ? 1 : found->record.with_one_more();
    // 0.29 × 100 is a little less than 29.
    return static_cast<double>(dead) <= max_ratio_ * static_cast<double>(kWindow) + 1e-6;
}

std::size_t Conviction::over_ratio() const {
    std::map<std::string, std::size_t> waiting;
    std::size_t most = 0;
    for (const auto& [event, accused] : cases_) {
        if (!proven(accused)) continue;
        most = std::max(most, ++waiting[accused.the_case.batch.tenant]);
    }
    for (const auto& [event, one] : misfits_) most = std::max(most, ++waiting[one.batch.tenant]);
    return most;
}

std::optional<Batch> Conviction::any() {
    if (cases_.empty()) return std::nullopt;
    Batch batch = std::move(cases_.begin()->second.the_case.batch);
    cases_.erase(cases_.begin());
    return batch;
}

void Conviction::clear() {
    cases_.clear();
    misfits_.clear();
    witness_flying_.clear();
    doubts_.clear();
    resting_.clear();
}

Time Conviction::next_due(Time now) const {
    Time due = kNever;
    const auto consider = [&](Time t) {
        if (t > now) due = std::min(due, t);
    };
    for (const auto& [tenant, until] : resting_) consider(until);
    for (const auto& [event, accused] : cases_) {
        if (accused.stage == Stage::parked) consider(accused.again_at);
        if (accused.stage != Stage::waiting) continue;
        if (const Tenant* of = known(accused.the_case.batch.tenant)) consider(of->witness_not_before);
    }
    for (const auto& [tenant, address] : doubts_) {
        const auto wanted = good_row(tenant);
        if (const Tenant* of = wanted ? known(wanted->tenant) : nullptr) consider(of->witness_not_before);
    }
    return due;
}

}  // namespace millrace::engine
