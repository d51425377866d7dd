// A tour of the operations that a service uses: go run . 127.0.0.1:9090,127.0.0.1:9091
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	kv "example.com/kvtour/kv/v1"
)

func main() {
	nodes := strings.Split(os.Args[1], ",")
	connection, err := dial(nodes)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := tour(ctx, kv.NewKeyValueClient(connection)); err != nil {
		log.Fatal(err)
	}
	if err := straightToPrimary(ctx, connection, "tour"); err != nil {
		log.Fatal(err)
	}
}

func tour(ctx context.Context, client kv.KeyValueClient) error {
	version, err := put(ctx, client, "tour", []byte("Alice"), nil)
	if err != nil {
		return err
	}
	if _, err = put(ctx, client, "tour", []byte("Bob"), &version); err != nil {
		return err
	}
	_, err = put(ctx, client, "tour", []byte("Carol"), &version)
	var failure *Failure
	if !errors.As(err, &failure) {
		return fmt.Errorf("a put at an old version was not refused: %v", err)
	}
	fmt.Println("conditional put:", failure)
	found, err := client.Get(ctx, &kv.GetRequest{Key: "tour"})
	if err != nil {
		return err
	}
	fmt.Printf("get: %s, at the version of the trailer: %t\n", found.Value, found.Version == failure.CurrentVersion)
	return nil
}

// straightToPrimary follows the topology until it shows the primary of the key's shard, and sends the request there. (A service
// keeps the stream, and one to each other node: docs/placement.md, "Following the topology".)
func straightToPrimary(ctx context.Context, connection *grpc.ClientConn, key string) error {
	stream, err := kv.NewClusterClient(connection).WatchTopology(ctx, &kv.GetTopologyRequest{})
	if err != nil {
		return err
	}
	for {
		topology, err := stream.Recv()
		if err != nil {
			return err
		}
		shard := topology.Shards[shardOfKey(key, topology.ShardCount)]
		if shard.PrimaryAddress == "" {
			continue
		}
		primary, err := dial([]string{shard.PrimaryAddress})
		if err != nil {
			return err
		}
		defer primary.Close()
		var trailer metadata.MD
		if _, err = kv.NewKeyValueClient(primary).Get(ctx, &kv.GetRequest{Key: key}, grpc.Trailer(&trailer)); err != nil {
			return err
		}
		fmt.Printf("shard %d, passed on: %t\n", shard.Shard, first(trailer, "kv-primary") != "")
		return nil
	}
}
