// The bridge's job as one writes it in Go when it has to be fast: pulls overlap, four requests are in flight, fields are
// cut out of the event without decoding it, results are published asynchronously, and each event is acked once its
// PubAck is there.
//
// What to do is in the environment: URL STREAM CONSUMER OUTPUT ENDPOINT COUNT.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/buger/jsonparser"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	batchSize = 500
	parallel  = 4
	inHand    = 2 * parallel * batchSize
	linger    = 2 * time.Millisecond
)

var features = [][]string{{"trip"}, {"vendorid"}, {"weekday"}, {"pickuphour"}, {"passenger"}, {"distance"}}

type worker struct {
	js       jetstream.JetStream
	client   *http.Client
	endpoint string
	output   string
	stream   string
	settled  chan<- int
}

// run scores batch after batch, each stored before it is acked.
func (w *worker) run(batches <-chan []jetstream.Msg) {
	var body bytes.Buffer
	for batch := range batches {
		body.Reset()
		w.encode(&body, batch)
		scores, err := w.score(&body, len(batch))
		if err != nil {
			log.Fatalf("endpoint: %v", err)
		}
		w.settle(batch, scores)
		w.settled <- len(batch)
	}
}

func (w *worker) encode(body *bytes.Buffer, batch []jetstream.Msg) {
	body.WriteString(`{"data":[`)
	var row [8][]byte
	for i, msg := range batch {
		if i > 0 {
			body.WriteByte(',')
		}
		found := 0
		jsonparser.EachKey(msg.Data(), func(at int, value []byte, _ jsonparser.ValueType, err error) {
			if err == nil {
				row[at], found = value, found+1
			}
		}, features...)
		if found != len(features) {
			log.Fatalf("an event without all features: %s", msg.Data())
		}
		body.WriteByte('[')
		for at := range features {
			if at > 0 {
				body.WriteByte(',')
			}
			body.Write(row[at])
		}
		body.WriteByte(']')
	}
	body.WriteString(`]}`)
}

func (w *worker) score(body *bytes.Buffer, rows int) ([][]byte, error) {
	answer, err := w.client.Post(w.endpoint, "application/json", bytes.NewReader(body.Bytes()))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", answer.Status, text)
	}
	scores := make([][]byte, 0, rows)
	if _, err = jsonparser.ArrayEach(text, func(value []byte, _ jsonparser.ValueType, _ int, _ error) {
		scores = append(scores, value)
	}, "Results"); err != nil {
		return nil, err
	}
	if len(scores) != rows {
		return nil, fmt.Errorf("%d scores for %d rows", len(scores), rows)
	}
	return scores, nil
}

func (w *worker) settle(batch []jetstream.Msg, scores [][]byte) {
	futures := make([]jetstream.PubAckFuture, len(batch))
	for i, msg := range batch {
		meta, err := msg.Metadata()
		if err != nil {
			log.Fatal(err)
		}
		tenant := strings.SplitN(msg.Subject(), ".", 3)[1]
		result := nats.NewMsg(w.output + "." + tenant + ".results")
		result.Header.Set("Nats-Msg-Id", w.stream+":"+strconv.FormatUint(meta.Sequence.Stream, 10))
		result.Data = append(append([]byte(`{"score":`), scores[i]...), '}')
		if futures[i], err = w.js.PublishMsgAsync(result); err != nil {
			log.Fatalf("publish: %v", err)
		}
	}
	for i, future := range futures {
		select {
		case <-future.Ok():
			if err := batch[i].Ack(); err != nil {
				log.Fatalf("ack: %v", err)
			}
		case err := <-future.Err():
			log.Fatalf("not stored: %v", err)
		}
	}
}

// collect makes batches of what is delivered: full ones, or what has come within the linger.
func collect(messages jetstream.MessagesContext, batches chan<- []jetstream.Msg, count int) {
	defer close(batches)
	arrived := make(chan jetstream.Msg, inHand)
	go func() {
		for range count {
			msg, err := messages.Next()
			if err != nil {
				log.Fatalf("next: %v", err)
			}
			arrived <- msg
		}
		close(arrived)
	}()
	for msg := range arrived {
		batch := append(make([]jetstream.Msg, 0, batchSize), msg)
		over := time.After(linger)
	fill:
		for len(batch) < batchSize {
			select {
			case next, more := <-arrived:
				if !more {
					break fill
				}
				batch = append(batch, next)
			case <-over:
				break fill
			}
		}
		batches <- batch
	}
}

func main() {
	stream := os.Getenv("STREAM")
	count, err := strconv.Atoi(os.Getenv("COUNT"))
	if err != nil {
		log.Fatal(err)
	}
	connection, err := nats.Connect(os.Getenv("URL"))
	if err != nil {
		log.Fatal(err)
	}
	js, err := jetstream.New(connection, jetstream.WithPublishAsyncMaxPending(inHand))
	if err != nil {
		log.Fatal(err)
	}
	consumer, err := js.Consumer(context.Background(), stream, os.Getenv("CONSUMER"))
	if err != nil {
		log.Fatal(err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(inHand))
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: parallel, DisableCompression: true}}
	settled := make(chan int)
	batches := make(chan []jetstream.Msg)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			(&worker{js, client, os.Getenv("ENDPOINT"), os.Getenv("OUTPUT"), stream, settled}).run(batches)
		})
	}
	go collect(messages, batches, count)
	for left := count; left > 0; {
		left -= <-settled
	}
	messages.Stop()
	workers.Wait()
	if err := connection.Drain(); err != nil {
		log.Fatal(err)
	}
	for connection.IsDraining() {
		time.Sleep(time.Millisecond)
	}
}
