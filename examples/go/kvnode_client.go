// A small client of kvnode on stock gRPC: reads are retried by gRPC's own retry policy, writes by what the trailers of an error
// say (docs/other-languages.md explains both).
package main

import (
	"context"
	"fmt"
	"math/rand"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	kv "example.com/kvtour/kv/v1"
)

// For Get alone. gRPC makes five attempts at the most, whatever is asked for. Before grpc-go 1.40: only with GRPC_GO_RETRY=on.
const retryReads = `{
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{"service": "kv.v1.KeyValue", "method": "Get"}],
    "retryPolicy": {
      "maxAttempts": 5, "initialBackoff": "0.3s", "maxBackoff": "5s", "backoffMultiplier": 2.5,
      "retryableStatusCodes": ["UNAVAILABLE", "UNKNOWN", "RESOURCE_EXHAUSTED"]
    }
  }]
}`

const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// Failure is what a node, or the transport, says of an operation that failed.
type Failure struct {
	Status *status.Status
	// As in docs/errors.md; the name of the status where no node has decided.
	Code string
	// False: it may have been executed, or may yet be.
	DefinitelyNotExecuted bool
	// host:port of the node to ask next; empty if it is not known.
	Primary string
	// With VERSION_MISMATCH.
	CurrentVersion uint64
}

func (failure *Failure) Error() string {
	return fmt.Sprintf("%s, definitely not executed: %t: %s", failure.Code, failure.DefinitelyNotExecuted, failure.Status.Message())
}

func (failure *Failure) mayRetryWrite() bool {
	return failure.DefinitelyNotExecuted && (failure.Status.Code() == codes.Unavailable || failure.Code == "OVERLOADED")
}

func newFailure(err error, trailer metadata.MD) *Failure {
	failure := &Failure{Status: status.Convert(err), Code: first(trailer, "kv-code")}
	if failure.Code == "" {
		failure.Code = failure.Status.Code().String()
	}
	failure.DefinitelyNotExecuted = first(trailer, "kv-executed") == "no"
	failure.Primary = first(trailer, "kv-primary")
	failure.CurrentVersion, _ = strconv.ParseUint(first(trailer, "kv-version"), 10, 64)
	return failure
}

func first(trailer metadata.MD, key string) string {
	if values := trailer.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// dial makes one connection out of several nodes: an attempt that fails is made again at the next of them.
func dial(nodes []string) (*grpc.ClientConn, error) {
	addresses := make([]resolver.Address, len(nodes))
	for index, node := range nodes {
		addresses[index] = resolver.Address{Addr: node}
	}
	static := manual.NewBuilderWithScheme("kvnode")
	static.InitialState(resolver.State{Addresses: addresses})
	// What follows the slashes becomes the authority of every request, which must not be empty.
	// From grpc-go 1.63 on: grpc.NewClient with grpc.WithTransportCredentials(insecure.NewCredentials()).
	return grpc.Dial("kvnode:///nodes", grpc.WithInsecure(), grpc.WithResolvers(static), grpc.WithDefaultServiceConfig(retryReads))
}

// put tries until the deadline of ctx what was definitely not executed, and nothing else. A nil ifVersion writes
// unconditionally, one that points to 0 only if the key is absent.
func put(ctx context.Context, client kv.KeyValueClient, key string, value []byte, ifVersion *uint64) (uint64, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		var trailer metadata.MD
		request := &kv.PutRequest{Key: key, Value: value, IfVersion: ifVersion}
		response, err := client.Put(ctx, request, grpc.Trailer(&trailer))
		if err == nil {
			return response.Version, nil
		}
		failure := newFailure(err, trailer)
		if !failure.mayRetryWrite() {
			return 0, failure
		}
		select {
		case <-ctx.Done():
			return 0, failure
		case <-time.After(pause/2 + time.Duration(rand.Int63n(int64(pause/2)))):
		}
	}
}

func min(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}
