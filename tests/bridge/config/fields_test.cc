#include <doctest/doctest.h>

#include <set>
#include <string>

#include "bridge/config/document.h"
#include "bridge/config/field.h"
#include "bridge/config/value_reader.h"
#include "sample.h"

using namespace millrace;
using namespace millrace::config;

TEST_CASE("fields: every row has its section, its paragraph and a path of its own") {
    std::set<std::string_view> seen;
    for (const Field& field : fields()) {
        CAPTURE(field.path);
        CHECK(seen.insert(field.path).second);
        CHECK(field.doc.size() > 20);
        CHECK(field.doc.ends_with('.'));
        if (field.parent().empty()) continue;
        const std::string_view parent = field.parent();
        const Field* section = find_field(parent.ends_with("[]") ? parent.substr(0, parent.size() - 2) : parent);
        REQUIRE(section != nullptr);
        CHECK(section->is_section());
        CHECK(seen.contains(section->path));  // sections come first
    }
}

TEST_CASE("fields: defaults and examples obey the rules of their rows") {
    for (const Field& field : fields()) {
        if (field.is_section()) continue;
        CAPTURE(field.path);
        CHECK_FALSE(field.example.empty());
        CHECK_FALSE((field.required && !field.initial.empty()));
        for (const std::string_view yaml : {field.initial, field.example}) {
            if (yaml.empty()) continue;
            settings::Settings settings;
            settings::Pipeline pipeline;
            Aggregate aggregate;
            aggregate.select.resize(2);
            aggregate.select[0].name = "trips";  // conditions are on these
            aggregate.select[1].name = "fare";
            settings::Address address;
            settings::TenantAddress tenants;
            settings::IdentitySettings identity;
            Target target{.all = &settings,
                          .pipeline = &pipeline,
                          .aggregate = &aggregate,
                          .address = &address,
                          .tenants = &tenants,
                          .identity = &identity};
            Problems problems("row");
            const auto node = parse_document(yaml, problems);
            REQUIRE(node);
            read_value(field, *node, std::string(field.path), target, problems);
            std::string said;
            for (const Problem& problem : std::move(problems).take()) said += format(problem);
            CHECK(said == "");
        }
    }
}

TEST_CASE("fields: the defaults of the table are those of the plain structs") {
    const settings::Settings read = loaded(sample_with("nats: {urls: [\"nats://127.0.0.1:4222\"]}\n", ""));
    const settings::Settings plain;
    const settings::Pipeline& pipeline = read.pipelines.at(0);
    const settings::Pipeline fresh;

    CHECK(read.nats.urls == std::vector<std::string>{"nats://127.0.0.1:4222"});
    CHECK(read.nats.tls.enabled == plain.nats.tls.enabled);
    CHECK(read.admin.listen == plain.admin.listen);
    CHECK(read.admin.tenant_labels == plain.admin.tenant_labels);
    CHECK(read.admin.max_series == plain.admin.max_series);
    CHECK(read.drain_timeout == plain.drain_timeout);
    CHECK(read.shards == plain.shards);
    CHECK(pipeline.generation == fresh.generation);
    CHECK(pipeline.partitions == fresh.partitions);
    CHECK(pipeline.input.start.index() == fresh.input.start.index());
    CHECK(pipeline.input.ack_wait == fresh.input.ack_wait);
    CHECK(pipeline.input.max_ack_pending == fresh.input.max_ack_pending);
    CHECK(pipeline.input.max_pending_bytes == fresh.input.max_pending_bytes);
    CHECK(pipeline.endpoint.protocol == fresh.endpoint.protocol);
    CHECK(pipeline.endpoint.rows == fresh.endpoint.rows);
    CHECK(pipeline.endpoint.body == fresh.endpoint.body);
    CHECK(pipeline.endpoint.rows_pointer == fresh.endpoint.rows_pointer);
    CHECK(pipeline.endpoint.results_pointer == fresh.endpoint.results_pointer);
    CHECK(pipeline.endpoint.non_finite == fresh.endpoint.non_finite);
    CHECK(pipeline.endpoint.max_batch_count == fresh.endpoint.max_batch_count);
    CHECK(pipeline.endpoint.max_batch_bytes == fresh.endpoint.max_batch_bytes);
    CHECK(pipeline.endpoint.max_batch_wait == fresh.endpoint.max_batch_wait);
    CHECK(pipeline.endpoint.parallel_requests_per_partition == fresh.endpoint.parallel_requests_per_partition);
    CHECK(pipeline.endpoint.mix_tenants == fresh.endpoint.mix_tenants);
    CHECK(pipeline.endpoint.timeout == fresh.endpoint.timeout);
    CHECK(pipeline.endpoint.connect_timeout == fresh.endpoint.connect_timeout);
    CHECK(pipeline.endpoint.max_response_bytes == fresh.endpoint.max_response_bytes);
    CHECK(pipeline.endpoint.on_rejected == fresh.endpoint.on_rejected);
    CHECK(pipeline.endpoint.max_dead_letter_ratio == fresh.endpoint.max_dead_letter_ratio);
    CHECK(pipeline.results.include == fresh.results.include);
    CHECK(pipeline.event.timestamp_unit == fresh.event.timestamp_unit);
    CHECK(pipeline.event.out_of_order_tolerance == fresh.event.out_of_order_tolerance);
    CHECK(pipeline.event.late_arrival_tolerance == fresh.event.late_arrival_tolerance);
    CHECK(pipeline.event.early_limit == fresh.event.early_limit);
    CHECK(pipeline.event.on_late == fresh.event.on_late);
    CHECK(pipeline.state.checkpoint_every == fresh.state.checkpoint_every);
    CHECK(pipeline.state.lease == fresh.state.lease);
}
