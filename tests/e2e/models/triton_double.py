"""A double of Triton's inference over HTTP with its binary tensor data extension, written from the documented contract.

    python triton_double.py PORT

Its one model, `echo`, gives each input back as an output of the same name and datatype, read and written element by element, and
`elements`, how many of them a row had. Sizes that do not add up are a 400.
"""
import http.server
import json
import math
import struct
import sys

FORMATS = {"BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
           "FP16": "e", "FP32": "f", "FP64": "d"}


class Refused(Exception):
    """The request is wrong."""


def unpack(datatype, raw):
    """The elements that these bytes are."""
    if datatype != "BYTES":
        if datatype not in FORMATS or len(raw) % struct.calcsize("<" + FORMATS[datatype]):
            raise Refused(f"{len(raw)} bytes are no whole elements of {datatype}")
        return [value for (value,) in struct.iter_unpack("<" + FORMATS[datatype], raw)]
    elements = []
    while raw:
        (length,) = struct.unpack_from("<I", raw)
        if len(raw) < 4 + length:
            raise Refused("a text is cut")
        elements.append(raw[4:4 + length])
        raw = raw[4 + length:]
    return elements


def pack(datatype, elements):
    """The other way."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(each)) + each for each in elements)
    return struct.pack(f"<{len(elements)}{FORMATS[datatype]}", *elements)


class Calls(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {"/v2": {"name": "triton", "version": "2", "extensions": ["binary_tensor_data", "classification"]},
                          "/v2/health/ready": {}, "/v2/health/live": {}}.get(self.path, {}))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            head = int(self.headers.get("Inference-Header-Content-Length", len(body)))
            if self.path != "/v2/models/echo/infer" or head > len(body):
                raise Refused("no such model, or no such body")
            asked, raw = json.loads(body[:head]), body[head:]
            outputs, parts, rows, count = [], [], None, 0
            for tensor in asked["inputs"]:
                size = tensor["parameters"]["binary_data_size"]
                elements = unpack(tensor["datatype"], raw[:size])
                if len(raw) < size or len(elements) != math.prod(tensor["shape"]) or tensor["shape"][0] != (rows or tensor["shape"][0]):
                    raise Refused("sizes and shapes do not agree")
                rows, raw = tensor["shape"][0], raw[size:]
                count += len(elements) // rows
                self.put(tensor["name"], tensor["datatype"], tensor["shape"], elements, outputs, parts)
            if raw:
                raise Refused(f"{len(raw)} bytes are left over")
            self.put("elements", "INT32", [rows], [count] * rows, outputs, parts)
            if not asked.get("parameters", {}).get("binary_data_output"):
                raise Refused("this double answers in binary alone")
        except (Refused, KeyError, ValueError, struct.error) as error:
            return self.answer(400, {"error": str(error)})
        return self.answer(200, {"model_name": "echo", "model_version": "1", "outputs": outputs}, b"".join(parts))

    @staticmethod
    def put(name, datatype, shape, elements, outputs, parts):
        parts.append(pack(datatype, elements))
        outputs.append({"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": len(parts[-1])}})

    def answer(self, status, content, raw=b""):
        head = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if raw else "application/json")
        if raw:
            self.send_header("Inference-Header-Content-Length", str(len(head)))
        self.send_header("Content-Length", str(len(head) + len(raw)))
        self.end_headers()
        self.wfile.write(head + raw)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Calls).serve_forever()
