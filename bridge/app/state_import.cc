#include <cstring>
#include <istream>
#include <iterator>
#include <ostream>
#include <random>
#include <utility>
#include <vector>

#include "bridge/app/clocks.h"
#include "bridge/app/state.h"
#include "bridge/app/state_fit.h"
#include "bridge/app/state_pipelines.h"
#include "bridge/app/state_reader.h"
#include "bridge/engine/checkpoint.h"
#include "bridge/settings/outputs.h"
#include "bridge/state/document.h"

namespace millrace::app {

namespace {

constexpr std::chrono::milliseconds kTurn{100};
constexpr std::chrono::seconds kPatience{30};  // for one head and its parts

// A head of the document, and all that is needed to store it.
struct Order {
    Partition partition = 0;
    state::Head head;  // with its content
    std::uint64_t max_payload = 0;
    bool done = false;  // by an earlier run
};

state::Writer new_writer() {
    std::random_device device;
    state::Writer writer{};
    for (std::size_t at = 0; at < writer.size(); at += sizeof(std::uint32_t)) {
        const std::uint32_t bits = device();
        std::memcpy(writer.data() + at, &bits, sizeof bits);
    }
    return writer;
}

// Copies of what is not known to be published are looked for from `out_base` on; where an output's stream is another
// one by now and ends before, from its end.
void set_out_base(state::Head& head, const Bound& streams) {
    head.out_base.resize(streams.output_last_sequence.size());
    for (std::size_t i = 0; i < head.out_base.size(); ++i)
        head.out_base[i] = std::min(head.out_base[i], streams.output_last_sequence[i]);
}

// A claim that is given up at once: whoever comes first may take over.
void make_claim(state::Head& head, const std::optional<StoredHead>& there, Digest fingerprint, const Bound& streams) {
    head.epoch = std::max(head.epoch, there ? there->head.epoch : 0) + 1;
    head.commit = std::max(head.commit, there ? there->head.commit : 0) + 1;
    head.previous = there ? there->sequence : 0;
    head.writer = new_writer();
    head.released = true;
    head.fingerprint = fingerprint;
    set_out_base(head, streams);
}

Result<void> check_floor(StateDoor& door, const state::Head& head, const Bound& streams, Partition partition) {
    Read read{.number = 1, .partition = partition, .from = Read::From::input};
    if (const std::uint64_t clear_to = std::max(head.floor, head.clear_to); streams.ack_floor > clear_to) {
        read.which = Read::Which::next;
        read.sequence = clear_to + 1;
        const auto next = door.read(read);
        if (!next) return std::unexpected(next.error());
        if (next->message && next->message->sequence <= streams.ack_floor) return acked_beyond(head, streams.ack_floor);
    }
    if (head.floor_stored == ServerTime{}) return {};
    ++read.number;
    read.which = Read::Which::at;
    read.sequence = head.floor;
    const auto at = door.read(read);
    if (!at) return std::unexpected(at.error());
    if (at->message && at->message->stored_at != head.floor_stored) return other_input(head);
    return {};
}

class Import {
  public:
    Import(const settings::Settings& settings, const settings::Pipeline& pipeline, bool accept_fingerprint)
        : pipeline_(pipeline), accept_(accept_fingerprint), door_(settings.nats, pipeline), reader_(door_, pipeline) {}

    Result<Order> judge(const state::PipelineState& state, const state::PartitionState& of) {
        if (auto fit = fits_configuration(pipeline_, state, of.head, accept_); !fit)
            return std::unexpected(fit.error());
        const auto content = state::read_content(of.head.content);
        if (!content) return std::unexpected(content.error());
        if (auto read = reader_.try_content(of.partition, *content); !read) return std::unexpected(read.error());
        if (auto fit = has_outputs(pipeline_, *content); !fit) return std::unexpected(fit.error());

        const auto there = reader_.last(of.partition);
        if (!there) return std::unexpected(there.error());
        const auto streams = door_.look(of.partition);
        if (!streams) return std::unexpected(streams.error());
        Order order{of.partition, of.head, streams->max_payload, false};
        const Digest fingerprint = settings::fingerprint(pipeline_);
        if (*there) {
            order.done = is_from(**there, of.head, fingerprint);
            if (order.done) return order;
            if (auto fit = may_replace(pipeline_, **there, of.head, streams->server_now); !fit)
                return std::unexpected(fit.error());
        }
        if (auto fit = fits_input(of.head, *streams); !fit) return std::unexpected(fit.error());
        if (auto fit = check_floor(door_, of.head, *streams, of.partition); !fit) return std::unexpected(fit.error());
        make_claim(order.head, *there, fingerprint, *streams);
        return order;
    }

    Result<void> store(Order order) {
        engine::Numbers numbers(order.partition);
        engine::Checkpoint checkpoint(settings::state_subject(pipeline_, order.partition), numbers, 0,
                                      pipeline_.state.lease);
        const Time until = boot_now() + kPatience;
        std::string content = std::exchange(order.head.content, {});
        checkpoint.begin(std::move(order.head), std::move(content), order.max_payload, boot_now());
        while (checkpoint.busy()) {
            if (boot_now() > until) return not_stored(checkpoint.trouble());
            turn(checkpoint, order.partition);
        }
        if (checkpoint.fate() == engine::Checkpoint::Fate::stored) return {};
        return fail(ErrorCode::conflict,
                    "owner_alive: somebody else stored a head meanwhile, and this one was not stored (stop every "
                    "replica and import again)");
    }

  private:
    static std::unexpected<Error> not_stored(const std::string& why) {
        return fail(ErrorCode::unavailable,
                    (why.empty() ? "the state stream does not answer" : why) +
                        " (it is not known whether the head was stored: import again, which leaves it if it was)");
    }

    void turn(engine::Checkpoint& checkpoint, Partition partition) {
        engine::Effects effects;
        checkpoint.pump(boot_now(), true, effects);
        for (const engine::Effect& effect : effects) door_.publish(std::get<engine::Write>(effect));
        if (checkpoint.wants_last()) {
            if (const auto last = door_.read({.number = 1, .partition = partition})) checkpoint.last(*last);
        } else if (const auto stored = door_.next_stored(kTurn)) {
            checkpoint.stored(*stored, boot_now());
        }
    }

    const settings::Pipeline& pipeline_;
    const bool accept_;
    StateDoor door_;
    StateReader reader_;
};

// What the document says of one pipeline, with the connection it goes through.
struct Work {
    const settings::Pipeline* pipeline = nullptr;
    std::unique_ptr<Import> import;
    std::vector<Order> orders;
};

// False, with complaints, unless everything may be stored.
bool judge(const state::PipelineState& state, Work& work, std::ostream& err) {
    bool fine = true;
    for (const state::PartitionState& each : state.partitions) {
        auto order = work.import->judge(state, each);
        if (order) {
            work.orders.push_back(std::move(*order));
            continue;
        }
        complain(err, *work.pipeline, each.partition, order.error().text);
        fine = false;
        if (order.error().code == ErrorCode::unavailable) break;
    }
    return fine;
}

bool store(Work& work, std::ostream& out, std::ostream& err) {
    for (Order& order : work.orders) {
        const std::string what = "pipeline " + work.pipeline->name + ", partition " + std::to_string(order.partition);
        if (order.done) {
            out << what << ": is there already\n";
            continue;
        }
        const std::string place = "epoch " + std::to_string(order.head.epoch) + ", commit " +
                                  std::to_string(order.head.commit) + ", floor " + std::to_string(order.head.floor);
        const Partition partition = order.partition;
        if (const auto stored = work.import->store(std::move(order)); !stored) {
            complain(err, *work.pipeline, partition, stored.error().text);
            return false;
        }
        out << what << ": stored, " << place << "; the next replica takes over\n";
    }
    return true;
}

}  // namespace

int import_state(const settings::Settings& settings, const StateOptions& options, std::istream& in, std::ostream& out,
                 std::ostream& err) {
    const Pipelines pipelines = pipelines_with_state(settings, options.pipeline, err);
    if (pipelines.empty()) return 2;
    const auto document = state::read_document(std::string(std::istreambuf_iterator<char>(in), {}));
    if (!document) {
        err << "error: " << document.error().text << "\n";
        return 1;
    }
    std::vector<Work> all;
    bool fine = true;
    for (const state::PipelineState& state : document->pipelines) {
        if (!options.pipeline.empty() && state.name != options.pipeline) continue;
        const auto found = std::ranges::find(pipelines, state.name, [](const auto* each) { return each->name; });
        if (found == pipelines.end()) {
            err << "error: no_pipeline: the document has state of pipeline " << state.name
                << ", and the configuration has none of that name that keeps state (--pipeline takes one alone)\n";
            fine = false;
            continue;
        }
        Work& work = all.emplace_back(*found);
        work.import = std::make_unique<Import>(settings, **found, options.accept_fingerprint);
        fine = judge(state, work, err) && fine;
    }
    if (all.empty() && fine) {
        err << "error: no_state: the document has nothing of the pipelines asked for\n";
        fine = false;
    }
    if (!fine) {
        err << "nothing was changed\n";
        return 1;
    }
    return std::ranges::all_of(all, [&](Work& work) { return store(work, out, err); }) ? 0 : 1;
}

}  // namespace millrace::app
