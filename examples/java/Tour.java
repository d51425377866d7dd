import com.google.protobuf.ByteString;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import kv.v1.ClusterGrpc;
import kv.v1.KeyValueGrpc;
import kv.v1.Kv;

/** A tour of the operations that a service uses: java Tour 127.0.0.1:9090 (or a name that has several addresses). */
public final class Tour {
  /** For Get only. gRPC makes at most five attempts, even with a larger maxAttempts. Numbers must be doubles. */
  private static final Map<String, ?> RETRY_READS =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name", List.of(Map.of("service", "kv.v1.KeyValue", "method", "Get")),
                  "retryPolicy",
                      Map.of(
                          "maxAttempts", 5.0,
                          "initialBackoff", "0.3s",
                          "maxBackoff", "5s",
                          "backoffMultiplier", 2.5,
                          "retryableStatusCodes", List.of("UNAVAILABLE", "UNKNOWN", "RESOURCE_EXHAUSTED")))));

  private static final long FIRST_PAUSE_MS = 50;
  private static final long LONGEST_PAUSE_MS = 1_000;
  private static final long TIMEOUT_MS = 10_000;

  static ManagedChannel connect(String target) {
    return Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
        .defaultServiceConfig(RETRY_READS)
        .defaultLoadBalancingPolicy("round_robin")
        .enableRetry()
        .build();
  }

  /** Retries until the deadline, but only if the write was definitely not executed. Throws the last error. */
  static Kv.PutResponse put(KeyValueGrpc.KeyValueBlockingStub stub, Kv.PutRequest request) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
    for (long pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      long leftNs = endNs - System.nanoTime();
      try {
        return stub.withDeadlineAfter(leftNs, TimeUnit.NANOSECONDS).put(request);
      } catch (StatusRuntimeException error) {
        boolean timeIsUp = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime()) <= pauseMs;
        if (timeIsUp || !new Failure(error).mayRetryWrite()) throw error;
        Thread.sleep(ThreadLocalRandom.current().nextLong(pauseMs / 2, pauseMs));
      }
    }
  }

  static Kv.PutRequest.Builder putOf(String key, String value) {
    return Kv.PutRequest.newBuilder().setKey(key).setValue(ByteString.copyFromUtf8(value));
  }

  static void tour(ManagedChannel channel) throws InterruptedException {
    KeyValueGrpc.KeyValueBlockingStub stub = KeyValueGrpc.newBlockingStub(channel);
    long version = put(stub, putOf("tour", "Alice").build()).getVersion();
    put(stub, putOf("tour", "Bob").setIfVersion(version).build());
    Failure failure = null;
    try {
      put(stub, putOf("tour", "Carol").setIfVersion(version).build());
    } catch (StatusRuntimeException error) {
      failure = new Failure(error);
    }
    if (failure == null) throw new IllegalStateException("a put at an old version was not refused");
    System.out.println("conditional put: " + failure);
    Kv.GetResponse found =
        stub.withDeadlineAfter(TIMEOUT_MS, TimeUnit.MILLISECONDS).get(Kv.GetRequest.newBuilder().setKey("tour").build());
    boolean isSameVersion = found.getVersion() == failure.currentVersion;
    System.out.println("get: " + found.getValue().toStringUtf8() + ", at the version of the trailer: " + isSameVersion);
  }

  /**
   * Follows the topology until it shows the primary of the key's shard, and sends the request there. (A service keeps the stream,
   * and one to each other node: docs/placement.md, "Following the topology".)
   */
  static void straightToPrimary(ManagedChannel channel, String key) throws InterruptedException {
    Iterator<Kv.Topology> topologies =
        ClusterGrpc.newBlockingStub(channel)
            .withDeadlineAfter(TIMEOUT_MS, TimeUnit.MILLISECONDS)
            .watchTopology(Kv.GetTopologyRequest.getDefaultInstance());
    while (true) {
      Kv.Topology topology = topologies.next();
      Kv.Shard shard = topology.getShards(ShardOfKey.shardOf(key, topology.getShardCount()));
      if (shard.getPrimaryAddress().isEmpty()) continue;
      ManagedChannel primary = connect(shard.getPrimaryAddress());
      try {
        Kv.GetResponse found =
            KeyValueGrpc.newBlockingStub(primary)
                .withDeadlineAfter(TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .get(Kv.GetRequest.newBuilder().setKey(key).build());
        boolean isOfThePrimary = found.getNodeId().equals(shard.getPrimaryNodeId());
        System.out.println("shard " + shard.getShard() + ", answered by its primary: " + isOfThePrimary);
        return;
      } finally {
        primary.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
      }
    }
  }

  public static void main(String[] words) throws InterruptedException {
    ManagedChannel channel = connect(words[0]);
    try {
      tour(channel);
      straightToPrimary(channel, "tour");
    } finally {
      channel.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
    }
  }
}
