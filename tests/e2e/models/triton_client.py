"""Whether Triton's own client takes the double for the real thing: python triton_client.py HOST:PORT"""
import sys

import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

TENSORS = [numpy.array(values, dtype).reshape(2, -1) for values, dtype in (
    ([True, False], numpy.bool_), ([-128, 127], numpy.int8), ([-2, 32767], numpy.int16), ([-2**31, 7], numpy.int32),
    ([2**53 + 1, -2**63], numpy.int64), ([0, 255], numpy.uint8), ([65535, 1], numpy.uint16), ([2**32 - 1, 0], numpy.uint32),
    ([2**64 - 1, 2**53 + 1], numpy.uint64), ([0.1, -65504], numpy.float16), ([0.1, 3e38], numpy.float32), ([0.1, 1e300], numpy.float64),
    (["größer".encode(), b""], numpy.object_))]

client = triton.InferenceServerClient(sys.argv[1])
assert client.is_server_ready() and "binary_tensor_data" in client.get_server_metadata()["extensions"]
inputs = []
for n, tensor in enumerate(TENSORS):
    one = triton.InferInput(f"input-{n}", list(tensor.shape), np_to_triton_dtype(tensor.dtype))
    inputs.append(one.set_data_from_numpy(tensor, binary_data=True))
answer = client.infer("echo", inputs)
for n, tensor in enumerate(TENSORS):
    assert numpy.array_equal(answer.as_numpy(f"input-{n}"), tensor), n
assert answer.as_numpy("elements").tolist() == [len(TENSORS)] * 2
inputs[0].set_shape([3, 1])
try:
    client.infer("echo", inputs)
    raise AssertionError("a shape with more elements than there are was taken")
except InferenceServerException as error:
    assert error.status() == "400" and "do not agree" in error.message()
