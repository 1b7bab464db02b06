"""Mutants of the adapters to NATS. The contract case named beside each must notice it, on a real server.

    adapters.py list | make NAME FILE OUT      as tests/sim/mutants/mutants.py
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sim" / "mutants"))
import mutants  # noqa: E402

ADAPTERS = {
    "naks_without_delay": (["nak: brings a message back"], [
        ("bridge/io/nats_wire.cc", "    if (delay <= Duration::zero()) return \"-NAK\";", "    if (delay <= Duration::max()) return \"-NAK\";"),
    ]),
    "tells_no_duplicate": (["publish: an identity that is stored already"], [
        ("bridge/io/nats_answers.cc", "stored.duplicate = flag(*root, \"duplicate\");", "stored.duplicate = false;"),
    ]),
    "finds_beyond_its_range": (["find: the pipeline's own results"], [
        ("bridge/io/nats_find.cc", "    if (sequence <= find.input_above || sequence > find.input_to) return {};\n", ""),
    ]),
    "stores_whatever_is_there": (["compare-and-set: stores while"], [
        ("bridge/io/nats_jetstream.cc", "        if (const auto& expected = publication.expected_last_subject_sequence)\n",
         "        if (const auto& expected = publication.expected_last_subject_sequence; expected == 0)\n"),
    ]),
    "leaves_old_consumers": (["position: deletes"], [
        ("bridge/io/nats_position.cc", "(void)admin.delete_consumer(stream->name, name);", "(void)name;"),
    ]),
    "pulls_from_its_first_position": (["position: consumer sequences begin anew"], [
        ("bridge/io/nats_jetstream.cc", "positioned[partition] = settings::consumer_name(pipeline, *position);",
         "positioned.try_emplace(partition, settings::consumer_name(pipeline, *position));"),
    ]),
    "purges_the_head_too": (["purge: takes heads and parts"], [
        ("bridge/io/nats_purge.cc", "json_string(filter) + \",\\\"seq\\\":\" + std::to_string(below) + \"}\"", "json_string(filter) + \"}\""),
        ("bridge/io/nats_purge.cc", "if (found->sequence >= below) return true;", ""),
    ]),
}

if __name__ == "__main__":
    mutants.main(sys.argv[1:], ADAPTERS)
