// A small client of kvnode on plain gRPC. gRPC's own retry policy retries reads. The client retries writes itself, as the trailers
// of an error allow (docs/other-languages.md explains both).
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

// For Get only. gRPC makes at most five attempts, even with a larger maxAttempts. Before grpc-go 1.40: only with GRPC_GO_RETRY=on.
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

// Failure is the error of an operation, as a node or the transport reports it.
type Failure struct {
	Status *status.Status
	// As in docs/errors.md; the name of the status if the error is not from a node.
	Code string
	// False: the operation may have been executed, or may still be.
	DefinitelyNotExecuted bool
	// host:port of the node for the next attempt; empty if it is not known.
	Primary string
	// With VERSION_MISMATCH: the current version of the key.
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

// dial makes one connection to several nodes. A failed attempt is repeated at the next node.
func dial(nodes []string) (*grpc.ClientConn, error) {
	addresses := make([]resolver.Address, len(nodes))
	for index, node := range nodes {
		addresses[index] = resolver.Address{Addr: node}
	}
	static := manual.NewBuilderWithScheme("kvnode")
	static.InitialState(resolver.State{Addresses: addresses})
	// The text after the slashes becomes the authority of every request, which must not be empty.
	// From grpc-go 1.63 on: grpc.NewClient with grpc.WithTransportCredentials(insecure.NewCredentials()).
	return grpc.Dial("kvnode:///nodes", grpc.WithInsecure(), grpc.WithResolvers(static), grpc.WithDefaultServiceConfig(retryReads))
}

// put retries until the deadline of ctx, but only if the write was definitely not executed. A nil ifVersion writes
// unconditionally. An ifVersion that points to 0 writes only if the key is absent.
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
