"""A KServe server with one model, `fares`: twice the sum of a row. Python's own arithmetic, so that any caller gets the same."""
import kserve


class Fares(kserve.Model):
    def __init__(self):
        super().__init__("fares")
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": [2 * sum(row) for row in payload["instances"]]}
        columns = [each.as_numpy().tolist() for each in payload.inputs]
        fares = [2 * sum(value for part in row for value in part) for row in zip(*columns)]
        output = kserve.InferOutput("fare", [len(fares)], "FP64", data=fares)
        return kserve.InferResponse(payload.id or "1", "fares", [output], use_binary_outputs=payload.use_binary_outputs)


if __name__ == "__main__":
    kserve.ModelServer(workers=1).start([Fares()])
